#!/usr/bin/env bash
# Software: dlms-cosem 25.1.0 (PyPI).
#
# Setting: a load profile of a DLMS meter with three columns: time, energy taken and energy
# given back. The meter sends null-data where it has no value, as the protocol lets it.
# ProfileGenericBufferParser turns the bytes into rows.
#
# A good guess: each row has three columns, and a value that is not there is None, as the type
# of the result says (a list of optional columns); or it is the value of the row before.
#
# What really happens: the column is left out. A row without the energy taken has two
# entries, and the energy given back stands second, where the energy taken is in all other
# rows. A null in place of the time is handled, and a row of the wrong length on the way in
# raises: only a missing value passes.
#
# Why it matters: code that takes column 1 as the energy taken books 7 Wh of solar surplus as
# consumption, and the hole is gone. A table made of the rows has the surplus missing in its
# place. Only a look at the attribute beside each single value tells.
#
# Output seen:
#   sent                   columns  second column
#   taken 100, given 5     3        1.0.1.8.0.255 100
#   taken null, given 7    2        1.0.2.8.0.255 7
#   taken 120, given null  2        1.0.1.8.0.255 120
#   taken 130, given 9     3        1.0.1.8.0.255 130
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check dlms-cosem==25.1.0

timeout 60 venv/bin/python -W error - <<'PY'
import sys

from dlms_cosem import cosem, enumerations
from dlms_cosem.parsers import ProfileGenericBufferParser


def column(interface, obis):
    return cosem.CosemAttribute(interface, cosem.Obis.from_string(obis), attribute=2)


COLUMNS = [
    column(enumerations.CosemInterface.CLOCK, "0.0.1.0.0.255"),
    column(enumerations.CosemInterface.REGISTER, "1.0.1.8.0.255"),
    column(enumerations.CosemInterface.REGISTER, "1.0.2.8.0.255"),
]
ROWS = [(100, 5), (None, 7), (120, None), (130, 9)]


def energy(value):  # double-long-unsigned, or null-data
    return b"\x00" if value is None else b"\x06" + value.to_bytes(4, "big")


def stamp(quarter):  # Monday 2026-06-15, summer time: DLMS counts from local time to UTC
    day = (2026).to_bytes(2, "big") + bytes([6, 15, 1])
    time = bytes([10, 15 * quarter, 0, 0])
    return b"\x09\x0c" + day + time + (-120).to_bytes(2, "big", signed=True) + b"\x80"


sent = bytes([1, len(ROWS)])
for quarter, (taken, given) in enumerate(ROWS):
    sent += b"\x02\x03" + stamp(quarter) + energy(taken) + energy(given)

parser = ProfileGenericBufferParser(capture_objects=COLUMNS, capture_period=15)
print(f"{'sent':23}columns  second column")
seen = []
for (taken, given), row in zip(ROWS, parser.parse_bytes(sent), strict=True):
    label = f"taken {taken or 'null'}, given {given or 'null'}"
    second = f"{row[1].attribute.instance.to_string('.')} {row[1].value}"
    print(f"{label:23}{len(row):<9}{second}")
    seen.append((len(row), second))
if seen != [
    (3, "1.0.1.8.0.255 100"),
    (2, "1.0.2.8.0.255 7"),
    (2, "1.0.1.8.0.255 120"),
    (3, "1.0.1.8.0.255 130"),
]:
    sys.exit("CHANGED: a missing value keeps its column")
PY
