#!/usr/bin/env bash
# Software: pyMeterBus 0.8.5 (PyPI), which is imported as meterbus.
#
# Setting: heat and electricity meters on M-Bus send an energy with date and time of type F
# (four bytes). The type has a bit for summer time and one for "this time is not valid". A
# meter is read every half hour in the night of 25 October 2026.
#
# A good guess: the first 02:30 can be told from the second, by an offset or by a flag, as the
# meter does tell them apart; and a time that the meter calls invalid is None or marked.
#
# What really happens: both bits are masked away. The readings before and after the change have
# the same text 2026-10-25T02:30, with nothing beside it, and a clock that has lost its time
# gives a clean time of that kind. The library names both bits in its source and uses neither.
#
# Why it matters: where time is the key, the second hour overwrites the first, so an hour of
# consumption is lost in a night of which the meter sent everything. After a power cut energy
# is booked at times that the meter itself calls wrong.
#
# Output seen:
#   summer 02:30   time 2026-10-25T02:30, 5000 Wh
#   winter 02:30   time 2026-10-25T02:30, 6000 Wh
#   invalid 02:30  time 2026-10-25T02:30, 6000 Wh
#   other keys of the time: function, storage_number, type, unit
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pyMeterBus==0.8.5

timeout 60 venv/bin/python -W ignore - <<'PY'
import json
import sys

import meterbus


def telegram(watt_hours, summer=False, invalid=False):
    year, month, day, hour, minute = 26, 10, 25, 2, 30
    time = bytes(
        [
            minute | (0x80 if invalid else 0),
            hour | (0x80 if summer else 0),
            day | (year & 7) << 5,
            month | (year >> 3) << 4,
        ]
    )
    head = bytes.fromhex("08 01 72 78563412 2423 01 02 01 00 0000")
    body = head + b"\x04\x6d" + time + b"\x04\x03" + watt_hours.to_bytes(4, "little")
    size = bytes([len(body)])
    return b"\x68" + size * 2 + b"\x68" + body + bytes([sum(body) % 256]) + b"\x16"


seen = []
for label, frame in (
    ("summer 02:30", telegram(5000, summer=True)),
    ("winter 02:30", telegram(6000)),
    ("invalid 02:30", telegram(6000, invalid=True)),
):
    records = json.loads(meterbus.load(frame).to_JSON())["body"]["records"]
    time, energy = records
    print(f"{label:14} time {time['value']}, {energy['value']:.0f} Wh")
    seen.append((time.pop("value"), int(energy["value"]), json.dumps(time, sort_keys=True)))
print("other keys of the time:", ", ".join(sorted(time)))
stamps, energies, others = zip(*seen)
if (
    set(stamps) != {"2026-10-25T02:30"}
    or energies != (5000, 6000, 6000)
    or len(set(others)) != 1
):
    sys.exit("CHANGED: summer and winter, valid and invalid times differ")
PY
