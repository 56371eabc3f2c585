#!/usr/bin/env bash
# Software: cftime 1.6.6.1 (the time decoder of netCDF4 1.7.5.1.post1 and cf-units 3.3.1),
# compared with xarray 2026.9.0 and with UDUNITS inside cf-units (all PyPI).
#
# Setting: the time units of a NetCDF file carry the offset from UTC with an hour of one
# digit. The CF conventions explain offsets with such a one: "seconds since 1992-10-8
# 15:15:42.5 -6:00". Files of station data in local winter time say "+1:00".
#
# A good guess: the first stamp of "hours since 2026-01-01 00:00:00 +1:00" is 23:00 UTC of
# the day before, as it is with "+01:00"; an offset that a reader does not know raises.
#
# What really happens: cftime knows an offset by two digits only. One digit is dropped
# without a word, and local time is told as if it were UTC: "+1:00" is an hour late, the
# example of the conventions is six hours early. xarray reads the offset, but only until
# it is asked for cftime objects. cf-units gives two answers for one unit: num2date() goes
# through cftime, convert() through UDUNITS.
#
# Why it matters: two readers of one file put its hours in two places. A series from one
# tool and its repair from the other are shifted by the offset, the number of rows is right,
# and the two hours at the edges look like a hole and a surplus.
#
# Output seen (cftime: netCDF4, xarray with use_cftime, cf-units num2date;
# others: xarray as it is, cf-units convert):
#   first stamp of                            cftime               others
#   seconds since 1992-10-8 15:15:42.5 -6:00  1992-10-08T15:15:42  1992-10-08T21:15:42
#   hours since 2026-01-01 00:00:00 -6:00     2026-01-01T00:00:00  2026-01-01T06:00:00
#   hours since 2026-01-01 00:00:00 +1:00     2026-01-01T00:00:00  2025-12-31T23:00:00
#   hours since 2026-01-01 00:00:00 +01:00    2025-12-31T23:00:00  2025-12-31T23:00:00
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  cftime==1.6.6.1 netCDF4==1.7.5.1.post1 cf-units==3.3.1 xarray==2026.9.0 pandas==3.0.5 \
  numpy==2.4.6

timeout 60 venv/bin/python -W ignore - <<'PY'
import sys
from datetime import datetime, timedelta

import cf_units
import netCDF4
import xarray as xr

UNITS = (
    "seconds since 1992-10-8 15:15:42.5 -6:00",
    "hours since 2026-01-01 00:00:00 -6:00",
    "hours since 2026-01-01 00:00:00 +1:00",
    "hours since 2026-01-01 00:00:00 +01:00",
)


def decoded(path, coder):
    with xr.open_dataset(path, decode_times=coder) as data:
        return str(data.indexes["time"][0]).replace(" ", "T")[:19]


def read(units):
    path = "stations.nc"
    with netCDF4.Dataset(path, "w") as out:
        out.createDimension("time", 1)
        time = out.createVariable("time", "f8", ("time",))
        time.units = units
        time.calendar = "standard"
        time[:] = [0.0]
    with netCDF4.Dataset(path) as data:
        first = netCDF4.num2date(data["time"][0], data["time"].units)
    unit = cf_units.Unit(units, calendar="standard")
    epoch = cf_units.Unit("seconds since 1970-01-01 00:00:00 UTC", calendar="standard")
    seconds = unit.convert(0.0, epoch)
    by_cftime = {
        first.isoformat()[:19],
        decoded(path, xr.coders.CFDatetimeCoder(use_cftime=True)),
        unit.num2date(0).isoformat()[:19],
    }
    by_others = {
        decoded(path, xr.coders.CFDatetimeCoder()),
        (datetime(1970, 1, 1) + timedelta(seconds=int(seconds))).isoformat(),
    }
    return " or ".join(sorted(by_cftime)), " or ".join(sorted(by_others))


print(f"{'first stamp of':42}{'cftime':21}others")
seen = []
for units in UNITS:
    seen.append(read(units))
    print(f"{units:42}" + "  ".join(seen[-1]))
if seen != [
    ("1992-10-08T15:15:42", "1992-10-08T21:15:42"),
    ("2026-01-01T00:00:00", "2026-01-01T06:00:00"),
    ("2026-01-01T00:00:00", "2025-12-31T23:00:00"),
    ("2025-12-31T23:00:00", "2025-12-31T23:00:00"),
]:
    sys.exit("CHANGED: cftime no longer drops an offset of one digit")
PY
