"""Fetches current values every hour, so that no gaps form.

**Runs** hourly at :05 (UTC). Airflow does not repeat a missed run: `gap_detection` finds its
slots.

**Does** the same as `gap_detection`, with the same plan, fill and certificate, for the last 14
hours and for days that are published ahead. It asks only the sources of these values:
OpenWeatherMap for the current reading, AEMET for its last 12 hours, REE for the published days.
Both DAGs share one pool per source, so that together they never exceed a rate.

**When it fails**, `gate` and the alert give the reason in one sentence, as for `gap_detection`.
Nothing is lost: the next run of either DAG asks again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from gapfill.alerts.callbacks import alert
from gapfill.orchestration.dag_builder import DEFAULT_ARGS, wire

SOURCES = ("ree", "openweathermap", "aemet")


@dag(
    schedule="5 * * * *",
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=50),
    tags=["gapfill"],
    doc_md=__doc__,
    on_failure_callback=alert,
    default_args=DEFAULT_ARGS,
)
def preventive_ingestion() -> None:
    """Connect the tasks; their code is in ``gapfill.orchestration``."""
    wire(SOURCES, only_current=True)


preventive_ingestion()
