#!/usr/bin/env bash
# Software: xclim 0.62.0 with xarray 2026.9.0 (PyPI).
#
# Setting: hourly rain rates in mm/h, from which three hours are missing, become amounts:
# rate2amount(rates, out_units="mm").
#
# A good guess: a ValueError, for that is what its documentation promises for a time axis with
# holes unless sampling_rate_from_coord=True is given; or 1 mm for each hour that is there.
#
# What really happens: no error and no warning. The axis is looked at by xarray's infer_freq(),
# which raises for fewer than three stamps but gives None for uneven ones, and None is
# taken as leave to use the distance to the NEXT stamp. So the hour before the hole counts for
# the hole as well: 4 mm. amount2rate(), the way back, makes 0.25 mm/h of that hour's 1 mm.
#
# Why it matters: a hole in the rates is not seen but filled with the last rate before it, so
# a shower before an outage of a day becomes 24 times as much rain, in an hour that no
# check for missing values or for repeated ones finds.
#
# Output seen:
#   hours in the series     00 01 02 03 07 08 09
#   rate 1 mm/h, amounts    1.0 1.0 1.0 4.0 1.0 1.0 1.0
#   amount 1 mm, rates      1.0 1.0 1.0 0.25 1.0 1.0 1.0
#   without a hole, amounts 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  xclim==0.62.0 xarray==2026.9.0 pint==0.25.3 pandas==3.0.5 numpy==2.4.6

timeout 100 venv/bin/python -W ignore - <<'PY'
import sys
import warnings

import pandas as pd
import xarray as xr
from xclim.core.units import amount2rate, rate2amount

warnings.simplefilter("error")  # none comes
hours = pd.date_range("2026-10-01", periods=10, freq="h")
whole = xr.DataArray([1.0] * 10, dims="time", coords={"time": hours})
holed = whole.drop_sel(time=hours[4:7])


def shown(values):
    return " ".join(str(float(v)) for v in values)


amounts = shown(rate2amount(holed.assign_attrs(units="mm/h"), out_units="mm").values)
rates = shown(amount2rate(holed.assign_attrs(units="mm"), out_units="mm/h").values)
right = shown(rate2amount(whole.assign_attrs(units="mm/h"), out_units="mm").values)
print("hours in the series    ", " ".join(f"{h:02}" for h in holed.time.dt.hour.values))
print("rate 1 mm/h, amounts   ", amounts)
print("amount 1 mm, rates     ", rates)
print("without a hole, amounts", right)
if (amounts, rates, right) != (
    "1.0 1.0 1.0 4.0 1.0 1.0 1.0",
    "1.0 1.0 1.0 0.25 1.0 1.0 1.0",
    " ".join(["1.0"] * 10),
):
    sys.exit("CHANGED: the hour before a hole no longer counts for the hole")
PY
