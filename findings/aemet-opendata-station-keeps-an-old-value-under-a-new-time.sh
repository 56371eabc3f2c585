#!/usr/bin/env bash
# Software: aemet-opendata 0.6.4 (PyPI).
#
# Setting: AEMET's hourly observations leave out what a station did not measure in that hour:
# every key but the station, its place and the time may be absent. A program feeds the rows
# to Station.update_samples() and stores get_datetime() with weather(), hour by hour.
#
# A good guess: what the newest row lacks is absent from weather() or None, as it is when the
# first row lacks it. Or the old value is kept together with its own old time.
#
# What really happens: only the keys that are in the new row are set; the others keep the value
# of whichever row had them last, and the time is that of the new row. Rain of 4.2 mm of
# 10:00 UTC is told again for 11:00 and 12:00, of which the station says nothing. There is
# no time for each value, and get_outdated() looks at the row's time only.
#
# Why it matters: a sensor that died gives its last value for ever, under fresh times. The hole
# cannot be seen, the stored series has a flat line, and summed rain grows every hour.
#
# Output seen:
#   11:00 CET  measured [9.5, 4.2, 3.0]  told [9.5, 4.2, 3.0]
#   12:00 CET  measured [10.1, None, 2.0]  told [10.1, 4.2, 2.0]
#   13:00 CET  measured [11.7, None, None]  told [11.7, 4.2, 2.0]
#   the last row alone:        {'temperature': 11.7}
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aemet-opendata==0.6.4 tzdata==2026.6

timeout 60 venv/bin/python - <<'PY'
import sys

from aemet_opendata.station import Station

PLACE = {"idema": "5279X", "ubi": "LINARES", "lat": 38.15, "lon": -3.63, "alt": 515.0, "distance": 0}
ROWS = [
    {"fint": "2026-11-20T10:00:00+0000", "ta": 9.5, "prec": 4.2, "vv": 3.0},
    {"fint": "2026-11-20T11:00:00+0000", "ta": 10.1, "vv": 2.0},
    {"fint": "2026-11-20T12:00:00+0000", "ta": 11.7},
]
station = Station({**PLACE, **ROWS[0]})
seen = []
for row in ROWS:
    station.update_samples({"data": [{**PLACE, **row}]})
    weather = station.weather()
    seen.append([weather.get(k) for k in ("temperature", "precipitation", "wind-speed")])
    given = [row.get(k) for k in ("ta", "prec", "vv")]
    print(f"{station.get_datetime():%H:%M %Z}  measured {given}  told {seen[-1]}")
fresh = Station({**PLACE, **ROWS[2]}).weather()
print("the last row alone:       ", fresh)
if not (
    seen == [[9.5, 4.2, 3.0], [10.1, 4.2, 2.0], [11.7, 4.2, 2.0]]
    and fresh == {"temperature": 11.7}
):
    sys.exit("CHANGED: a missing value is no longer taken from an older row")
PY
