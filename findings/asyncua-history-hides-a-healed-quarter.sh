#!/usr/bin/env bash
# Software: asyncua 2.1.0 (PyPI), server and client of OPC UA on 127.0.0.1.
#
# Setting: a server keeps the history of a meter's power, in memory or in SQLite. Quarters
# come in, 10:30 is missing and is written later with its own source timestamp. Another program
# reads the history from 10:00 to 12:00, three values at a time, each page from the last stamp.
#
# A good guess: the history of a window comes in the order of time, as OPC UA asks of raw
# reads, so the healed quarter is the third value, and pages add up to the whole window.
#
# What really happens: in both stores the bounds go by time, but order and limit go by ARRIVAL.
# The healed quarter comes last, after 11:00. A limit of three leaves it out though it lies
# between the first three; the next page starts at 10:45, and the window of that page does not
# hold 10:30. Read in pages, the healed quarter is never seen; read at once, it is there.
#
# Why it matters: a gap filler that reads in pages finds the hole again after every repair
# and asks the source for it for ever; one that takes the last value as the newest gets an
# old power as the present one.
#
# Output seen:
#   written:               10:00 10:15 10:45 11:00 10:30
#   memory, in one read:   10:00 10:15 10:45 11:00 10:30
#   memory, three a page:  10:00 10:15 10:45 | 10:45 11:00
#   SQLite, in one read:   10:00 10:15 10:45 11:00 10:30
#   SQLite, three a page:  10:00 10:15 10:45 | 10:45 11:00
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check asyncua==2.1.0

timeout 60 venv/bin/python -W ignore - <<'PY'
import asyncio
import logging
import socket
import sys
from datetime import datetime, timedelta, timezone

from asyncua import Client, Server, ua
from asyncua.server.history import HistoryDict
from asyncua.server.history_sql import HistorySQLite

logging.disable(logging.CRITICAL)
# half a second: asyncua's SQLite store fails on reading whole seconds with Python 3.11
START = datetime(2026, 6, 15, 10, 0, 0, 500000, tzinfo=timezone.utc)
END = START + timedelta(hours=2)
QUARTERS = [START + timedelta(minutes=15 * n) for n in (0, 1, 3, 4, 2)]


def shown(values):
    return " ".join(f"{value.SourceTimestamp:%H:%M}" for value in values)


async def read(store):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"opc.tcp://127.0.0.1:{free.getsockname()[1]}"
    server = Server()
    await server.init()
    server.set_endpoint(url)
    await store.init()
    server.iserver.history_manager.set_storage(store)
    space = await server.register_namespace("meter")
    power = await server.nodes.objects.add_variable(space, "power", -1.0)
    await power.set_writable()
    async with server:
        await server.historize_node_data_change(power, period=None, count=0)
        async with Client(url) as client:
            node = client.get_node(power.nodeid)
            for number, stamp in enumerate(QUARTERS):
                value = ua.Variant(float(number))
                await node.write_value(ua.DataValue(value, SourceTimestamp=stamp))
            for _ in range(50):
                whole = await node.read_raw_history(START, END)
                if len(whole) == len(QUARTERS):
                    break
                await asyncio.sleep(0.1)
            pages, start = [], START
            while not pages or len(pages[-1]) == 3:
                page = await node.read_raw_history(start, END, numvalues=3)
                pages.append(page)
                start = page[-1].SourceTimestamp.replace(tzinfo=timezone.utc)
    return shown(whole), " | ".join(shown(page) for page in pages)


print("written:              ", " ".join(f"{stamp:%H:%M}" for stamp in QUARTERS))
seen = []
for name, store in (("memory", HistoryDict()), ("SQLite", HistorySQLite("history.db"))):
    whole, pages = asyncio.run(read(store))
    print(f"{name}, in one read:  ", whole)
    print(f"{name}, three a page: ", pages)
    seen.append((whole, pages))
if seen != [("10:00 10:15 10:45 11:00 10:30", "10:00 10:15 10:45 | 10:45 11:00")] * 2:
    sys.exit("CHANGED: the healed quarter stands at its time")
PY
