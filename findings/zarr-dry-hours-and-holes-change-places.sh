#!/usr/bin/env bash
# Software: zarr 3.1.6, read by xarray 2026.9.0 (PyPI).
#
# Setting: hourly rain is kept in a Zarr array that a program fills chunk by chunk. Two of six
# hours are dry (0.0 mm), two were never written. No fill value is named.
#
# A good guess: xarray gives 0.0 for the dry hours and NaN for the two that were never
# written; at least the answer does not depend on the version of the storage format.
#
# What really happens: zarr's default fill value is 0. In format 2 xarray takes the fill
# value for "missing": the two dry hours are NaN as well, and half of the real data is gone
# from its answer. In format 3 it does not: the two hours that nobody wrote are 0.0, dry
# hours that were never measured. zarr itself shows 0.0 in both. With fill_value=NaN
# named, both formats give what was meant.
#
# Why it matters: one program and one series give too many holes after one upgrade and none
# before it, or the other way round. A gap filler asks for dry hours for ever, or never
# asks for the missing ones. Solar output at night and prices of 0 have the same fate.
#
# Output seen:
#   format 2, fill value default    xarray: 1.5 nan nan nan nan 2.0
#   format 2, fill value NaN named  xarray: 1.5 0.0 nan nan 0.0 2.0
#   format 3, fill value default    xarray: 1.5 0.0 0.0 0.0 0.0 2.0
#   format 3, fill value NaN named  xarray: 1.5 0.0 nan nan 0.0 2.0
#   written:                         1.5 0.0 (none) (none) 0.0 2.0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  zarr==3.1.6 numcodecs==0.16.6 xarray==2026.9.0 pandas==3.1.1 numpy==2.4.6

timeout 60 venv/bin/python -W ignore - <<'PY'
import sys

import xarray as xr
import zarr

seen = {}
for version in (2, 3):
    for label, extra in (("default", {}), ("NaN named", {"fill_value": float("nan")})):
        path = f"{version}-{label}.zarr"
        group = zarr.create_group(path, zarr_format=version)
        if version == 3:
            extra = {**extra, "dimension_names": ["time"]}
        rain = group.create_array("rain", shape=(6,), chunks=(2,), dtype="f8", **extra)
        if version == 2:
            rain.attrs["_ARRAY_DIMENSIONS"] = ["time"]
        rain[0:2] = [1.5, 0.0]  # hours 2 and 3 are never written
        rain[4:6] = [0.0, 2.0]
        data = xr.open_zarr(path, consolidated=False).rain.values
        seen[version, label] = [str(float(v)) for v in data]
        print(f"format {version}, fill value {label:9}  xarray: {' '.join(seen[version, label])}")
print("written:                         1.5 0.0 (none) (none) 0.0 2.0")
right = ["1.5", "0.0", "nan", "nan", "0.0", "2.0"]
if seen != {
    (2, "default"): ["1.5", "nan", "nan", "nan", "nan", "2.0"],
    (3, "default"): ["1.5", "0.0", "0.0", "0.0", "0.0", "2.0"],
    (2, "NaN named"): right,
    (3, "NaN named"): right,
}:
    sys.exit("CHANGED: dry hours and holes no longer change places")
PY
