"""The tasks of every DAG of Gapfill, from the request to the gate, connected in one place.

`validate_request → detect_gaps → plan_backfill → choose_sources`, then for each source of the
plan `units_… → backfill_…` (one mapped task per unit, named `series start–end`), then
`summarize → gate`. The gates of all DAGs share a pool with one slot. The branch is not mapped:
inside a mapped group Airflow 3.3.2 runs every leaf (ADR 0004).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import TriggerRule, chain, task

from gapfill import settings
from gapfill.alerts.callbacks import alert
from gapfill.orchestration.assets import alias
from gapfill.orchestration.retry_policy import CEILING, BySeverity

if TYPE_CHECKING:
    from collections.abc import Sequence

BEFORE_UNITS = ("validate_request", "detect_gaps", "plan_backfill", "choose_sources")

DEFAULT_ARGS: dict[str, Any] = {
    "retries": 1,
    "retry_delay": timedelta(seconds=settings.retry_delay_s()),
    "retry_policy": BySeverity(),
    "execution_timeout": timedelta(minutes=20),
}
"""Arguments of every task."""


@task
def validate_request(sources: Any, params: Any = None, ti: Any = None) -> Any:
    """Make a request from the trigger form, or for the current values of the given sources."""
    from gapfill.orchestration import tasks

    return tasks.validate_request(params, ti) if sources is None else tasks.current(sources, ti)


@task
def detect_gaps(request: Any, ti: Any = None) -> Any:
    """Find the state of every expected slot."""
    from gapfill.orchestration import tasks

    return tasks.detect_gaps(request, ti)


@task
def plan_backfill(request: Any, reports: Any, ti: Any = None) -> Any:
    """Plan the requests to each source, and count the calls."""
    from gapfill.orchestration import tasks

    return tasks.plan_backfill(request, reports, ti)


@task.branch
def choose_sources(request: Any, plan: Any, sources: Any, ti: Any = None) -> Any:
    """Continue with the `units_…` tasks of the sources in the plan."""
    from gapfill.orchestration import tasks

    return tasks.choose_sources(request, plan, sources, "units_", ti)


@task
def pick(plan: Any, source: str) -> Any:
    """Return the plan's units of one source."""
    from gapfill.orchestration import tasks

    return tasks.pick_units(plan, source)


@task(retries=CEILING, map_index_template="{{ task.op_kwargs['unit']['label'] }}")
def backfill(unit: Any, dag_run: Any = None, ti: Any = None) -> Any:
    """Carry out one unit."""
    from gapfill.orchestration import tasks

    return tasks.backfill(unit, tasks.run_name(dag_run.dag_id, dag_run.run_id), ti)


@task(trigger_rule=TriggerRule.ALL_DONE, outlets=[alias()])
def summarize(certificates: Any, **context: Any) -> Any:
    """Summarize the run, whether or not its tasks succeeded."""
    from gapfill.orchestration import summarize as closing

    return closing.summarize_run(certificates, BEFORE_UNITS, context)


@task(retries=0, pool="gapfill_gates", on_failure_callback=alert)
def gate(summary: Any, ti: Any = None) -> None:
    """Fail the run if something failed."""
    from gapfill.orchestration import summarize as closing

    closing.gate(summary, ti)


def wire(sources: Sequence[str], *, only_current: bool = False) -> None:
    """Create and connect the tasks of the DAG that is being defined.

    Args:
        sources: Sources that the DAG has tasks for.
        only_current: Whether the DAG has no form and fetches only their current values.
    """
    request = validate_request(list(sources) if only_current else None)
    plan = plan_backfill(request, detect_gaps(request))
    chosen = choose_sources(request, plan, list(sources))
    certificates: list[Any] = []
    for source in sources:
        units = pick.override(task_id=f"units_{source}")(plan, source)
        chain(chosen, units)
        filling = backfill.override(task_id=f"backfill_{source}", pool=f"gapfill_{source}")
        certificates.append(filling.expand(unit=units))
    gate(summarize(certificates))
