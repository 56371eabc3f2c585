"""Registers Gapfill with Airflow, nothing else: here, the pools of its sources.

A task whose pool does not exist waits for ever, and neither tasks nor DAG files can
make one. The scheduler can: it tells its listeners when it starts. This module is
imported in every task's process, so it imports next to nothing.
"""

from __future__ import annotations

import logging
import sys

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

log = logging.getLogger(__name__)


@hookimpl
def on_starting(component: object) -> None:
    """Make the pools, one slot each, when a scheduler (or another job) starts."""
    if type(component).__name__ == "Job":
        _make_pools()


def _make_pools() -> None:
    """Make the pool of each source that has none; one that a person changed stays."""
    try:
        from airflow.models.pool import Pool

        from gapfill import catalog, settings

        for source in catalog.load(settings.catalog_path()).sources.values():
            name = f"gapfill_{source.name}"
            if Pool.get_pool(name) is None:
                Pool.create_or_update_pool(
                    name, 1, f"Gapfill: one caller of {source.title}", include_deferred=False
                )
                log.info("Made the pool %s", name)
    except Exception:  # a wrong catalogue must not stop everybody's scheduler
        log.exception("The pools of Gapfill could not be made; its units will wait for them")


class GapfillPlugin(AirflowPlugin):
    """What Airflow loads."""

    name = "gapfill"
    listeners = [sys.modules[__name__]]  # noqa: RUF012 - as the base class has it
