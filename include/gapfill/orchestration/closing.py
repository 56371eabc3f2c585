"""What the last tasks of a DAG do: say what a run came to, and turn it red where something failed."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from gapfill.domain.plan import Plan
from gapfill.orchestration import assets, story
from gapfill.orchestration.tasks import PROBLEM, open_site, tell
from gapfill.orchestration.wire import Json, from_json, order_from_json
from gapfill.services import views
from gapfill.services.detect import Report
from gapfill.services.fill import Certificate
from gapfill.services.planner import survey
from gapfill.services.summary import Summary, summarize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gapfill.orchestration.tasks import Instance

NO_PLAN = "no plan was made; the log of the first red task says why"
"""What is said where a task was killed before it could say anything itself."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Remains:
    """What the tasks of a run left behind, whatever became of them.

    Attributes:
        request: What was asked for, ``None`` where it was refused.
        reports: What was detected, ``None`` where it was not.
        plan: The plan, ``None`` where there is none.
        certificates: What the mapped tasks returned, by source.
        problems: Sentences with which tasks refused to go on.
    """

    request: Json | None
    reports: Sequence[Json] | None
    plan: Json | None
    certificates: Iterable[Iterable[Json]]
    problems: Sequence[str] = ()


def summarize_run(
    left: Remains, run: str, started: datetime | None, outlet_events: Mapping[Any, Any]
) -> Json:
    """Say what a run came to, whatever became of its tasks, and emit the asset events.

    Args:
        left: What the tasks left behind.
        run: Id of the run.
        started: Real time at which it began.
        outlet_events: Of the task's context.

    Raises:
        StoreError: If the batches cannot be read back.
    """
    seconds = (datetime.now(UTC) - started).total_seconds() if started else 0.0
    if left.request is None or left.reports is None or left.plan is None:
        document = _document(_failure(left.problems or [NO_PLAN], seconds))
        log.error("%s", story.trouble(document))
        return document
    plan, is_dry = from_json(Plan, left.plan), left.request["dry_run"]
    with open_site() as site:
        after = survey(site, order_from_json(left.request["order"], site.catalog))
        summary = summarize(
            site,
            run,
            [replace(plan, units=(), deferred=0) if is_dry else plan],
            [from_json(Certificate, c) for of_source in left.certificates for c in of_source],
            [from_json(Report, report) for report in left.reports],
            after,
            seconds,
        )
    told = replace(summary, failures=[*left.problems, *summary.failures])
    document = _document(told, plan if is_dry else None)
    tell(story.summary_lines(document, after))
    assets.announce(outlet_events, run, document["healed"])
    return document


def problems_of(ti: Instance, task_ids: Iterable[str]) -> list[str]:
    """Return the sentences with which tasks refused to go on, in order."""
    found = [ti.xcom_pull(task_id, key=PROBLEM, map_indexes=None) for task_id in task_ids]
    return [str(sentence) for sentence in found if sentence]


def gate(document: Json) -> None:
    """Turn the run red where something failed, with one sentence that says what.

    Raises:
        AirflowFailException: If a unit failed, a read-back fell short or a read failed.
    """
    problem = story.trouble(document)
    if problem:
        raise AirflowFailException(problem)
    log.info("%s", story.sentence(document))


def _failure(problems: Sequence[str], seconds: float) -> Summary:
    """Return the summary of a run that did not get as far as a plan."""
    return Summary(
        status="failed",
        ree_records_recovered=0,
        weather_records_recovered=0,
        duration_seconds=round(seconds, 3),
        gaps_found=0,
        gaps_resolved=0,
        gaps_waiting=0,
        gaps_unfillable=0,
        units_failed=0,
        units_deferred=0,
        calls=0,
        failures=problems,
    )


def _document(summary: Summary, dry: Plan | None = None) -> Json:
    """Return a summary's document, with what a dry run has planned."""
    return {
        **views.summarized(summary),
        "dry_run": dry is not None,
        "units_planned": len(dry.units) if dry else 0,
        "calls_planned": dry.calls if dry else 0,
    }
