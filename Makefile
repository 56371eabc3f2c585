# `make` lists the targets. All of them work in a fresh clone: the first builds .venv.

PYTHON ?= python3
PY     := .venv/bin/python

# What we run finds the package and the folders beside it, wherever it changes to.
export PYTHONPATH := $(CURDIR)/include:$(CURDIR)

# Settings of an Airflow or a Gapfill that the calling shell knows are not ours to test with.
# GAPFILL_TEST_* say where the tests find a server. Python keeps what it compiles, because each of the
# many processes of a run would compile it again.
CLEAN := env -u PYTHONDONTWRITEBYTECODE $(foreach name,$(filter-out GAPFILL_TEST_%,$(filter AIRFLOW_% _AIRFLOW_% GAPFILL_%,$(.VARIABLES))),-u $(name))

# The lock names the public index, whatever index this machine uses.
UV := env $(foreach name,$(filter UV_INDEX% UV_DEFAULT_INDEX UV_EXTRA_INDEX_URL UV_FROZEN UV_LOCKED,$(.VARIABLES)),-u $(name)) \
      UV_SYSTEM_CERTS=true UV_PYTHON_DOWNLOADS=never .venv/bin/uv --no-config --quiet
# On two cores, in the order of tests/conftest.py: what takes longest comes first.
TWO := -n 2 --dist loadfile --no-loadscope-reorder
UNIT := $(TWO) --hypothesis-profile=quick -m "not airflow and not server and not slow"
# On other versions: what runs in production, not the tools around it. The golden files hold what
# the locked versions of FastAPI, pydantic, SQLAlchemy and click say and write.
OTHER := $(TWO) --hypothesis-profile=quick --ignore=tests/tools --ignore=tests/deploy \
         --ignore=tests/golden
EXPORT := $(UV) export --frozen --no-hashes --no-header --python $(PY)
HEADER := exported from uv.lock by "make lock"; do not edit

# Where `make words` looks.
WORDS := README.md CONTRIBUTING.md .env.example docker-compose.yaml docs dags plugins \
         include/gapfill include/gapfill_sandbox

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv demo up cluster screenshots test unit test-lowest unit-lowest test-airflow-day unit-airflow-day coverage check lint words types architecture dependencies locked compose routed changelog bench bench-large golden format routes lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s%s\n", $$1, $$2 }' Makefile

# --- run ---------------------------------------------------------------------

demo: venv ## the main job end to end, offline; KEEP=1 leaves it running, with holes to heal by hand
	$(CLEAN) $(PY) -m tools.demo $(if $(KEEP),--keep)

screenshots: venv ## the pictures of the page under docs/images, from the running thing (needs Chromium)
	$(CLEAN) $(PY) -m tools.screenshots

up: venv ## Airflow with the real APIs and the embedded store; takes AIRFLOW_CONN_* and GAPFILL_* from the shell
	$(PY) -m tools.up

cluster: .venv-cluster/complete ## docker-compose.yaml's services without Docker, with a worker and the database killed
	$(CLEAN) .venv-cluster/bin/python -m tools.cluster

# --- test --------------------------------------------------------------------

test: venv ## all tests, at most 12 minutes
	$(CLEAN) $(PY) -m pytest $(TWO) -m "not (server and slow)"
	$(CLEAN) $(PY) -m pytest $(TWO) -m "server and slow"

unit: venv ## the quick tests that need no Airflow, in seconds
	$(CLEAN) $(PY) -m pytest $(UNIT)

test-lowest: .venv-lowest/complete ## all tests that start no server, on the lowest declared versions
	$(CLEAN) .venv-lowest/bin/python -m pytest $(OTHER) -m "not server"

test-airflow-day: .venv-airflow-day/complete ## the same on the versions of Airflow's release day
	$(CLEAN) .venv-airflow-day/bin/python -m pytest $(OTHER) -m "not server"

unit-lowest: .venv-lowest/complete
	$(CLEAN) .venv-lowest/bin/python -m pytest $(OTHER) -m "not airflow and not server"

unit-airflow-day: .venv-airflow-day/complete
	$(CLEAN) .venv-airflow-day/bin/python -m pytest $(OTHER) -m "not airflow and not server"

coverage: venv ## which lines the tests that need no Airflow leave out
	$(CLEAN) $(PY) -m coverage erase
	$(CLEAN) $(PY) -m coverage run -m pytest -m "not airflow and not server"
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report

golden: venv ## after a change that is meant: write tests/golden/files anew; read `git diff` before the commit
	GAPFILL_TEST_GOLDEN=write $(CLEAN) $(PY) -m pytest -q tests/golden
	@git status --short tests/golden/files

bench: venv ## the ratios of the design's budgets
	$(CLEAN) $(PY) -m pytest benchmarks --ignore-glob='benchmarks/test_large*.py' --timeout=600

