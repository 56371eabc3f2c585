#!/usr/bin/env bash
# Software: opendsm 1.2.7 (formerly eemeter) with scikit-fda 0.10.1, multimethod 1.12 and
# pandas 2.3.3 (PyPI).
#
# Setting: DailyBaselineData takes a year of hourly readings of a meter, here 1 kWh in every
# hour, with the temperature beside them. Hours without a reading are NaN.
# It makes daily sums and judges whether there are enough of them for a baseline.
#
# A good guess: by the CalTRACK rules that the source names, a day with more than half of its
# hours is scaled up to 24.0, a day with less is NaN, and a year in which three months are
# missing is disqualified.
#
# What really happens: the NaN rows are dropped first, and the sums are made by spreading each
# reading evenly until the next one. The kWh before a hole thus covers the hole, and the
# coverage is 100 % everywhere. A day with six hours missing is 18.0, a day with two readings
# is 2.0, and two days without any reading are 0.49 each. March to May without a reading
# are 92 days of 0.01 kWh: none is missing and nothing is disqualified. Even the warning of
# extreme values is gone, which the year without a hole has for its days of 23 and 25 hours.
#
# Why it matters: it is the step before a model of savings and the one that is to stop bad
# data. A dead meter is a quarter of a year with almost no use, and the verdict is "complete".
#
# Output seen (kWh a day from 9 to 12 March, days without a value, what is reported):
#   no hole            24.0  24.0  24.0  24.0  0 []  extreme_values_detected
#   six hours          24.0  18.0  24.0  24.0  0 []  extreme_values_detected
#   all but two hours  24.0   2.0  24.0  24.0  0 []  extreme_values_detected
#   two days          23.02  0.49  0.49  24.0  0 []  extreme_values_detected
#   March to May       0.01  0.01  0.01  0.01  0 []  no warning
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  opendsm==1.2.7 scikit-fda==0.10.1 multimethod==1.12 pandas==2.3.3 numpy==2.4.6

timeout 100 venv/bin/python -W ignore - <<'PY'
import contextlib
import io
import logging
import sys

import numpy as np
import pandas as pd

logging.disable(logging.CRITICAL)
from opendsm import eemeter

ZONE = "Europe/Madrid"
hours = pd.date_range("2025-01-01", "2026-01-01", freq="h", tz=ZONE, inclusive="left")
warmth = 15 - 10 * np.cos(np.arange(len(hours)) / len(hours) * 2 * np.pi)


def judge(first, last):
    """Return the days around a hole, the days without a value, and what is reported."""
    frame = pd.DataFrame({"observed": 1.0, "temperature": warmth}, index=hours)
    if first:
        hole = (hours >= pd.Timestamp(first, tz=ZONE)) & (hours <= pd.Timestamp(last, tz=ZONE))
        frame.loc[hole, "observed"] = np.nan
    with contextlib.redirect_stdout(io.StringIO()):
        data = eemeter.DailyBaselineData(frame, is_electricity_data=True)
    days = data.df["observed"]
    refused = [reason.qualified_name for reason in data.disqualification]
    warned = [warning.qualified_name.split(".")[-1] for warning in data.warnings]
    shown = [round(float(day), 2) for day in days.loc["2025-03-09":"2025-03-12"]]
    return shown, int(days.isna().sum()), refused, warned


seen = []
for name, first, last in (
    ("no hole", None, None),
    ("six hours", "2025-03-10 08:00", "2025-03-10 13:00"),
    ("all but two hours", "2025-03-10 02:00", "2025-03-10 23:00"),
    ("two days", "2025-03-10 00:00", "2025-03-11 23:00"),
    ("March to May", "2025-03-01 00:00", "2025-05-31 23:00"),
):
    days, empty, refused, warned = judge(first, last)
    told = " ".join(f"{day:5}" for day in days)
    print(f"{name:<17} {told}  {empty} {refused}  {' '.join(warned) or 'no warning'}")
    seen.append((days, empty, refused, warned))
rest = (0, [], ["extreme_values_detected"])  # none of it tells of a missing reading
if seen != [
    ([24.0, 24.0, 24.0, 24.0], *rest),
    ([24.0, 18.0, 24.0, 24.0], *rest),
    ([24.0, 2.0, 24.0, 24.0], *rest),
    ([23.02, 0.49, 0.49, 24.0], *rest),
    ([0.01, 0.01, 0.01, 0.01], 0, [], []),
]:
    sys.exit("CHANGED: a hole in the readings is scaled, left out or reported")
PY
