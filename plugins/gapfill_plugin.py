"""Registers Gapfill with Airflow, and nothing else: its code lives in ``include/``.

This file is imported in every process of Airflow, each task's too, so it imports next to
nothing until it has something to do.
"""

from __future__ import annotations

import logging

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

log = logging.getLogger(__name__)


class PoolMaker:
    """Makes the pools of Gapfill's sources when a scheduler starts."""

    @hookimpl
    def on_starting(self, component: object) -> None:
        """Make what is absent; whatever goes wrong is logged and harms no scheduler.

        Args:
            component: What starts. A scheduler comes as a ``Job``, of which nothing is set
                yet, a task as something else.
        """
        if type(component).__name__ != "Job":
            return
        try:
            from gapfill.orchestration.pools import make_pools

            made = make_pools()
        except Exception:
            log.exception("Gapfill's pools could not be made; without them its tasks wait for ever.")
        else:
            if made:
                log.info("Made the pools %s.", ", ".join(made))


class GapfillPlugin(AirflowPlugin):
    """Gapfill's listener."""

    name = "gapfill"
    listeners = [PoolMaker()]  # noqa: RUF012 - Airflow's declaration
