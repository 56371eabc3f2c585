"""Finds the missing slots of all series, asks the right source for them and proves the result.

**Runs** every two hours (UTC), over the whole history of every series, and by hand with the
trigger form: a range of local days, one series, only long gaps, or `dry_run` to see the plan.

**Does** `validate_request → detect_gaps → plan_backfill → choose_sources`, then per source
`units_… → backfill_…` (one mapped task per unit, named `series start–end`), `summarize`,
`gate`. A quiet cycle ends after the plan. Two runs at once do no harm.

**When it fails**, `gate` says why in one sentence, and so does the alert:

* *a source cannot be reached, or refuses*: nothing to do. The next run asks again; what
  was written stands. Units left for later are named and do not make a run red.
* *no connection, a wrong key or catalogue*: mend what the sentence names, clear the run.
* *the store cannot be read or written*: mend it; gaps are never guessed meanwhile.
* *an answer could not be understood*: nothing of it was stored. If it goes on, the
  source has changed its format: see `docs/runbook.md`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from airflow.sdk import Param, TriggerRule, dag, task

from gapfill import settings
from gapfill.orchestration.alerts import alert
from gapfill.orchestration.assets import alias
from gapfill.orchestration.retry import CEILING, BySeverity

SOURCES = ("ree", "esios")
SERIES = ("series:pvpc", "series:weather_hourly", "series:weather_daily")
BEFORE_UNITS = ("validate_request", "detect_gaps", "plan_backfill", "choose_sources")

Json = dict[str, Any]


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
    params={
        "start_date": Param(
            None,
            type=["null", "string"],
            format="date",
            description="First local day (Europe/Madrid). Empty: from the beginning.",
        ),
        "end_date": Param(
            None,
            type=["null", "string"],
            format="date",
            description="Last local day, included. Give both dates or neither.",
        ),
        "data_source": Param(
            "all",
            type="string",
            examples=["all", "ree", "weather", *SERIES],
            description="all, a group, or series:NAME as in the catalogue.",
        ),
        "days_back": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=3650,
            description="Instead of dates: from local midnight so many days ago until now.",
        ),
        "max_gap_hours": Param(
            0, type="number", minimum=0, description="Only gaps longer than this; 0 for all."
        ),
        "dry_run": Param(
            default=False,
            type="boolean",
            description="Stop at the plan: ask nobody, write nothing.",
        ),
        "force": Param(
            default=False,
            type="boolean",
            description="Ask again what sources said they do not have.",
        ),
        "refresh": Param(
            default=False,
            type="boolean",
            description="Ask again what is complete, for corrected values. Needs a range.",
        ),
    },
)
def gap_detection() -> None:
    """Wire the tasks; what they do is in ``gapfill.orchestration``."""

    @task(multiple_outputs=False)
    def validate_request(params: Json | None = None, ti: Any = None) -> Json:
        from gapfill.orchestration import tasks

        return tasks.validate_request(params or {}, ti)

    @task(multiple_outputs=False)
    def detect_gaps(request: Json, ti: Any = None) -> list[Json]:
        from gapfill.orchestration import tasks

        return tasks.detect_gaps(request, ti)

    @task(multiple_outputs=False)
    def plan_backfill(request: Json, reports: list[Json], ti: Any = None) -> Json:
        from gapfill.orchestration import tasks

        return tasks.plan_backfill(request, reports, ti)

    @task.branch
    def choose_sources(request: Json, plan: Json, ti: Any = None) -> list[str]:
        from gapfill.orchestration import tasks

        return tasks.choose_sources(request, plan, SOURCES, "units_", ti)

    @task(multiple_outputs=False)
    def pick(plan: Json, source: str) -> list[Json]:
        from gapfill.orchestration import tasks

        return tasks.pick_units(plan, source)

    @task(
        multiple_outputs=False,
        retries=CEILING,
        map_index_template="{{ task.op_kwargs['unit']['label'] }}",
    )
    def backfill(unit: Json, dag_run: Any = None, ti: Any = None) -> Json:
        from gapfill.orchestration import tasks

        return tasks.backfill(unit, tasks.run_name(dag_run.dag_id, dag_run.run_id), ti)

    @task(multiple_outputs=False, trigger_rule=TriggerRule.ALL_DONE, outlets=[alias()])
    def summarize(certificates: list[list[Json]], **context: Any) -> Json:
        from gapfill.orchestration import tasks

        return tasks.summarize_run(certificates, BEFORE_UNITS, context)

    @task(on_failure_callback=alert)
    def gate(summary: Json) -> None:
        from gapfill.orchestration import tasks

        tasks.gate(summary)

    request: Any = validate_request()
    plan: Any = plan_backfill(request, cast("Any", detect_gaps(request)))
    chosen = choose_sources(request, plan)
    done: list[Any] = []
    for source in SOURCES:
        units = pick.override(task_id=f"units_{source}")(plan, source)
        chosen >> units
        fill = backfill.override(task_id=f"backfill_{source}", pool=f"gapfill_{source}")
        done.append(fill.expand(unit=units))
    summary: Any = summarize(done)
    chosen >> summary
    gate(summary)


gap_detection()
