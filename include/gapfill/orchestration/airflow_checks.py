"""Checks what Airflow knows of Gapfill: its DAGs, pools and plugin, from Airflow's database."""

from __future__ import annotations

from collections.abc import Callable

from airflow import plugins_manager
from airflow.models.dag import DagModel
from airflow.models.errors import ParseImportError
from airflow.models.pool import Pool
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from gapfill.catalog import Catalog
from gapfill.domain.formatting import count, listed
from gapfill.orchestration.check import Check, Health
from gapfill.orchestration.pools import GATES, pool_of

DAGS = ("gap_detection", "preventive_ingestion")
"""The DAGs of Gapfill."""


def examine_airflow(known: Catalog | None) -> list[Check]:
    """Check the DAGs, the plugin, and the pools of the catalogue's sources, if it can be read."""
    checks: list[Callable[[], Check]] = [_dags, _plugin]
    if known is not None:
        checks.append(lambda: _pools(known))
    found: list[Check] = []
    for check in checks:
        try:
            found.append(check())
        except SQLAlchemyError as exc:
            said = (
                f"Airflow's database cannot be read ({type(exc).__name__}): run this where "
                "Airflow's own commands work, after `airflow db migrate`."
            )
            return [*found, Check("Airflow", Health.ERROR, said)]
    return found


def _dags() -> Check:

    with create_session() as session:
        found = {dag.dag_id: dag for dag in session.scalars(select(DagModel)) if not dag.is_stale}
        broken = [e.filename for e in session.scalars(select(ParseImportError)) if e.filename]
        paused = [name for name in DAGS if name in found and found[name].is_paused]
    own = [name for name in broken if any(dag in name for dag in DAGS)]
    if own:
        said = f"Airflow cannot import {listed(own)}: see `airflow dags list-import-errors`."
        return Check("DAGs", Health.ERROR, said)
    absent = [name for name in DAGS if name not in found]
    if absent:
        said = (
            f"Airflow does not know {' and '.join(absent)}: copy dags/ into its DAGs folder, add "
            "include/ to PYTHONPATH, and wait for the DAG processor."
        )
        return Check("DAGs", Health.ERROR, said)
    if paused:
        said = f"Paused, so nothing runs: {' and '.join(paused)} (`airflow dags unpause`)."
        return Check("DAGs", Health.WARNING, said)
    return Check("DAGs", Health.OK, f"Airflow knows {' and '.join(DAGS)}.")


def _plugin() -> Check:

    named = {str(one["name"]) for one in plugins_manager.get_plugin_info()}
    failed = {
        name: said
        for name, said in plugins_manager.get_import_errors().items()
        if "gapfill" in name
    }
    for name, said in failed.items():
        return Check("plugin", Health.ERROR, f"Airflow cannot import {name}: {said}")
    if "gapfill" not in named:
        said = (
            "Airflow has no plugin gapfill: copy plugins/ into its plugins folder and restart it."
        )
        return Check("plugin", Health.ERROR, said)
    return Check("plugin", Health.OK, "Airflow has loaded the plugin.")


def _pools(known: Catalog) -> Check:

    with create_session() as session:
        slots = {pool.pool: pool.slots for pool in session.scalars(select(Pool))}
    needed = [GATES, *map(pool_of, known.sources)]
    absent = [name for name in needed if slots.get(name, 0) == 0]
    if absent:
        said = (
            f"{count(len(absent), 'pool')} without a slot or not there ({listed(absent)}), so "
            "tasks wait for ever: restart the scheduler, which makes them, or make them in Airflow."
        )
        return Check("pools", Health.ERROR, said)
    wide = [name for name in needed if slots[name] > 1]
    if wide:
        said = f"{listed(wide)} with more than one slot: two callers may exceed a source's rate."
        return Check("pools", Health.WARNING, said)
    return Check("pools", Health.OK, f"All {len(needed)} pools are there.")
