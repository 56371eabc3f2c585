#!/usr/bin/env bash
# Software: frictionless 5.21.0 (PyPI).
#
# Setting: a day of a Spanish price file, semicolons and decimal commas, with the temperature
# beside it. Nobody wrote a schema: frictionless infers it, to validate the file, to extract
# it or to describe it for a data package.
#
# A good guess: "85,12" is no number without decimalChar, so the column is text and the values
# stay as they are; or it is read as 85.12.
#
# What really happens: a geopoint is written "lon,lat", and it is tried before number and
# text. 85,12 becomes the place 85 degrees east, 12 degrees north. 33,05 and 33,5 become the
# same place, so the price cannot be had back. Where the decimals are above 90 (95,97) or the
# price above 180 (203,10) there is no such place: validate reports that hour as an error, and
# extract gives no value for it. But if such a price is met before nine tenths of the sample
# are read, the column is text and all is valid: 95,97 at 23:00 is an error, at 20:00 not.
#
# Why it matters: valid hours are refused by their cents, a hole appears in the extract, and
# the rest has lost a zero. A schema inferred on a cheap day refuses the first dear one.
#
# Output seen:
#   a cheap day:         price is a geopoint, temperature is a geopoint, valid True
#   33,05 and 33,5:      (33, 5) and (33, 5)
#   95,97 at 23:00:      price is a geopoint, valid False, errors ['95,97'], extracted None
#   95,97 at 20:00:      price is a string, valid True, errors [], extracted 95,97
#   same schema, 203,10: valid False, errors ['203,10']
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check frictionless==5.21.0

timeout 100 venv/bin/python -W ignore - <<'PY'
import sys
from pathlib import Path

from frictionless import Resource, Schema, extract, validate

CHEAP = (
    "85,12 90,4 78,48 64,3 52,75 41,8 33,05 33,5 12,44 0,38 0,1 5,27 "
    "1,5 0,9 2,33 14,6 38,21 66,07 88,4 94,85 90,3 82,6 71,15 60,2"
).split()
WARMTH = [f"{14 + hour % 9},{hour % 10}" for hour in range(24)]


def write(name, *changes):
    """Write the day with some prices changed and return its name."""
    prices = list(CHEAP)
    for hour, price in changes:
        prices[hour] = price
    rows = [f"2026-03-01 {h:02d}:00;{p};{t}" for h, (p, t) in enumerate(zip(prices, WARMTH))]
    Path(name).write_text("\n".join(["hour;price;temperature", *rows]) + "\n")
    return name


def types(name):
    """Return the inferred types of price and temperature."""
    resource = Resource(path=name)
    resource.infer()
    return [resource.schema.get_field(field).type for field in ("price", "temperature")]


def errors(name, **options):
    """Return whether the file is valid and the cells that are reported."""
    report = validate(name, **options)
    return report.valid, [row[0] for row in report.flatten(["cell"])]


def prices(name):
    """Return the extracted prices."""
    (rows,) = extract(name).values()
    return [row["price"] for row in rows]


cheap = write("cheap.csv")
cheap_types, cheap_errors = types(cheap), errors(cheap)
print(
    f"a cheap day:         price is a {cheap_types[0]}, temperature is a {cheap_types[1]},"
    f" valid {cheap_errors[0]}"
)
with Resource(path=cheap) as resource:
    read = [row["price"] for row in resource.row_stream]
first, second = ((int(place[0]), int(place[1])) for place in read[6:8])
print(f"33,05 and 33,5:      {first} and {second}")
cents = {}
for hour in (23, 20):
    name = write(f"cents{hour}.csv", (hour, "95,97"))
    cents[hour] = (types(name)[0], errors(name), prices(name)[hour])
    kind, (valid, cells), value = cents[hour]
    print(
        f"95,97 at {hour}:00:      price is a {kind}, valid {valid},"
        f" errors {cells}, extracted {value}"
    )
resource = Resource(path=cheap)
resource.infer()
schema = Schema.from_descriptor(resource.schema.to_descriptor())
dear_errors = errors(write("dear.csv", (20, "203,10")), schema=schema)
print(f"same schema, 203,10: valid {dear_errors[0]}, errors {dear_errors[1]}")
if (
    (cheap_types, cheap_errors) != (["geopoint", "geopoint"], (True, []))
    or (first, second) != ((33, 5), (33, 5))
    or cents[23] != ("geopoint", (False, ["95,97"]), None)
    or cents[20] != ("string", (True, []), "95,97")
    or dear_errors != (False, ["203,10"])
):
    sys.exit("CHANGED: a decimal comma is no longer read as a place")
PY
