#!/usr/bin/env bash
# Software: tinyflux 1.2.0 (PyPI).
#
# Setting: hourly points in TinyFlux, the price is a field "eur". Two of the 24 points have no
# price. A program asks for them with the negated query ~FieldQuery().eur.exists(), counts
# them, and removes them to write them anew.
#
# A good guess: search(), count(), contains(), select() and remove() agree on what a query
# matches: two points. In a complete day it is none.
#
# What really happens: with the index, which is on by default, a negated query of a field is
# answered with "every point, look at each". search(), get() and update() do look; count(),
# contains(), select() and remove() take the answer as it is. 2 points are missing by search(),
# 24 by count(). A complete day contains() a missing price. remove() deletes the whole
# series and reports 24. With auto_index=False all of them say 2.
#
# Why it matters: the count of missing hours is the number of all hours, and the call that
# should take out two empty points takes out every price, from the file too.
#
# Output seen:
#   index, two missing:   search 2, count 24, select 24, update 2, remove 24 and 0 left
#   index, none missing:  search 0, count 24, contains True, remove 24 and 0 left
#   scan, two missing:    search 2, count 2, select 2, update 2, remove 2 and 22 left
#   scan, none missing:   search 0, count 0, contains False, remove 0 and 24 left
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check tinyflux==1.2.0

timeout 100 venv/bin/python - <<'PY'
import sys
from datetime import datetime, timezone

from tinyflux import FieldQuery, Point, TinyFlux

number = 0


def day(index, missing):
    """Return a new store of 24 hours, of which some have no price."""
    global number
    number += 1
    store = TinyFlux(f"store{number}.csv", auto_index=index)
    for hour in range(24):
        fields = {"hour": hour} if hour in missing else {"hour": hour, "eur": 50.5 + hour}
        time = datetime(2026, 3, 1, hour, tzinfo=timezone.utc)
        store.insert(Point(time=time, measurement="price", fields=fields))
    return store


query = ~FieldQuery().eur.exists()
seen = []
for index, kind in ((True, "index"), (False, "scan")):
    for missing, what in (((5, 6), "two missing"), ((), "none missing")):
        store = day(index, missing)
        searched, counted = len(store.search(query)), store.count(query)
        contained, selected = store.contains(query), len(store.select("time", query))
        updated = day(index, missing).update(query, tags={"state": "missing"})
        removed = store.remove(query)
        left = len(store)
        middle = f"select {selected}, update {updated}" if missing else f"contains {contained}"
        print(
            f"{kind + ', ' + what + ':':<21} search {searched}, count {counted}, {middle},"
            f" remove {removed} and {left} left"
        )
        seen.append((searched, counted, contained, selected, updated, removed, left))
if seen != [
    (2, 24, True, 24, 2, 24, 0),
    (0, 24, True, 24, 0, 24, 0),
    (2, 2, True, 2, 2, 2, 22),
    (0, 0, False, 0, 0, 0, 24),
]:
    sys.exit("CHANGED: a negated field query matches the same points in every call")
PY
