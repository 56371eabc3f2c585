#!/usr/bin/env bash
# Software: influxdb 5.3.2, the Python client of InfluxDB 1.x, with pandas 3.1.1 (PyPI).
#
# Setting: DataFrameClient.write_points(frame, "prices") for hours of October 2026. Since
# pandas 3 a DatetimeIndex counts microseconds by default, not nanoseconds.
#
# A good guess: the client asks the index for its times, so the unit inside pandas does not
# matter; the same frame gives the same lines under pandas 2 and 3.
#
# What really happens: it takes the integers behind the index for nanoseconds. Every stamp is
# divided by 1000: the prices of October 2026 are written to 21 January 1970, and each
# hour is 3.6 s after the one before. The server takes them (204) and nothing is raised.
# With precision "s" the digits are gone as well: hours turn into neighbouring seconds. The
# JSON protocol of the same client, and an index of nanoseconds, are right.
#
# Why it matters: after an update of pandas alone the loader stays green, the series ends
# on that day, and the new points lie in 1970. Quarter-hours written with precision "s" are
# 0.9 s apart there, so one in ten overwrites another.
#
# Output seen:
#   default  write_points: True, stored at ['1970-01-21 18:01:26', '1970-01-21 18:01:30']
#   seconds  write_points: True, stored at ['1970-01-21 18:01:26', '1970-01-21 18:01:30']
#   json     write_points: True, stored at ['2026-10-25 00:00:00', '2026-10-25 01:00:00']
#   as ns    write_points: True, stored at ['2026-10-25 00:00:00', '2026-10-25 01:00:00']
#   index:   datetime64[us, UTC]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  influxdb==5.3.2 pandas==3.1.1 numpy==2.4.6 requests==2.34.2 msgpack==1.2.4

timeout 60 venv/bin/python -W ignore - <<'PY'
import datetime as dt
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pandas as pd
from influxdb import DataFrameClient

bodies = []


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = DataFrameClient("127.0.0.1", server.server_port, database="energy")

hours = pd.to_datetime(["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"])
frame = pd.DataFrame({"eur_mwh": [81.5, 79.9]}, index=hours)
nanos = frame.set_axis(hours.as_unit("ns"))
seen = {}
for name, data, extra in (
    ("default", frame, {}),
    ("seconds", frame, {"time_precision": "s"}),
    ("json", frame, {"protocol": "json"}),
    ("as ns", nanos, {}),
):
    answer = client.write_points(data, "prices", **extra)
    unit = 1 if "time_precision" in extra else 1e9
    stamps = [int(line.split()[-1]) / unit for line in bodies.pop().splitlines()]
    seen[name] = [f"{dt.datetime.fromtimestamp(s, dt.UTC):%Y-%m-%d %H:%M:%S}" for s in stamps]
    print(f"{name:8} write_points: {answer}, stored at {seen[name]}")
server.shutdown()

print("index:  ", frame.index.dtype)
right = ["2026-10-25 00:00:00", "2026-10-25 01:00:00"]
if not (
    str(frame.index.dtype) == "datetime64[us, UTC]"
    and all(s.startswith("1970-01-21") for s in seen["default"] + seen["seconds"])
    and seen["json"] == seen["as ns"] == right
):
    sys.exit("CHANGED: the stamps no longer land in January 1970")
PY
