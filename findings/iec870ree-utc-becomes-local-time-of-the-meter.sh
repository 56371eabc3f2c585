#!/usr/bin/env bash
# Software: iec870ree 0.14.1 (PyPI), which reads Spanish electricity meters by the protocol
# of REE (IEC 870-5-102).
#
# Setting: a program keeps its times in UTC, as it should, and asks a meter for the hours of
# one local day: 22:00 UTC to 22:00 UTC of the next day, in summer.
#
# A good guess: a meter runs on local time with a summer flag, and an aware datetime says what
# instant it is, so the library converts it: 00:00, summer. Or it refuses any zone but
# Europe/Madrid, as it does by chance with datetime.timezone.utc (AttributeError).
#
# What really happens: with pytz.utc, or ZoneInfo("UTC"), hour and minute are taken from the
# datetime as they stand, and the summer flag from its zone, which has none. The meter is
# asked for 22:00 winter time; read back by the library itself that is 22:00 of Madrid, two
# hours before the instant that was meant. A naive local time and one in Europe/Madrid are
# right. Nothing is raised.
#
# Why it matters: as many hours are asked for as the day has, but they begin too early: the
# last ones of the day are never asked for, and some of the day before come again. In winter
# it is one hour. The command that sets the meter's clock does the same with its time.
#
# Output seen:
#   July, Madrid          asked from 00:00 summer: +0 h
#   July, naive local     asked from 00:00 summer: +0 h
#   July, UTC             asked from 22:00 winter: -2 h
#   July, UTC zoneinfo    asked from 22:00 winter: -2 h
#   January, Madrid       asked from 00:00 winter: +0 h
#   January, naive local  asked from 00:00 winter: +0 h
#   January, UTC          asked from 23:00 winter: -1 h
#   January, UTC zoneinfo asked from 23:00 winter: -1 h
#   clock set with 10:00 UTC: 2026-07-14T10:00:00+02:00, -2 h
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check iec870ree==0.14.1 pytz==2026.6 tzdata==2026.6

timeout 60 venv/bin/python -W ignore - <<'PY'
import datetime as dt
import sys
from zoneinfo import ZoneInfo

import pytz
from iec870ree.app_asdu import C_CI_NU_2, C_CS_TA_2, TimeA, TimeB

MADRID = pytz.timezone("Europe/Madrid")
seen = {}


def on_the_wire(asdu, kind, start, length):
    time = kind()
    time.from_hex(bytes(asdu.to_bytes())[start : start + length])
    return time


def ask(name, instant, given):
    time = on_the_wire(C_CI_NU_2(given, given + dt.timedelta(days=1)), TimeA, 2, 5)
    off = (time.datetime - instant).total_seconds() / 3600
    flag = "summer" if time.SU else "winter"
    seen[name] = (time.hour, flag, off)
    print(f"{name:21} asked from {time.hour:02}:{time.minute:02} {flag}: {off:+.0f} h")


for season, instant in (
    ("July", dt.datetime(2026, 7, 13, 22, tzinfo=pytz.utc)),
    ("January", dt.datetime(2026, 1, 13, 23, tzinfo=pytz.utc)),
):
    local = instant.astimezone(MADRID)
    ask(f"{season}, Madrid", instant, local)
    ask(f"{season}, naive local", instant, local.replace(tzinfo=None))
    ask(f"{season}, UTC", instant, instant)
    ask(f"{season}, UTC zoneinfo", instant, instant.astimezone(ZoneInfo("UTC")))
noon = dt.datetime(2026, 7, 14, 10, tzinfo=pytz.utc)
clock = on_the_wire(C_CS_TA_2(noon), TimeB, 0, 7)
clock_off = (clock.datetime - noon).total_seconds() / 3600
print(f"clock set with 10:00 UTC: {clock.datetime.isoformat()}, {clock_off:+.0f} h")
if not (
    seen["July, UTC"] == seen["July, UTC zoneinfo"] == (22, "winter", -2)
    and seen["January, UTC"] == seen["January, UTC zoneinfo"] == (23, "winter", -1)
    and clock_off == -2
    and all(off == 0 for name, (_, _, off) in seen.items() if "UTC" not in name)
):
    sys.exit("CHANGED: a time in UTC no longer loses its offset")
PY
