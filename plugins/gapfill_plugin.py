"""Registers Gapfill with Airflow, and nothing else: its code lives in ``include/``.

This file is imported in every process of Airflow, each task's too, so it imports next to
nothing until it has something to do.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from typing import Any

log = logging.getLogger(__name__)


@hookimpl
def on_starting(component: object) -> None:
    """Make the pools that are absent when a scheduler starts; harm none, whatever goes wrong.

    Args:
        component: What starts. A scheduler, or another of Airflow's services, is a ``Job``
            of which nothing is set yet; a task is something else.
    """
    if type(component).__name__ != "Job":
        return
    try:
        from gapfill.orchestration.pools import make_pools

        made = make_pools()
    except Exception:  # a wrong catalogue must not stop everybody's scheduler
        log.exception("The pools of Gapfill could not be made; its units will wait for them")
    else:
        if made:
            log.info("Made the pools %s", ", ".join(made))


_PAGE = {
    "name": "Gaps",
    "href": "gaps/",  # relative: Airflow may live under a path of its own
    "icon": "gaps/static/nav.svg",
    "icon_dark_mode": "gaps/static/nav-dark.svg",
}


class GapfillPlugin(AirflowPlugin):
    """What Airflow loads."""

    name = "gapfill"
    listeners = [sys.modules[__name__]]  # noqa: RUF012 - Airflow's declaration
    external_views = [  # noqa: RUF012 - Airflow's declaration
        {**_PAGE, "destination": "nav", "url_route": "gaps"},
        {**_PAGE, "destination": "dag", "url_route": "dag-gaps"},
    ]

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override] # made when read
        """The routes; made where they are asked for, in the API server."""
        try:
            from gapfill.webui.app import apps

            return list(apps())
        except Exception:  # whatever is wrong, everybody's API server must start
            log.exception("The page and the routes of Gapfill could not be made")
            return []
