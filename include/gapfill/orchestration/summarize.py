"""The last tasks of a DAG: they summarize the run, and fail it if something failed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from gapfill.alerts import conditions
from gapfill.alerts import state as incidents
from gapfill.alerts.callbacks import CAUSE, PROBLEM
from gapfill.alerts.incidents import Condition
from gapfill.domain.plan import Plan
from gapfill.errors import ErrorCode
from gapfill.orchestration import assets, metrics
from gapfill.orchestration.large_documents import drop_old, is_stored, opened
from gapfill.orchestration.retry_policy import PLAIN
from gapfill.orchestration.tasks import RESULT, open_context, run_name, write_log
from gapfill.reporting import documents, log_lines
from gapfill.reporting.codec import Json, from_json, request_from_json
from gapfill.reporting.plan_models import RunOut
from gapfill.services.certificate import Certificate
from gapfill.services.clean_up import clean_up
from gapfill.services.context import RunContext
from gapfill.services.detection import Report
from gapfill.services.failure import Failure
from gapfill.services.planning import detect_all
from gapfill.services.source_faults import faults, with_faults
from gapfill.services.summary import Summary, nothing_done, summarize

if TYPE_CHECKING:
    from gapfill.orchestration.tasks import Instance

NO_PLAN = "no plan was made; the log of the first red task says why"
"""The sentence for a task that was killed before it could report a problem."""

LISTED = 100
"""Healed intervals that the summary of a run lists; the asset events have all of them."""

log = logging.getLogger(__name__)


def summarize_run(
    certificates: Iterable[Iterable[Json] | None],
    task_ids: Sequence[str],
    context: Mapping[str, Any],
) -> Json:
    """Return the summary of a run, whether or not its tasks succeeded; emit the asset events.

    Args:
        certificates: What the mapped tasks returned, by source.
        task_ids: The tasks before the units. The first three return the request, the reports
            and the plan; each of them may have failed.
        context: Context of the running task.

    Raises:
        StoreError: If the batches, the reports or the plan cannot be read back.
    """
    dag_run, ti = context["dag_run"], context["ti"]
    run, seconds = run_name(dag_run.dag_id, dag_run.run_id), _age_s(dag_run.start_date)
    states = _states(ti, dag_run)
    refused = [name for name in task_ids if states.get(name) == "failed"]
    problems = problems_of(ti, refused)
    request, reports, plan = (_result_of(ti, name, states) for name in task_ids[:3])
    if request is None or reports is None or plan is None:
        document = _document(nothing_done([*map(Failure, problems or [NO_PLAN])], seconds))
        document |= _without_plan(ti, refused, dag_run.dag_id, log_lines.trouble(document))
        log.error("%s", log_lines.trouble(document))
        return document
    is_dry = request["dry_run"]
    with open_context() as run_context:
        order = request_from_json(request["order"], run_context.catalog)
        store, now = run_context.store, run_context.now
        made = from_json(Plan, opened(plan, store, now))
        before = [from_json(Report, report) for report in opened(reports, store, now)]
        after = detect_all(run_context, order)
        found = _of_plan(made, run, certificates, list(run_context.catalog.sources))
        summary = summarize(
            run_context,
            run,
            [replace(made, units=(), deferred=0) if is_dry else made],
            found,
            before,
            after,
            seconds,
            order.selection.interval,
        )
        asked_all = order.selection.interval is None and not order.max_gap_hours
        seen = conditions.evaluate_conditions(
            run_context, before, after, found, summary.records, asked_all=asked_all
        )
        is_manual = dag_run.run_type == "manual"  # an enumeration of texts, whose str() is none
        records = conditions.worth_telling(run_context, before, summary.records, everything=True)
        metrics.emit(after, records, summary.calls, run_context.now)
        news = conditions.worth_telling(run_context, before, summary.records, everything=is_manual)
        watched = [*run_context.catalog.series, *run_context.catalog.sources]
        unusable = {} if is_dry else faults(run_context, order, after)
        if found and not is_dry:
            _fold_old(run_context)
        if any(map(is_stored, (reports, plan))):
            drop_old(store, now)
    summary = with_faults(summary, unusable)
    summary = replace(summary, failures=[*map(Failure, problems), *summary.failures])
    document = _document(summary, made if is_dry else None)
    seen += _of_run(dag_run.dag_id, conditions.untold(summary.failures, seen, after), is_dry=is_dry)
    document |= {"sights": incidents.to_documents(seen), "news": news, "watched": watched}
    write_log(log_lines.summary_lines(document, after))
    assets.announce(context["outlet_events"], run, document["healed"])
    return shorten(document)


def shorten(document: Json) -> Json:
    """Return a summary with at most ``LISTED`` healed intervals, and the number of the others.

    Each series keeps its newest ones.
    """
    healed: Mapping[str, Sequence[Json]] = document["healed"]
    total = sum(map(len, healed.values()))
    if total <= LISTED:
        return document
    most = max(1, LISTED // len(healed))
    listed = {name: runs[-most:] for name, runs in list(healed.items())[:LISTED]}
    left = total - sum(map(len, listed.values()))
    return {**document, "healed": listed, "healed_not_listed": left}


def _fold_old(context: RunContext) -> None:
    """Fold old ledger lines; a problem is a warning in the log only."""
    folded, problem = clean_up(context)
    if problem:
        log.warning("%s", problem)
    elif folded.lines or folded.calls:
        log.info("folded %d old ledger lines and %d old calls", folded.lines, folded.calls)


def problems_of(ti: Instance, task_ids: Iterable[str]) -> list[str]:
    """Return the sentences in which tasks reported why they failed, in order."""
    found = [ti.xcom_pull(task_id, key=PROBLEM, map_indexes=None) for task_id in task_ids]
    return [str(sentence) for sentence in found if sentence]


def gate(document: Json, ti: Instance) -> None:
    """Report the incidents of the run, and fail it with one sentence if something failed.

    The sentence is also left for the callback of the run, which then sends nothing.

    Raises:
        AirflowFailException: If a unit failed, a read-back fell short or a read failed.
    """
    link = incidents.run_link(ti.dag_id, ti.run_id)
    enriched = document["slots_enriched"] if document["news"] else 0
    incidents.update_incidents(
        incidents.seen(document), link, document["news"], document.get("watched"), enriched
    )
    problem = log_lines.trouble(document)
    if problem:
        ti.xcom_push(PROBLEM, problem)
        raise AirflowFailException(problem)
    log.info("%s", log_lines.sentence(document))


def _without_plan(ti: Instance, refused: Iterable[str], dag_id: str, problem: str | None) -> Json:
    """Return the conditions of a run that made no plan: the store failed, or the run itself.

    An invalid request raises no incident; only the person who made it sees the sentence.
    """
    causes = {ti.xcom_pull(name, key=CAUSE, map_indexes=None) for name in refused}
    if ErrorCode.STORE in causes:
        tried = f"that task, {1 + PLAIN} times."
        seen = [conditions.store_failed(problem or NO_PLAN, tried)]
    elif ErrorCode.REQUEST in causes:
        seen = []
    else:
        seen = [incidents.run_condition(dag_id, problem)]
    return {"sights": incidents.to_documents(seen), "news": {}}


def _of_run(dag_id: str, failures: Sequence[Failure], *, is_dry: bool) -> list[Condition]:
    """Return the condition of the run: whether it has failures that no other incident covers.

    A dry run without failures proves nothing, so it has no condition.
    """
    if not failures and is_dry:
        return []
    return [incidents.run_condition(dag_id, " ".join(one.sentence for one in failures) or None)]


def _of_plan(
    plan: Plan, run: str, certificates: Iterable[Iterable[Json] | None], sources: Sequence[str]
) -> list[Certificate]:
    """Return the certificates of the plan's units, in the order of these sources.

    A cleared run may still hold certificates of units that the new plan does not contain.
    """
    batches = {unit.batch(run) for unit in plan.units}
    found = [from_json(Certificate, c) for of_source in certificates for c in of_source or ()]
    kept = [certificate for certificate in found if certificate.batch in batches]
    ranks = {name: n for n, name in enumerate(sources)}
    return sorted(kept, key=lambda certificate: ranks.get(certificate.source, len(ranks)))


def _age_s(started: datetime | None) -> float:
    return (datetime.now(UTC) - started).total_seconds() if started else 0.0


def _states(ti: Instance, dag_run: Any) -> Mapping[str, str]:  # noqa: ANN401 - Airflow's own
    """Return the states of the run's unmapped tasks, by task id."""
    found = ti.get_task_states(dag_id=dag_run.dag_id, run_ids=[dag_run.run_id])
    states: Mapping[str, str] = found.get(dag_run.run_id, {})
    return {name: str(state) for name, state in states.items()}


def _result_of(ti: Instance, task_id: str, states: Mapping[str, str]) -> Any:  # noqa: ANN401 - whatever is JSON
    """Return the result of a task, ``None`` if the task did not succeed.

    The state counts, not the presence of a result: a task of a cleared run that does not run
    again, because another one failed, still has its old result.
    """
    if states.get(task_id) != "success":
        return None
    return ti.xcom_pull(task_id, key=RESULT, map_indexes=None)


def _document(summary: Summary, dry: Plan | None = None) -> Json:
    """Return the document of a summary, with the planned units and calls of a dry run."""
    return {
        **documents.plain(RunOut.model_validate(summary)),
        "dry_run": dry is not None,
        "units_planned": len(dry.units) if dry else 0,
        "calls_planned": dry.calls if dry else 0,
    }
