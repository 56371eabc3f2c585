#!/usr/bin/env bash
# Software: dlt 1.31.0 with duckdb 2.0.1 as destination (PyPI).
#
# Setting: prices come as JSON, where 100.00 EUR/MWh is written as 100. The first load has
# whole numbers only; later loads have fractions, as prices do.
#
# A good guess: a number is a number. The column becomes a double as soon as a fraction
# comes, or the load fails and says so.
#
# What really happens: the first load fixes the column as BIGINT. From then on each value
# goes to a column by its own look: whole prices stay in "price", prices with a fraction go to
# a second column "price__v_double", and "price" is NULL in those rows. Both loads report
# success. The tool calls it a variant column and documents it for changed types.
#
# Why it matters: most hours of "price" look missing and the rest are the whole numbers by
# chance, so a mean is wrong and a gap filler asks again for hours that are there. In the other
# order (a fraction first) there is one column and nothing is lost: it depends on the first
# load. Prices of 0, common at noon in spring, are enough to start it.
#
# Output seen:
#   whole numbers first: [('price', 'BIGINT'), ('price__v_double', 'DOUBLE')]
#      (0, 100, None)
#      (1, 0, None)
#      (2, None, 95.5)
#      (3, 88, None)
#      (4, None, 91.25)
#   fractions first:     [('price', 'DOUBLE')]
#      (0, 100.0)
#      (1, 0.0)
#      (2, 95.5)
#      (3, 88.0)
#      (4, 91.25)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "dlt[duckdb]==1.31.0" duckdb==2.0.1

export HOME="$work" DLT_DATA_DIR="$work/dlt" RUNTIME__DLTHUB_TELEMETRY=false
export RUNTIME__LOG_LEVEL=ERROR
timeout 120 venv/bin/python -W ignore - <<'PY'
import sys

import dlt


def load(name, *batches):
    pipeline = dlt.pipeline(
        name,
        pipelines_dir="pipelines",
        destination=dlt.destinations.duckdb(f"{name}.duckdb"),
        dataset_name="energy",
    )
    for batch in batches:
        pipeline.run(batch, table_name="prices").raise_on_failed_jobs()
    with pipeline.sql_client() as client:
        columns = [row[:2] for row in client.execute_sql("describe prices")]
        columns = [c for c in columns if c[0].startswith("price")]
        names = ", ".join(c[0] for c in columns)
        rows = client.execute_sql(f"select hour, {names} from prices order by hour")
    return columns, [tuple(row) for row in rows]


whole = [{"hour": 0, "price": 100}, {"hour": 1, "price": 0}]
fractions = [{"hour": 2, "price": 95.5}, {"hour": 3, "price": 88}, {"hour": 4, "price": 91.25}]
columns, rows = load("whole_first", whole, fractions)
print("whole numbers first:", columns)
for row in rows:
    print("  ", row)
other_columns, other_rows = load("fraction_first", fractions, whole)
print("fractions first:    ", other_columns)
for row in other_rows:
    print("  ", row)
if not (
    columns == [("price", "BIGINT"), ("price__v_double", "DOUBLE")]
    and rows == [(0, 100, None), (1, 0, None), (2, None, 95.5), (3, 88, None), (4, None, 91.25)]
    and other_columns == [("price", "DOUBLE")]
    and [r[1] for r in other_rows] == [100, 0, 95.5, 88, 91.25]
):
    sys.exit("CHANGED: the series no longer splits into two columns")
PY
