#!/usr/bin/env bash
# Software: tsam 4.1.1 with pandas 3.0.5 (PyPI).
#
# Setting: a year of hourly demand in Europe/Madrid becomes typical days for a model:
# tsam.aggregate(frame, n_clusters=2). To see what is clustered, the demand of every day of
# the year is the same on the local clock: 1 from 20:00 to 22:59, else 0.
#
# A good guess: the index has a zone, so a period of a day is a local day, and all 365 have
# their peak in hours 20 to 22; or the days of 23 and 25 hours raise.
#
# What really happens: of the index only the distance of the stamps is used. The values are
# cut into rows of 24, so every "day" from 30 March to 25 October runs from 01:00 to 01:00. The
# one shape of the year comes back as two typical days, one with the peak an hour early,
# with an error measure of zero and no warning. The 25-hour day mends the cut again, so
# the count of days is right.
#
# Why it matters: the evening peak of the summer is put against the sun, the tariff period and
# the market price of the hour before, in a model that reads hour 19 as 19:00.
#
# Output seen:
#   hours 8760, days 365, rmse 0.0
#   typical day of 155 days, first on 2026-01-01: peak in hours [20, 21, 22]
#   typical day of 210 days, first on 2026-03-29: peak in hours [19, 20, 21]
#   hours with demand on the local clock: [20, 21, 22]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  tsam==4.1.1 pandas==3.0.5 numpy==2.4.6

timeout 100 venv/bin/python -W ignore - <<'PY'
import sys
import warnings

import pandas as pd
import tsam

warnings.simplefilter("error")  # none comes
hours = pd.date_range("2026-01-01", "2027-01-01", freq="h", tz="Europe/Madrid", inclusive="left")
demand = [1.0 if hour in (20, 21, 22) else 0.0 for hour in hours.hour]
frame = pd.DataFrame({"demand": demand}, index=hours)
result = tsam.aggregate(frame, n_clusters=2)
rmse = round(float(result.accuracy.rmse.iloc[0]), 6)
days = list(result.cluster_assignments)
print(f"hours {len(hours)}, days {len(days)}, rmse {rmse}")
seen = []
shapes = result.cluster_representatives["demand"].unstack()
for number in sorted(set(days), key=days.index):
    first = pd.Timestamp("2026-01-01") + pd.Timedelta(days=days.index(number))
    peak = [int(h) for h in shapes.columns if shapes.loc[number, h] > 0.5]
    print(f"typical day of {days.count(number)} days, first on {first:%Y-%m-%d}: peak in hours {peak}")
    seen.append((days.count(number), f"{first:%Y-%m-%d}", peak))
clock = sorted({int(h) for h in hours[frame.demand > 0].hour})
print(f"hours with demand on the local clock: {clock}")
if (rmse, seen) != (
    0.0,
    [(155, "2026-01-01", [20, 21, 22]), (210, "2026-03-29", [19, 20, 21])],
):
    sys.exit("CHANGED: a typical day is a local day")
PY