bench-large: venv ## thousands of series on both stores and on the page: some minutes, most of them for seeding
	$(CLEAN) $(PY) -m pytest benchmarks/test_large.py benchmarks/test_large_page.py benchmarks/test_large_influxdb.py --timeout=1800

# --- check -------------------------------------------------------------------

check: lint words types architecture dependencies locked compose routed changelog ## everything that needs no test to be seen

lint: venv ## style
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

words: venv ## misspelt words, and words that this project does not use (tools/words.txt)
	.venv/bin/codespell $(WORDS)

types: venv ## mypy --strict
	$(PY) -m mypy

architecture: venv ## imports point one way
	.venv/bin/lint-imports

dependencies: venv ## each import is declared, each declaration imported, all fit together
	$(PY) -m deptry .
	$(PY) -m pip check

locked: venv ## pyproject.toml, uv.lock and the requirements say the same (no network)
	@$(UV) lock --check --offline --python $(PY) \
	  || { echo 'pyproject.toml and uv.lock differ: run "make lock"' >&2; exit 1; }
	@{ echo '# The runtime, $(HEADER).'; $(EXPORT) --no-dev; } | diff -u requirements.txt - \
	  || { echo 'requirements.txt and uv.lock differ: run "make lock"' >&2; exit 1; }
	@{ echo '# The tools, $(HEADER).'; $(EXPORT) --only-dev; } | diff -u requirements-dev.txt - \
	  || { echo 'requirements-dev.txt and uv.lock differ: run "make lock"' >&2; exit 1; }
	@{ echo '# The cluster, $(HEADER).'; $(EXPORT) --only-group cluster; } | diff -u requirements-cluster.txt - \
	  || { echo 'requirements-cluster.txt and uv.lock differ: run "make lock"' >&2; exit 1; }

	@$(PY) -m tools.other_versions ranges | diff -u requirements-airflow.txt - \
	  || { echo 'requirements-airflow.txt and pyproject.toml differ: run "make lock"' >&2; exit 1; }

compose: venv ## docker-compose.yaml against the Compose specification
	@.venv/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yaml

routed: venv ## docs/reference/routes.md says what the catalogue says
	@$(PY) -m tools.routes_table --check

changelog: ## the operator is told
	@grep -q '^## \[' CHANGELOG.md || { echo 'CHANGELOG.md has no section "## [...]"' >&2; exit 1; }

# --- keep --------------------------------------------------------------------

format: venv ## mend style where a tool can
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

routes: venv ## after a change of the catalogue: write the tables of docs/reference/routes.md
	$(PY) -m tools.routes_table

lock: venv ## after a change of dependencies: lock and export (UPGRADE=1 takes newer versions)
	$(UV) lock --python $(PY) $(if $(UPGRADE),--upgrade)
	{ echo '# The runtime, $(HEADER).'; $(EXPORT) --no-dev; } > requirements.txt
	{ echo '# The tools, $(HEADER).'; $(EXPORT) --only-dev; } > requirements-dev.txt
	{ echo '# The cluster, $(HEADER).'; $(EXPORT) --only-group cluster; } > requirements-cluster.txt
	$(PY) -m tools.other_versions ranges > requirements-airflow.txt

clean: ## remove caches and reports; .venv stays
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov
	find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

venv: .venv/complete ## .venv with exactly what the lock names

.venv/complete: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Python 3.11 or later is needed: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	@echo 'building .venv: about a minute, once' >&2
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(PY) -m pip install --quiet --disable-pip-version-check --no-compile --no-deps -r requirements.txt -r requirements-dev.txt
	@# A few packages ship templates that are no Python: what does not compile is not imported.
	@$(PY) -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true
	@touch $@

# The versions of a release day stand in for Airflow's constraints file, which cannot be had offline.
RESOLVE_lowest = --resolution lowest-direct --exclude-newer $$($(PY) -m tools.other_versions day lock)
RESOLVE_airflow-day = --exclude-newer $$($(PY) -m tools.other_versions day airflow)

.venv-lowest/complete .venv-airflow-day/complete: .venv-%/complete: pyproject.toml uv.lock | venv
	$(UV) venv --clear --python $(PY) .venv-$*
	$(UV) pip compile $(RESOLVE_$*) --python $(PY) --output-file .venv-$*/requirements.txt pyproject.toml
	$(if $(filter lowest,$*),$(PY) -m tools.other_versions lowest .venv-lowest/requirements.txt)
	$(UV) pip install --python .venv-$*/bin/python -r .venv-$*/requirements.txt --group test
	@touch $@

.venv-cluster/complete: requirements.txt requirements-cluster.txt
	@echo 'building .venv-cluster: about a minute, once' >&2
	$(PYTHON) -m venv .venv-cluster
	.venv-cluster/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.txt -r requirements-cluster.txt
	@touch $@
