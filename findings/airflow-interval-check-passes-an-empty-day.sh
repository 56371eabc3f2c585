#!/usr/bin/env bash
# Software: apache-airflow-providers-common-sql 2.4.0 with apache-airflow-providers-sqlite 4.3.4
# and apache-airflow-core 3.3.2 (PyPI), on a SQLite file.
#
# Setting: a DAG checks the prices that were stored. SQLIntervalCheckOperator compares the day
# with the same weekday a week before: COUNT(*) may differ by a factor of 1.1, AVG(eur) by 1.5.
#
# A good guess: 24 rows against 24 pass, 20 fail, and no row at all fails all the more. A
# mean of -10 EUR against 80 is outside any factor, or raises.
#
# What really happens: by default ignore_zero=True lets a metric pass as soon as either side
# is 0. So a day of 20 hours fails, and a day of 0 hours passes, whatever the threshold. The
# factor is max/min and is only compared with "below": with a negative mean on one side it is
# negative, so it passes, and -80 against -10 is 0.125 and passes too. "relative_diff" divides
# by the value of last week: when that is negative every day passes.
#
# Why it matters: it is the check for a feed that has stopped, and it is green exactly then;
# the log says "All tests have passed". It stays green a week later, as the reference is 0.
# In spring, with mean prices at zero or below, it cannot fail.
#
# Output seen:
#   COUNT(*) 24 after 24:     passed
#   COUNT(*) 20 after 24:     failed
#   COUNT(*) 0 after 24:      passed
#   COUNT(*) 20 after 0:      passed
#   COUNT(*) 0 after 24, ignore_zero=False: failed
#   AVG(eur) 52 after 50:     passed
#   AVG(eur) 10 after 80:     failed
#   AVG(eur) -10 after 80:    passed
#   AVG(eur) -80 after -10:   passed
#   AVG(eur) 80 after -10 (relative_diff): passed
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export AIRFLOW_HOME="$work/home"
export AIRFLOW__LOGGING__LOGGING_LEVEL=ERROR
export AIRFLOW_CONN_PRICES="{\"conn_type\": \"sqlite\", \"host\": \"$work/prices.db\"}"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check \
  apache-airflow-core==3.3.2 apache-airflow-providers-common-sql==2.4.0 \
  apache-airflow-providers-sqlite==4.3.4

timeout 100 venv/bin/python -W ignore - 2>log <<'PY' || { cat log >&2; exit 1; }
import sqlite3
import sys
from datetime import date, timedelta

from airflow.exceptions import AirflowException
from airflow.providers.common.sql.operators.sql import SQLIntervalCheckOperator

DAY = date(2026, 3, 11)
WEEK_BEFORE = DAY - timedelta(days=7)


def check(metric, limit, now, before, **options):
    """Store two days as (hours, price) and return whether the check of the later one passes."""
    with sqlite3.connect("prices.db") as store:
        store.execute("DROP TABLE IF EXISTS price")
        store.execute("CREATE TABLE price (ds TEXT, hour INTEGER, eur REAL)")
        for day, (hours, price) in ((DAY, now), (WEEK_BEFORE, before)):
            rows = [(str(day), hour, price) for hour in range(hours)]
            store.executemany("INSERT INTO price VALUES (?, ?, ?)", rows)
    store.close()
    operator = SQLIntervalCheckOperator(
        task_id="check",
        conn_id="prices",
        table="price",
        metrics_thresholds={metric: limit},
        **options,
    )
    operator.sql1 = operator.sql1.replace("{{ ds }}", str(DAY))  # as the templates are rendered
    operator.sql2 = operator.sql2.replace("{{ macros.ds_add(ds, -7) }}", str(WEEK_BEFORE))
    try:
        operator.execute({})
    except AirflowException as error:
        assert "tests have failed" in str(error), error
        return "failed"
    return "passed"


seen = []
for now, before, options in (
    (24, 24, {}),
    (20, 24, {}),
    (0, 24, {}),
    (20, 0, {}),
    (0, 24, {"ignore_zero": False}),
):
    seen.append(check("COUNT(*)", 1.1, (now, 50.0), (before, 50.0), **options))
    told = f"COUNT(*) {now} after {before}" + "".join(f", {k}={v}" for k, v in options.items())
    print(f"{told + ':':<25} {seen[-1]}")
for now, before, formula in (
    (52, 50, "max_over_min"),
    (10, 80, "max_over_min"),
    (-10, 80, "max_over_min"),
    (-80, -10, "max_over_min"),
    (80, -10, "relative_diff"),
):
    prices = (24, float(now)), (24, float(before))
    seen.append(check("AVG(eur)", 1.5, *prices, ratio_formula=formula))
    told = f"AVG(eur) {now} after {before}"
    told += f" ({formula})" if formula == "relative_diff" else ""
    print(f"{told + ':':<25} {seen[-1]}")
if seen != ["passed", "failed", "passed", "passed", "failed"] + [
    "passed", "failed", "passed", "passed", "passed"
]:
    sys.exit("CHANGED: a metric of zero or below zero is checked")
PY
