"""An example: retrains a model when prices have changed.

Copy it into your DAG folder and put your own training into ``retrain``. It runs once after each
run of Gapfill that changed prices (the asset ``gapfill_pvpc``). A cycle without changes does not
start it. The event lists the healed intervals, so you need to read only those again.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import dag, task

from gapfill.orchestration.assets import series_asset

PRICES = series_asset("pvpc")

log = logging.getLogger(__name__)


def changed(events: list[Any]) -> list[tuple[str, str]]:
    """Return the intervals ``[start, end)`` of all events, sorted, without duplicates."""
    found = {
        (interval["start"], interval["end"])
        for event in events
        for interval in event.extra["intervals"]
    }
    return sorted(found)


@dag(
    schedule=[PRICES],
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["gapfill", "example"],
    doc_md=__doc__,
)
def retrain_on_prices() -> None:
    """Define the task."""

    @task
    def retrain(triggering_asset_events: Any = None) -> Any:  # noqa: ANN401 - Airflow's own
        """Log what has changed; put your training here."""
        intervals = changed(list(triggering_asset_events[PRICES]))
        for start, end in intervals:
            log.info("Prices changed from %s to %s", start, end)
        return intervals

    retrain()


retrain_on_prices()
