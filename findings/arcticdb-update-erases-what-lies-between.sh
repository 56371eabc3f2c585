#!/usr/bin/env bash
# Software: arcticdb 6.28.2 with pandas 2.3.3 (PyPI).
#
# Setting: a series of hourly prices is kept in ArcticDB. Two wrong hours, 03:00 and 17:00,
# are repaired with library.update("price", two_rows).
#
# A good guess: update() is an upsert as in other stores: rows with the same time are
# replaced, new times are added, everything else stays; 24 rows before, 24 rows after.
#
# What really happens: everything from the FIRST to the LAST time of the given rows is
# replaced by these rows. The 13 hours between 03:00 and 17:00 are deleted. The reference
# describes this, and the call returns as usual; no count of removed rows is given. One call
# for each hour, or rows without a hole between them, does what was meant.
#
# Why it matters: it is the natural call of a repair job, and the job makes far bigger holes
# than those it closes. One late correction of January together with one of today erases
# the year.
#
# Output seen:
#   rows before:                     24
#   one update() of two hours:       11 [0, 1, 2, 3, 17, 18, 19, 20, 21, 22, 23]
#   two update() of one hour each:   24
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  arcticdb==6.28.2 pandas==2.3.3 numpy==2.4.6

timeout 60 venv/bin/python - <<'PY'
import sys

import arcticdb
import pandas as pd

library = arcticdb.Arctic("lmdb://store").get_library("energy", create_if_missing=True)
hours = pd.date_range("2026-10-24", periods=24, freq="h")
day = pd.DataFrame({"eur_mwh": [float(n) for n in range(24)]}, index=hours)
repair = pd.DataFrame({"eur_mwh": [33.3, 77.7]}, index=hours[[3, 17]])


def hours_left(symbol):
    return [t.hour for t in library.read(symbol).data.index]


library.write("together", day)
library.update("together", repair)
library.write("one by one", day)
for n in range(2):
    library.update("one by one", repair.iloc[[n]])
together, single = hours_left("together"), hours_left("one by one")
print("rows before:                    ", len(day))
print("one update() of two hours:      ", len(together), together)
print("two update() of one hour each:  ", len(single))
if not (together == [0, 1, 2, 3, *range(17, 24)] and single == list(range(24))):
    sys.exit("CHANGED: update() no longer erases the hours between")
PY
