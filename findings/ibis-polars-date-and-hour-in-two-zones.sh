#!/usr/bin/env bash
# Software: ibis-framework 12.0.0 on its Polars backend, polars 2.1.0 (PyPI).
#
# Setting: a Parquet file of prices whose time column is typed with Europe/Madrid, and a table
# by day and hour: t.date() and t.hour() of that column.
#
# A good guess: ibis shows the type timestamp('Europe/Madrid'), and all parts of a time are
# taken in that zone, or all in UTC.
#
# What really happens: hour(), day() and strftime() go by Madrid, date() and time() by UTC.
# The price of 15 June 00:00 gets the date of 14 June and the hour 0: a day early. In summer
# it is two hours of every day, in winter one. truncate("D") finds the local day but gives it
# as a stamp without a zone, 14 June 22:00. Polars itself says 15 June for the same column.
#
# Why it matters: the first hours of every day stand on the day before, where the same
# hours are there already from the day before that: each date has one price of each hour, no
# hour is missing and none is double, and only the first and the last date look odd.
#
# Output seen:
#   type of the column: timestamp('Europe/Madrid', 6)
#   as text                           date()      day()  time()    hour()  truncate("D")        polars date
#   2026-06-15 00:00:00.000000+02:00  2026-06-14  15     22:00:00  0       2026-06-14 22:00:00  2026-06-15
#   2026-06-15 01:00:00.000000+02:00  2026-06-14  15     23:00:00  1       2026-06-14 22:00:00  2026-06-15
#   2026-06-15 02:00:00.000000+02:00  2026-06-15  15     00:00:00  2       2026-06-14 22:00:00  2026-06-15
#   hours of a date over three whole local days: 06-14: 2, 06-15: 24, 06-16: 24, 06-17: 22
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  "ibis-framework[polars]==12.0.0" polars==2.1.0 pyarrow==26.0.1 packaging==25.0 \
  pandas==3.0.5 numpy==2.4.6

timeout 100 venv/bin/python -W ignore - <<'PY'
import sys
from collections import Counter
from datetime import datetime

import ibis
import polars as pl

utc = pl.datetime_range(
    datetime(2026, 6, 14, 22), datetime(2026, 6, 17, 21), "1h", time_zone="UTC", eager=True
)
prices = pl.DataFrame({"t": utc.dt.convert_time_zone("Europe/Madrid")})
prices.write_parquet("prices.parquet")

table = ibis.polars.connect().read_parquet("prices.parquet")
t = table.t
print("type of the column:", table.schema()["t"])
rows = table.select(
    text=t.cast("string"), date=t.date(), day=t.day(), time=t.time(), hour=t.hour(),
    start=t.truncate("D"),
).to_polars().rows()
DAY = 'truncate("D")'
own = prices["t"].dt.date().to_list()
print(f"{'as text':34}date()      day()  time()    hour()  {DAY:21}polars date")
seen = []
for (text, date, day, time, hour, start), right in zip(rows[:3], own):
    print(f"{text}  {date}  {day:<5}  {time}  {hour:<6}  {start}  {right}")
    seen.append((str(date), day, str(time), hour, str(start), str(right)))
counts = Counter(f"{row[1]:%m-%d}" for row in rows)
print("hours of a date over three whole local days:", ", ".join(f"{d}: {n}" for d, n in counts.items()))
if seen != [
    ("2026-06-14", 15, "22:00:00", 0, "2026-06-14 22:00:00", "2026-06-15"),
    ("2026-06-14", 15, "23:00:00", 1, "2026-06-14 22:00:00", "2026-06-15"),
    ("2026-06-15", 15, "00:00:00", 2, "2026-06-14 22:00:00", "2026-06-15"),
] or counts != {"06-14": 2, "06-15": 24, "06-16": 24, "06-17": 22}:
    sys.exit("CHANGED: date() and hour() go by one zone")
PY
