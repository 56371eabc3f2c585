#!/usr/bin/env bash
# Software: pendulum 3.3.0 (PyPI), the datetime type of Airflow.
#
# Setting: local hours of Europe/Madrid go to another process: a process pool, a cache on
# disk, a task queue. All of them pickle. One hour is 02:30 +01:00 of 25 October 2026, the
# second of the two hours of that name.
#
# A good guess: a pickled time comes back as the same instant, as a datetime of the standard
# library with the same zone does.
#
# What really happens: the pickle does not hold which of the two hours it is. The second
# comes back as the first, 02:30 +02:00, a whole hour EARLIER. Python's own == finds no
# difference, as it looks at the wall time when both zones are the same object. An interval
# of 60 minutes between the two comes back with 0 minutes. copy.deepcopy() is right, and so
# is a time in UTC.
#
# Why it matters: once a year a price moves onto its neighbour as soon as the work is spread
# over processes: 24 stamps for 25 prices, and one hour overwritten in the store. The same
# code in one process is right, so a test does not show it.
#
# Output seen:
#   given:               ['02:30:00+02:00', '02:30:00+01:00', '03:30:00+01:00']
#   from a process pool: ['02:30:00+02:00', '02:30:00+02:00', '03:30:00+01:00']
#   moved by seconds:    [0, -3600, 0]
#   == says:             [True, True, True]
#   standard library:    02:30:00+01:00
#   deepcopy:            02:30:00+01:00
#   interval, minutes:   (60, 0)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pendulum==3.3.0 tzdata==2026.6

cat >try.py <<'PY'
import copy
import datetime as dt
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from zoneinfo import ZoneInfo

import pendulum


def same(value):
    return value


def main():
    utc = [pendulum.datetime(2026, 10, 25, hour, 30, tz="UTC") for hour in range(3)]
    local = [t.in_timezone("Europe/Madrid") for t in utc]
    second = local[1]
    own = dt.datetime.fromtimestamp(second.timestamp(), ZoneInfo("Europe/Madrid"))
    with ProcessPoolExecutor(1) as pool:
        pooled = list(pool.map(same, local))
    gap = pendulum.interval(local[0], local[1])
    seen = {
        "given": [t.isoformat()[11:] for t in local],
        "from a process pool": [t.isoformat()[11:] for t in pooled],
        "moved by seconds": [int(b.timestamp() - a.timestamp()) for a, b in zip(local, pooled)],
        "== says": [a == b for a, b in zip(local, pooled)],
        "standard library": pickle.loads(pickle.dumps(own)).isoformat()[11:],
        "deepcopy": copy.deepcopy(second).isoformat()[11:],
        "interval, minutes": (gap.in_minutes(), pickle.loads(pickle.dumps(gap)).in_minutes()),
    }
    for name, value in seen.items():
        print(f"{name + ':':20}", value)
    if seen != {
        "given": ["02:30:00+02:00", "02:30:00+01:00", "03:30:00+01:00"],
        "from a process pool": ["02:30:00+02:00", "02:30:00+02:00", "03:30:00+01:00"],
        "moved by seconds": [0, -3600, 0],
        "== says": [True, True, True],
        "standard library": "02:30:00+01:00",
        "deepcopy": "02:30:00+01:00",
        "interval, minutes": (60, 0),
    }:
        sys.exit("CHANGED: a pickled second hour is no longer the first")


if __name__ == "__main__":
    main()
PY
timeout 60 venv/bin/python try.py
