"""Finds the missing slots of all series, asks the right source for them and proves the result.

**Runs** every two hours (UTC) over the whole history of every series, and by hand with the
trigger form: a range of local days, one series, only long gaps, or `dry_run` to see the plan.

**Does** `validate_request → detect_gaps → plan_backfill → choose_sources`, then for each
source that is asked `units_… → backfill_…` (one mapped task per unit, named
`series start–end`), then `summarize → gate`. A quiet cycle asks nobody. Two runs at once
do no harm: what one has written, the other finds standing.

**When it fails**, `gate` and the alert say why in one sentence.

- *A source cannot be reached*: nothing to do, the next run asks again. What was written
  stands; units that were left for later are named and turn no run red.
- *A connection, a key or the catalogue is wrong*: mend what the sentence names, then clear
  the failed tasks.
- *The store cannot be read or written*: mend it and clear. Nothing was guessed meanwhile.
- *An answer could not be understood*: none of it was stored; see `docs/runbook.md`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import TriggerRule, chain, dag, task

from gapfill import settings
from gapfill.orchestration.alerts import alert
from gapfill.orchestration.assets import alias
from gapfill.orchestration.form import trigger_form
from gapfill.orchestration.retry import CEILING, BySeverity

SOURCES = ("ree", "esios")
BEFORE_UNITS = ("validate_request", "detect_gaps", "plan_backfill", "choose_sources")


@dag(
    schedule="0 */2 * * *",
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=2,
    dagrun_timeout=timedelta(minutes=100),
    tags=["gapfill"],
    doc_md=__doc__,
    on_failure_callback=alert,
    default_args={
        "retries": 1,
        "retry_delay": timedelta(seconds=settings.retry_delay_s()),
        "retry_policy": BySeverity(),
        "execution_timeout": timedelta(minutes=20),
    },
)
def gap_detection() -> None:
    """Wire the tasks; what they do is in ``gapfill.orchestration``."""

    @task
    def validate_request(params: Any = None, ti: Any = None) -> Any:
        from gapfill.orchestration import tasks

        return tasks.validate_request(params, ti)

    @task
    def detect_gaps(request: Any, ti: Any = None) -> Any:
        from gapfill.orchestration import tasks

        return tasks.detect_gaps(request, ti)

    @task
    def plan_backfill(request: Any, reports: Any, ti: Any = None) -> Any:
        from gapfill.orchestration import tasks

        return tasks.plan_backfill(request, reports, ti)

    @task.branch
    def choose_sources(request: Any, plan: Any, ti: Any = None) -> Any:
        from gapfill.orchestration import tasks

        return tasks.choose_sources(request, plan, SOURCES, "units_", ti)

    @task
    def pick(plan: Any, source: str) -> Any:
        from gapfill.orchestration import tasks

        return tasks.pick_units(plan, source)

    @task(retries=CEILING, map_index_template="{{ task.op_kwargs['unit']['label'] }}")
    def backfill(unit: Any, dag_run: Any = None, ti: Any = None) -> Any:
        from gapfill.orchestration import tasks

        return tasks.backfill(unit, tasks.run_name(dag_run.dag_id, dag_run.run_id), ti)

    @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[alias()])
    def summarize(certificates: Any, **context: Any) -> Any:
        from gapfill.orchestration import closing

        return closing.summarize_run(certificates, BEFORE_UNITS, context)

    @task(retries=0, on_failure_callback=alert)
    def gate(summary: Any, ti: Any = None) -> None:
        from gapfill.orchestration import closing

        closing.gate(summary, ti)

    request = validate_request()
    plan = plan_backfill(request, detect_gaps(request))
    chosen = choose_sources(request, plan)
    certificates: list[Any] = []
    for source in SOURCES:
        units = pick.override(task_id=f"units_{source}")(plan, source)
        chain(chosen, units)
        filling = backfill.override(task_id=f"backfill_{source}", pool=f"gapfill_{source}")
        certificates.append(filling.expand(unit=units))
    gate(summarize(certificates))


wired = gap_detection()
# Set last: Airflow copies the form for every task made after it, half the time of parsing.
wired.params = trigger_form()
