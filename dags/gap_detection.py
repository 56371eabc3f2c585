"""Finds the missing slots of all series, requests them from the right source and checks the result.

**Runs** every two hours (UTC) over the whole history of every series, and by hand with the
trigger form: a range of local days, one series, only long gaps, or `dry_run` to see the plan.

**Does** `validate_request → detect_gaps → plan_backfill → choose_sources`, then for each
source that is asked `units_… → backfill_…` (one mapped task per unit, named
`series start–end`), then `summarize → gate`. Every installed source has its tasks. A run without
missing slots calls no API. Two runs at the same time do no harm: each finds the values that the
other has written.

**When it fails**, `gate` and the alert give the reason in one sentence.

- *A source cannot be reached*: nothing to do, the next run asks again. Values that were written
  remain. Units that were left for later are named and do not fail the run.
- *A connection, a key or the catalogue is wrong*: correct what the sentence names, then clear the
  failed tasks.
- *The store cannot be read or written*: repair it and clear the failed tasks. No value was guessed
  meanwhile.
- *An answer could not be understood*: none of it was stored; see `docs/how_to/runbook.md`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from gapfill.alerts.callbacks import alert
from gapfill.orchestration.dag_builder import DEFAULT_ARGS, wire
from gapfill.orchestration.trigger_form import trigger_form
from gapfill.sources import registry


@dag(
    schedule="0 */2 * * *",
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=2,
    dagrun_timeout=timedelta(minutes=100),
    tags=["gapfill"],
    doc_md=__doc__,
    on_failure_callback=alert,
    default_args=DEFAULT_ARGS,
)
def gap_detection() -> None:
    """Connect the tasks; their code is in ``gapfill.orchestration``."""
    wire(registry.names())


wired = gap_detection()
# Set last: Airflow copies the form for each task that follows, half the time of parsing.
wired.params = trigger_form()
