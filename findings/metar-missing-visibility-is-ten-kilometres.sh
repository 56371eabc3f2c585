#!/usr/bin/env bash
# Software: metar 2.0.2, compared with avwx-engine 1.9.10 (both PyPI).
#
# Setting: an automatic station whose visibility sensor is out sends "////" in that place,
# as the METAR code tells it to. The report is kept hour by hour as weather of an airport.
#
# A good guess: the visibility is missing (None), like the temperature and the pressure of the
# same report when they are slashes.
#
# What really happens: metar 2.0.2 gives a visibility of 10000 m, which is good weather. No
# flag or warning goes with it, and decode_completed is true. The real code for good
# visibility is 9999, which it gives as "greater than 10000 meters". avwx-engine gives None
# for the same report.
#
# Why it matters: an hour without a measurement looks measured and clear, and no check for
# missing values finds it. A study of fog against solar output counts a broken sensor as clear
# sky, and no other source is asked for the hour.
#
# Output seen:
#   measured     metar: visibility 800 meters, temperature -1.0 C, pressure 1021.0 hPa, completed True;  avwx: 800
#   9999         metar: visibility greater than 10000 meters, temperature -1.0 C, pressure 1021.0 hPa, completed True;  avwx: 9999
#   missing      metar: visibility 10000 meters, temperature -1.0 C, pressure 1021.0 hPa, completed True;  avwx: None
#   all missing  metar: visibility 10000 meters, temperature None, pressure None, completed True;  avwx: None
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check metar==2.0.2 avwx-engine==1.9.10

timeout 60 venv/bin/python -W error - <<'PY'
import sys

import avwx
from metar import Metar

REPORTS = {
    "measured": "LEGR 300030Z AUTO 02005KT 0800 FG OVC001 M01/M01 Q1021",
    "9999": "LEGR 300030Z AUTO 02005KT 9999 // ////// M01/M01 Q1021",
    "missing": "LEGR 300030Z AUTO 02005KT //// // ////// M01/M01 Q1021",
    "all missing": "LEGR 300030Z AUTO /////KT //// // ////// ///// Q////",
}
seen = {}
for name, report in REPORTS.items():
    first = Metar.Metar(report, year=2026, month=11)
    second = avwx.Metar.from_report(report).data
    seen[name] = (str(first.vis), second.visibility and second.visibility.value)
    print(
        f"{name:11}  metar: visibility {first.vis}, temperature {first.temp},",
        f"pressure {first.press}, completed {first.decode_completed};  avwx: {seen[name][1]}",
    )
if seen != {
    "measured": ("800 meters", 800),
    "9999": ("greater than 10000 meters", 9999),
    "missing": ("10000 meters", None),
    "all missing": ("10000 meters", None),
}:
    sys.exit("CHANGED: a missing visibility is no longer 10000 m")
PY
