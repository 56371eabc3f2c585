#!/usr/bin/env bash
# Software: apache-airflow 3.3.2 with pydantic 2.11.4 and fastapi 0.136.3 (PyPI).
#
# Setting: a plugin or a policy of the company holds pydantic at 2.11. Airflow 3.3.2 declares
# "pydantic>=2.11.0", fastapi 0.136.3 "pydantic>=2.9.0". pip installs all three together, and
# `pip check` finds nothing wrong.
#
# A good guess: what the declared ranges allow works.
#
# What really happens: Airflow's API server copies fields with a private method of pydantic
# that exists from 2.11.5 on. The module of its routes cannot be imported, so that the UI and
# the execution API do not start and no task runs. Scheduler and DAG processor import well.
#
# Why it matters: a solver that takes the lowest allowed versions, or a company's pin, gives an
# Airflow that passes every check of its installation and never runs a task.
#
# Output seen:
#   pip check: No broken requirements found.
#   scheduler: imported
#   api server: AttributeError: 'FieldInfo' object has no attribute '_copy'
#   api server with pydantic 2.11.5: imported
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export AIRFLOW_HOME="$work/home"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  apache-airflow==3.3.2 pydantic==2.11.4 fastapi==0.136.3
checked=$(venv/bin/pip check --disable-pip-version-check)
echo "pip check: $checked"

cat >try.py <<'PY'
import importlib
import sys

try:
    importlib.import_module(sys.argv[2])
except AttributeError as exc:
    print(f"{sys.argv[1]}: AttributeError: {exc}")
else:
    print(f"{sys.argv[1]}: imported")
PY
scheduler=$(venv/bin/python -W ignore try.py scheduler airflow.jobs.scheduler_job_runner 2>/dev/null | tail -n 1)
routes=airflow.api_fastapi.core_api.datamodels.connections
low=$(venv/bin/python -W ignore try.py "api server" "$routes" 2>/dev/null | tail -n 1)
venv/bin/pip install --quiet --disable-pip-version-check pydantic==2.11.5
high=$(venv/bin/python -W ignore try.py "api server with pydantic 2.11.5" "$routes" 2>/dev/null | tail -n 1)
printf '%s\n' "$scheduler" "$low" "$high"

[ "$checked" = "No broken requirements found." ] &&
  [ "$scheduler" = "scheduler: imported" ] &&
  [ "$low" = "api server: AttributeError: 'FieldInfo' object has no attribute '_copy'" ] &&
  [ "$high" = "api server with pydantic 2.11.5: imported" ] ||
  { echo "CHANGED: Airflow's API server and its declared range of pydantic agree" >&2; exit 1; }
