#!/usr/bin/env bash
# Software: mesures 3.11.0 with pandas 2.3.3, the newest that it takes (PyPI).
#
# Setting: hourly consumption in the F5D files that Spanish distributors send. A row has the
# supply point, the local time, the season (1 summer, 0 winter), the energy in Wh, how it was
# obtained (1 measured, 3 estimated), whether it is firm, and the invoice.
#
# A good guess: as many rows come out as the file has, or fewer where two rows of one hour are
# added up; an hour that is not in the file is not in the result.
#
# What really happens: its columns are categories, and pandas groups those by EVERY
# combination. Six rows come out as 64: each supply point gets each hour of the other, each
# hour both seasons, both methods and both invoices, all with 0 Wh. The two hours missing in
# the file are there as zeros, and so is an hour of 24 October in winter time, which does not
# exist. writer() writes all of it out.
#
# Why it matters: no count of hours finds a hole any more, a missing hour has become a
# consumption of nothing, and each mean is divided by too many rows. With hundreds of supply
# points and invoices a file grows by their product.
#
# Output seen:
#   rows in the file: 6, 807 Wh
#   rows after mesures: 64, 807 Wh
#   point 2, 02:00 summer (in the file: 201 Wh):       rows 4, 201 Wh
#   point 2, 02:00 winter (missing in the file):       rows 4, 0 Wh
#   point 2, 03:00 winter (missing in the file):       rows 4, 0 Wh
#   point 1, 24 October 01:00 winter (does not exist): rows 4, 0 Wh
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  mesures==3.11.0 pandas==2.3.3 numpy==2.4.6

cat > F5D_0021_0012_20261101.0 <<'CSV'
ES0021000000000001AA0F;2026/10/24 01:00;1;100;0;0;0;0;0;1;1;F0001;
ES0021000000000001AA0F;2026/10/25 02:00;1;101;0;0;0;0;0;1;1;F0001;
ES0021000000000001AA0F;2026/10/25 02:00;0;102;0;0;0;0;0;1;1;F0001;
ES0021000000000001AA0F;2026/10/25 03:00;0;103;0;0;0;0;0;3;1;F0001;
ES0021000000000002AA0F;2026/10/25 01:00;1;200;0;0;0;0;0;1;1;F0002;
ES0021000000000002AA0F;2026/10/25 02:00;1;201;0;0;0;0;0;1;1;F0002;
CSV

timeout 60 venv/bin/python -W ignore - <<'PY'
import csv
import sys

from mesures.f5d import F5D

NAME = "F5D_0021_0012_20261101.0"
with open(NAME) as lines:
    given = list(csv.reader(lines, delimiter=";"))
rows = F5D(NAME, distributor="0021", comer="0012").file
print(f"rows in the file: {len(given)}, {sum(int(row[3]) for row in given)} Wh")
print(f"rows after mesures: {len(rows)}, {rows.ai.sum()} Wh")
seen = [len(given), len(rows), int(rows.ai.sum())]
for label, point, time, season in (
    ("point 2, 02:00 summer (in the file: 201 Wh):", 2, "2026/10/25 02:00", "1"),
    ("point 2, 02:00 winter (missing in the file):", 2, "2026/10/25 02:00", "0"),
    ("point 2, 03:00 winter (missing in the file):", 2, "2026/10/25 03:00", "0"),
    ("point 1, 24 October 01:00 winter (does not exist):", 1, "2026/10/24 01:00", "0"),
):
    cups = f"ES00210000000000{point:02}AA0F"
    hour = rows[(rows.cups == cups) & (rows.timestamp == time) & (rows.season == season)]
    print(f"{label:50} rows {len(hour)}, {hour.ai.sum()} Wh")
    seen += [len(hour), int(hour.ai.sum())]
if seen != [6, 64, 807, 4, 201, 4, 0, 4, 0, 4, 0]:
    sys.exit("CHANGED: no hours are invented any more")
PY
