#!/usr/bin/env bash
# Software: sqlglot 30.30.0, the translator inside SQLMesh and others, run on duckdb 2.0.1
# (PyPI).
#
# Setting: mean prices per local day are written for BigQuery, with the zone named in the
# function, and are translated for a test on a laptop or for a move to another warehouse.
#
# A good guess: the zone is translated, as it is for TIMESTAMP_TRUNC towards DuckDB; or, with
# unsupported_level=RAISE, whatever cannot be translated raises UnsupportedError.
#
# What really happens: FORMAT_TIMESTAMP(..., t, 'Europe/Madrid') becomes a plain STRFTIME for
# DuckDB, and TIMESTAMP_TRUNC(t, DAY, 'Europe/Madrid') a plain DATE_TRUNC for Snowflake, Spark
# and Trino. The zone is gone, with RAISE as well, and nothing is logged. The translated
# query runs and cuts the days in the zone of the session.
#
# Why it matters: with sessions in UTC, as servers have them, the first hour or two of each
# Madrid day go to the day before. Every daily mean is slightly wrong, no row is missing, and
# the test on the laptop agrees with itself.
#
# Output seen:
#   TIMESTAMP_TRUNC for duckdb:    SELECT DATE_TRUNC('DAY', t AT TIME ZONE 'Europe/Madrid') AT TIME ZONE 'Europe/Madrid'
#   TIMESTAMP_TRUNC for snowflake: SELECT DATE_TRUNC('DAY', t)
#   TIMESTAMP_TRUNC for spark:     SELECT DATE_TRUNC('DAY', t)
#   TIMESTAMP_TRUNC for trino:     SELECT DATE_TRUNC('DAY', t)
#   FORMAT_TIMESTAMP for duckdb:   SELECT STRFTIME(CAST(t AS TIMESTAMP), '%Y-%m-%d')
#   warnings:                      0
#   the 24 hours of 14 July, mean 65: [('2026-07-13', 2, 120.0), ('2026-07-14', 22, 60.0)]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  sqlglot==30.30.0 duckdb==2.0.1 pytz==2026.6

timeout 60 venv/bin/python - <<'PY'
import logging
import sys

import duckdb
import sqlglot

LABEL = (
    "SELECT FORMAT_TIMESTAMP('%Y-%m-%d', t, 'Europe/Madrid') AS d,"
    " COUNT(*) AS n, AVG(p) AS p FROM prices GROUP BY 1 ORDER BY 1"
)
TRUNC = "SELECT TIMESTAMP_TRUNC(t, DAY, 'Europe/Madrid')"


def translate(query, target):
    return sqlglot.transpile(
        query, read="bigquery", write=target, unsupported_level=sqlglot.ErrorLevel.RAISE
    )[0]


notes = []
watch = logging.Handler()
watch.emit = notes.append
logging.getLogger("sqlglot").addHandler(watch)
for query in (LABEL, TRUNC):
    sqlglot.transpile(query, read="bigquery", write="trino")  # as by default: warn, do not raise

trunc = {target: translate(TRUNC, target) for target in ("duckdb", "snowflake", "spark", "trino")}
label = translate(LABEL, "duckdb")
for target, query in trunc.items():
    print(f"TIMESTAMP_TRUNC for {target + ':':10}", query)
print("FORMAT_TIMESTAMP for duckdb:  ", label.split(" AS d")[0])
print("warnings:                     ", len(notes))

# One local day, 14 July 2026 in Madrid: 22:00 UTC of the 13th to 22:00 UTC of the 14th.
connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")
connection.execute(
    "CREATE TABLE prices AS SELECT t, CASE WHEN i < 2 THEN 120.0 ELSE 60.0 END AS p FROM"
    " (SELECT i, TIMESTAMPTZ '2026-07-13 22:00:00+00' + to_hours(i) AS t"
    "  FROM (SELECT CAST(range AS INTEGER) AS i FROM range(24)))"
)
got = connection.execute(label).fetchall()
print("the 24 hours of 14 July, mean 65:", got)
zone_lost = [t for t, q in trunc.items() if "Madrid" not in q]
if not (
    not notes
    and zone_lost == ["snowflake", "spark", "trino"]
    and "Madrid" not in label
    and got == [("2026-07-13", 2, 120.0), ("2026-07-14", 22, 60.0)]
):
    sys.exit("CHANGED: the zone is no longer lost")
PY
