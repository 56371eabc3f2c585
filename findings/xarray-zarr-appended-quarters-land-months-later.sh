#!/usr/bin/env bash
# Software: xarray 2026.9.0 with zarr 3.1.6 (PyPI).
#
# Setting: hourly prices are kept in a Zarr store. On 1 October 2025 the market changed to
# quarter-hours, and the new quarters are appended with to_zarr(..., append_dim="time").
#
# A good guess: the appended times are read back as they were given, or to_zarr() raises, as
# the store counts whole hours and cannot hold a quarter.
#
# What really happens: xarray finds that hours will not do, warns that it now counts in
# "minutes since 2025-09-30 instead", and appends these MINUTES to the array whose
# attribute still says HOURS. 00:15 of 1 October (minute 1455) is read back as hour 1455, in
# the afternoon of 29 November. The appended part is spread 60 times too wide. The warning
# tells of a faithful fallback; nothing tells of the wrong times. Nor does a store of whole
# hours that is written in one go show the fault.
#
# Why it matters: a store that ran for years breaks on the first day of the new resolution.
# October is empty, the prices stand weeks later, and the old part is still right.
#
# Output seen:
#   warning:           Times can't be serialized faithfully to int64 with requested units 'hours since 2025-09-30'. Serializing with units 'mi
#   given:             2025-10-01T00:00 2025-10-01T00:15 2025-10-01T00:30 ...
#   appended, read:    2025-11-29T00:00 2025-11-29T15:00 2025-11-30T06:00 ...
#   written at once:   2025-10-01T00:00 2025-10-01T00:15 2025-10-01T00:30 ...
#   hours before it:   right
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  xarray==2026.9.0 zarr==3.1.6 numcodecs==0.16.6 pandas==3.1.1 numpy==2.4.6

timeout 60 venv/bin/python - <<'PY'
import sys
import warnings

import numpy as np
import pandas as pd
import xarray as xr


def prices(times):
    return xr.Dataset({"eur_mwh": ("time", np.arange(float(len(times))))}, coords={"time": times})


hours = pd.date_range("2025-09-30", periods=24, freq="h")
quarters = pd.date_range("2025-10-01", periods=8, freq="15min")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    prices(hours).to_zarr("grown.zarr")
    prices(quarters).to_zarr("grown.zarr", append_dim="time")
    prices(hours.append(quarters)).to_zarr("whole.zarr")
    grown = xr.open_zarr("grown.zarr").time.values.astype("datetime64[m]")
    whole = xr.open_zarr("whole.zarr").time.values.astype("datetime64[m]")
told = [str(w.message) for w in caught if "serialized faithfully" in str(w.message)]
print("warning:          ", told[0][:119] if told else "none")
print("given:            ", *quarters[:3].values.astype("datetime64[m]"), "...")
print("appended, read:   ", *grown[24:27], "...")
print("written at once:  ", *whole[24:27], "...")
print("hours before it:  ", "right" if (grown[:24] == hours.values).all() else "wrong")
if not (
    told
    and str(grown[24]) == "2025-11-29T00:00"
    and str(grown[25]) == "2025-11-29T15:00"
    and (grown[:24] == hours.values).all()
    and (whole == hours.append(quarters).values).all()
):
    sys.exit("CHANGED: appended quarters are no longer moved")
PY
