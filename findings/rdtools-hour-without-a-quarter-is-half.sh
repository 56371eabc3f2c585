#!/usr/bin/env bash
# Software: rdtools 3.2.1 with pandas 2.3.3 (PyPI).
#
# Setting: power of a PV plant in quarter-hours becomes energy per hour:
# energy_from_power(power, target_frequency="h"). It is 1000 W all the time, and one quarter of
# the hour from 02:00 to 03:00 is missing.
#
# A good guess: the hour is NaN, as the documentation says that a gap longer than the median
# step gives NaN "for that interval"; or 750 Wh for three quarters; and it is the same whichever
# of the four is missing.
#
# What really happens: it depends on which quarter. The value after a hole is thrown away with
# the hole, and what is left is added up as if it were the hour: without the first or the
# second quarter it has 500 Wh, half of the truth, and no NaN is there. Without the third it is
# NaN, without the fourth it is NaN and the NEXT hour has 750 Wh. With data of 5 minutes an hour
# of which a quarter is there has 167 Wh, and three values missing in each hour halve the day.
#
# Why it matters: a logger that loses single values seems to lose output of the plant. There
# is no NaN to be counted or filled, and the loss goes into performance ratio and degradation.
#
# Output seen (Wh per hour from 00:00 to 06:00):
#   nothing missing                  1000 1000 1000 1000 1000 1000
#   quarter that ends 02:15          1000 1000 500 1000 1000 1000
#   quarter that ends 02:30          1000 1000 500 1000 1000 1000
#   quarter that ends 02:45          1000 1000 nan 1000 1000 1000
#   quarter that ends 03:00          1000 1000 nan 750 1000 1000
#   5 min, 02:05 to 02:45 missing    1000 1000 167 1000 1000 1000
#   5 min, three missing every hour  500 500 500 500 500 500
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  rdtools==3.2.1 pvlib==0.16.1 pandas==2.3.3 numpy==2.4.6

timeout 100 venv/bin/python -W ignore - <<'PY'
import sys
import warnings

import pandas as pd
from rdtools import energy_from_power

warnings.simplefilter("error")  # none comes
CASES = {
    "nothing missing": ("15min", lambda t: False),
    "quarter that ends 02:15": ("15min", lambda t: (t.hour, t.minute) == (2, 15)),
    "quarter that ends 02:30": ("15min", lambda t: (t.hour, t.minute) == (2, 30)),
    "quarter that ends 02:45": ("15min", lambda t: (t.hour, t.minute) == (2, 45)),
    "quarter that ends 03:00": ("15min", lambda t: (t.hour, t.minute) == (3, 0)),
    "5 min, 02:05 to 02:45 missing": ("5min", lambda t: t.hour == 2 and 5 <= t.minute <= 45),
    "5 min, three missing every hour": ("5min", lambda t: t.minute in (10, 30, 50)),
}
seen = []
for label, (step, missing) in CASES.items():
    stamps = pd.date_range("2026-06-15", "2026-06-15 06:00", freq=step)
    power = pd.Series(1000.0, index=[t for t in stamps if not missing(t)])
    hours = energy_from_power(power, target_frequency="h")
    seen.append(" ".join(f"{wh:.0f}" for wh in hours))
    print(f"{label:32} {seen[-1]}")
if seen != [
    "1000 1000 1000 1000 1000 1000",
    "1000 1000 500 1000 1000 1000",
    "1000 1000 500 1000 1000 1000",
    "1000 1000 nan 1000 1000 1000",
    "1000 1000 nan 750 1000 1000",
    "1000 1000 167 1000 1000 1000",
    "500 500 500 500 500 500",
]:
    sys.exit("CHANGED: an hour without a quarter is another")
PY
