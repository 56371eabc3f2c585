#!/usr/bin/env bash
# Software: csvkit 2.2.0 with agate 1.14.2 (PyPI).
#
# Setting: a Spanish price file has semicolons and decimal commas, as REE, AEMET and SIAR
# write them. Somebody looks at it with csvstat, turns it into JSON with csvjson, or asks it
# with csvsql.
#
# A good guess: "171,48" cannot be read as a number of the default locale, so the column is
# text; or csvkit reads it as 171.48.
#
# What really happens: every comma is taken for a thousands separator, wherever it stands.
# 171,48 becomes 17148 and 95,7 becomes 957: the factor is 100 in one row and 10 in the next,
# and 1 where the file has a whole number. The column is reported as a clean Number with no
# nulls, and csvjson and csvsql hand the wrong numbers on. "--locale es_ES" reads it well.
#
# Why it matters: the rows are all there and all numeric, so a load passes its checks. The
# factor changes from row to row, so no division repairs the series afterwards.
#
# Output seen:
#   csvstat type:      Number
#   csvjson:           [{"Hora": "00-01", "PCB": 17148.0}, {"Hora": "01-02", "PCB": 957.0}, {"Hora": "02-03", "PCB": 100.0}]
#   csvsql mean:       6068.333333333333
#   csvjson, es_ES:    [{"Hora": "00-01", "PCB": 171.48}, {"Hora": "01-02", "PCB": 95.7}, {"Hora": "02-03", "PCB": 100.0}]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check csvkit==2.2.0 agate==1.14.2

printf 'Hora;PCB\n00-01;171,48\n01-02;95,7\n02-03;100\n' >pvpc.csv
json=$(venv/bin/csvjson -d ';' pvpc.csv)
kind=$(venv/bin/csvstat -d ';' --type -c PCB pvpc.csv)
mean=$(venv/bin/csvsql -d ';' --query 'select avg(PCB) from pvpc' pvpc.csv | tail -n 1)
spanish=$(venv/bin/csvjson -d ';' --locale es_ES pvpc.csv)
printf 'csvstat type:      %s\n' "$kind"
printf 'csvjson:           %s\n' "$json"
printf 'csvsql mean:       %s\n' "$mean"
printf 'csvjson, es_ES:    %s\n' "$spanish"

venv/bin/python - "$kind" "$json" "$mean" "$spanish" <<'PY'
import json
import sys

kind, default, mean, spanish = sys.argv[1:]
values = [row["PCB"] for row in json.loads(default)]
right = [row["PCB"] for row in json.loads(spanish)]
same = values == [17148.0, 957.0, 100.0] and right == [171.48, 95.7, 100.0]
if not (same and kind == "Number" and round(float(mean)) == 6068):
    sys.exit("CHANGED: a decimal comma is no longer read as a thousands separator")
PY
