"""Brings in what is current every hour, so that gaps do not form.

**Runs** hourly at :05 (UTC). A run that was missed is not caught up: `gap_detection` does.

**Does** the same as `gap_detection`, with the same plan, fill and certificate, for the last
14 hours and what is published ahead, and asks only who has that: OpenWeatherMap for the
reading of now, AEMET for its last 12 hours, REE for the published days. Both DAGs share one
pool per source, so that they never exceed a rate together.

**When it fails**, `gate` and the alert say why in one sentence, as those of `gap_detection`
do; nothing is lost, the next run of either DAG asks again.
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
    """Wire the tasks; what they do is in ``gapfill.orchestration``."""
    wire(SOURCES, only_current=True)


preventive_ingestion()
