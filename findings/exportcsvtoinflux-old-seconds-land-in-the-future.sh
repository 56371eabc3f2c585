#!/usr/bin/env bash
# Software: ExportCsvToInflux 0.2.2 with influxdb 5.3.2 (PyPI), writing to a small server on
# 127.0.0.1 that keeps the lines it is sent.
#
# Setting: a weather archive as CSV, the time in Unix seconds, which the README says are
# detected by themselves. The rows lie around the night of 9 September 2001; a second file is
# of 2026, and one temperature in it is empty.
#
# A good guess: seconds are multiplied by 10^9, so 999997200 is 9 September 2001, 01:00 UTC.
# An empty cell of a float column is -999.0, as the README says, or left out.
#
# What really happens: zeros are put behind the digits until there are 19. That is right for
# numbers of ten digits only. Before 01:46:40 UTC of that night the seconds have nine: 01:00
# becomes the year 2286, and January 1990 the year 2170. An empty cell makes the whole column
# text: all temperatures of the file are sent as strings, and the empty one is "-".
#
# Why it matters: each row is written and counted ("Wrote 3 points"), but every hour before
# that night is missing in its place and lies in the future, where it is the newest value of
# the series. With one empty cell no query can take a mean of that file.
#
# Output seen:
#   631152000   1990-01-01 00:00  written at 2170-01-02 00:00
#   999997200   2001-09-09 01:00  written at 2286-11-20 10:00
#   1000000800  2001-09-09 02:00  written at 2001-09-09 02:00
#   Info: Wrote 3 points
#   no empty cell:  temperature=21.5 temperature=20.75 temperature=19.5
#   one is empty:   temperature="21.5" temperature="-" temperature="19.5"
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  ExportCsvToInflux==0.2.2 influxdb==5.3.2 influxdb-client==1.50.0 chardet==7.7.0

timeout 100 venv/bin/python -W ignore - <<'PY'
import json
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

lines = []


class Server(BaseHTTPRequestHandler):
    """The few answers of InfluxDB 1.x that the program asks for."""

    def log_message(self, *_):
        """Print nothing."""

    def answer(self):
        """Keep written lines, and tell every query that all is well."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        names = {"name": "databases", "columns": ["name"], "values": [["weather"]]}
        told = json.dumps({"results": [{"statement_id": 0, "series": [names]}]}).encode()
        if self.path.startswith("/write"):
            lines.extend(body.split("\n"))
            told = b""
        self.send_response(200 if told else 204)
        self.send_header("X-Influxdb-Version", "1.8.10")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_GET = do_POST = answer


def export(name, rows):
    """Write a CSV file, export it and return the lines sent and the last message."""
    lines.clear()
    text = ["timestamp,station,temperature", *(f"{t},5402,{v}" for t, v in rows)]
    Path(name).write_text("\n".join(text) + "\n")
    command = ["venv/bin/export_csv_to_influx", "--csv", name, "--dbname", "weather"]
    command += ["--measurement", "weather", "--server", f"127.0.0.1:{server.server_port}"]
    command += ["--tag_columns", "station", "--field_columns", "temperature"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = [line for line in done.stdout.splitlines() if "Wrote" in line][-1]
    return [line for line in lines if line], told


def at(seconds):
    """Return a time of Unix seconds as text."""
    time = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
    return f"{time:%Y-%m-%d %H:%M}"


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
stamps = [631152000, 999997200, 1000000800]
sent, told = export("old.csv", zip(stamps, (9.5, 21.5, 20.75)))
written = [at(int(line.split()[-1]) // 10**9) for line in sent]
for stamp, place in zip(stamps, written):
    print(f"{stamp:<10}  {at(stamp)}  written at {place}")
print(told)
new = [1788220800, 1788224400, 1788228000]
fields = {}
for name, middle in (("no empty cell", "20.75"), ("one is empty", "")):
    sent, _ = export("new.csv", zip(new, ("21.5", middle, "19.5")))
    fields[name] = " ".join(line.split()[1] for line in sent)
    print(f"{name + ':':<15} {fields[name]}")
server.shutdown()
if (
    written != ["2170-01-02 00:00", "2286-11-20 10:00", "2001-09-09 02:00"]
    or told != "Info: Wrote 3 points"
    or fields["no empty cell"] != "temperature=21.5 temperature=20.75 temperature=19.5"
    or fields["one is empty"] != 'temperature="21.5" temperature="-" temperature="19.5"'
):
    sys.exit("CHANGED: seconds of before 2001-09-09 or an empty cell are written otherwise")
PY
