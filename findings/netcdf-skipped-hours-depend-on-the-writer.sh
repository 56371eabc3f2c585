#!/usr/bin/env bash
# Software: netCDF4 1.7.5.1.post1, h5netcdf 1.8.2, xarray 2026.9.0 (PyPI).
#
# Setting: a program writes hourly temperatures into a NetCDF-4 file, hour by hour at their
# place. Two hours never come, so nothing is ever written there. No _FillValue is named.
#
# A good guess: NetCDF has default fill values for that, so every reader shows those two hours
# as missing, whichever library wrote the file.
#
# What really happens: three answers, none with an error.
#   written by netCDF4, read by netCDF4: masked, as expected;
#   written by netCDF4, read by xarray (either engine): 9.97e+36, an ordinary number;
#   written by h5netcdf, read by anything: 0.0.
# xarray masks only where the attribute _FillValue or missing_value is there, and h5netcdf
# leaves the zeros of HDF5. Naming a _FillValue of NaN at creation gives NaN everywhere.
#
# Why it matters: 0.0 is a real temperature, a real price and the rain of most hours, so holes
# made by h5netcdf can never be told from measurements again. The check "is it null?" finds
# no hole in five of these six readings.
#
# Output seen:
#   written by netCDF4             read by netCDF4         the two hours: nan
#   written by netCDF4             read by xarray/netcdf4  the two hours: 9.97e+36
#   written by netCDF4             read by xarray/h5netcdf the two hours: 9.97e+36
#   written by h5netcdf            read by netCDF4         the two hours: 0
#   written by h5netcdf            read by xarray/netcdf4  the two hours: 0
#   written by h5netcdf            read by xarray/h5netcdf the two hours: 0
#   written by netCDF4, NaN named  read by netCDF4         the two hours: nan
#   written by netCDF4, NaN named  read by xarray/netcdf4  the two hours: nan
#   written by netCDF4, NaN named  read by xarray/h5netcdf the two hours: nan
#   written by h5netcdf, NaN named read by netCDF4         the two hours: nan
#   written by h5netcdf, NaN named read by xarray/netcdf4  the two hours: nan
#   written by h5netcdf, NaN named read by xarray/h5netcdf the two hours: nan
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  netCDF4==1.7.5.1.post1 h5netcdf==1.8.2 h5py==3.16.0 xarray==2026.9.0 \
  pandas==3.1.1 numpy==2.4.6

timeout 60 venv/bin/python -W ignore - <<'PY'
import sys

import h5netcdf
import netCDF4
import numpy as np
import xarray as xr


def fill(variable):
    variable[0:2] = [20.5, 19.0]
    variable[4:6] = [18.0, 17.5]


def by_netcdf4(path, **extra):
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", 6)
        fill(file.createVariable("temperature", "f8", ("time",), **extra))


def by_h5netcdf(path, **extra):
    with h5netcdf.File(path, "w") as file:
        file.dimensions["time"] = 6
        fill(file.create_variable("temperature", ("time",), "f8", **extra))


def read(path):
    with netCDF4.Dataset(path) as file:
        yield "netCDF4", np.ma.filled(file["temperature"][:], np.nan)
    for engine in ("netcdf4", "h5netcdf"):
        with xr.open_dataset(path, engine=engine) as data:
            yield f"xarray/{engine}", data["temperature"].values


by_netcdf4("a.nc")
by_h5netcdf("b.nc")
by_netcdf4("c.nc", fill_value=np.nan)
by_h5netcdf("d.nc", fillvalue=np.nan)
seen = []
for path, writer in (
    ("a.nc", "netCDF4"),
    ("b.nc", "h5netcdf"),
    ("c.nc", "netCDF4, NaN named"),
    ("d.nc", "h5netcdf, NaN named"),
):
    for reader, values in read(path):
        hole = {f"{v:.3g}" for v in values[2:4]}
        seen.append("/".join(hole))
        print(f"written by {writer:19} read by {reader:15} the two hours: {seen[-1]}")
if seen != ["nan", "9.97e+36", "9.97e+36", "0", "0", "0"] + ["nan"] * 6:
    sys.exit("CHANGED: skipped hours no longer depend on writer and reader")
PY
