"""What the tasks of a DAG do; the DAG files wire them.

Each takes and returns plain JSON. What refuses to go on says why in a sentence, which is
also left for ``summarize`` under ``PROBLEM``, so that one message at the end of the run
tells it, whichever task it was.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from airflow.sdk.exceptions import AirflowFailException

from gapfill.domain.plan import Plan, Unit
from gapfill.errors import ConfigError, GapfillError, StoreError
from gapfill.orchestration import assets, story, wiring
from gapfill.orchestration.params import is_dry_run, read_order
from gapfill.orchestration.wire import Json, from_json, order_from_json, order_to_json, to_json
from gapfill.services import views
from gapfill.services.detect import Report
from gapfill.services.fill import Certificate, failed, fill
from gapfill.services.planner import make_plan, survey
from gapfill.services.summary import Summary, summarize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gapfill.services.site import Site

PROBLEM = "problem"
"""XCom key of the sentence with which a task refused to go on."""

RESULT = "return_value"
"""XCom key of what a task returns; a task that fails pushes it itself."""

log = logging.getLogger(__name__)


class Instance(Protocol):
    """What of a running task instance is needed here."""

    def xcom_push(self, key: str, value: Any) -> None:  # noqa: ANN401 - whatever is JSON
        """Leave something for other tasks."""

    def get_task_states(self, dag_id: str, *, run_ids: list[str]) -> dict[str, Any]:
        """Return the states of tasks, by run and task id."""

    def xcom_pull(self, task_ids: str, *, key: str, map_indexes: int | None) -> Any:  # noqa: ANN401 - the same
        """Return what an unmapped task left, ``None`` for nothing."""


def validate_request(params: Mapping[str, object], ti: Instance) -> Json:
    """Turn the trigger form into an order, and see that the store can be written.

    Returns:
        The request: ``{"order", "dry_run"}``.

    Raises:
        RequestError: If the form makes no sense.
        ConfigError: If there is no store, or the catalogue is wrong.
        StoreError: If the store cannot be written; not looked at for a dry run.
    """
    with _telling(ti), _site() as site:
        order, is_dry = read_order(params, site.catalog, site.now), is_dry_run(params)
        log.info("%s", story.order_line(order, is_dry=is_dry))
        if not is_dry:
            site.store.verify()
        return {"order": order_to_json(order), "dry_run": is_dry}


def detect_gaps(request: Json, ti: Instance) -> list[Json]:
    """Find the state of every expected slot of the whole history.

    Returns:
        A report per series.

    Raises:
        StoreError: If any series could not be read; the reports are left all the same.
    """
    with _telling(ti), _site() as site:
        reports = survey(site, order_from_json(request["order"], site.catalog))
        documents = [to_json(report) for report in reports]
        _tell(story.survey_lines(reports))
        unread = [f"{r.series} could not be read: {r.error}" for r in reports if r.error]
        if unread:
            ti.xcom_push(RESULT, documents)
            raise StoreError(" ".join(unread))
        return documents


def plan_backfill(request: Json, reports: Sequence[Json], ti: Instance) -> Json:
    """Plan whom to ask for what, with the bill.

    Raises:
        StoreError: If the ledger cannot be read.
    """
    with _telling(ti), _site() as site:
        order = order_from_json(request["order"], site.catalog)
        plan = make_plan(site, order, [from_json(Report, report) for report in reports])
        _tell(story.plan_lines(plan))
        return to_json(plan)


def choose_sources(
    request: Json, plan: Json, sources: Sequence[str], prefix: str, ti: Instance
) -> list[str]:
    """Return the ids of the pickers of the sources that the plan asks; none for a dry run.

    Args:
        request: What is asked for.
        plan: The plan.
        sources: Sources that the DAG has tasks for.
        prefix: What stands before the source in the picker's task id.
        ti: The running task instance.

    Raises:
        ConfigError: If the plan asks a source that the DAG has no task for.
    """
    asked = list(dict.fromkeys(unit["source"] for unit in plan["units"]))
    with _telling(ti):
        for source in asked:
            if source not in sources:
                message = (
                    f"The plan asks {source}, for which this DAG has no task: add it to SOURCES."
                )
                raise ConfigError(message)
    if request["dry_run"]:
        log.info("Dry run: the plan is made, nobody is asked and nothing is written.")
        return []
    log.info("%s", f"Asks {', '.join(asked)}." if asked else "Nobody is to be asked.")
    return [f"{prefix}{source}" for source in asked]


def pick_units(plan: Json, source: str) -> list[Json]:
    """Return the plan's units of one source, in the plan's order."""
    return [unit for unit in plan["units"] if unit["source"] == source]


def backfill(document: Json, run: str, ti: Instance) -> Json:
    """Carry out one unit and return its certificate.

    A certificate of the failure is left where it fails, and a retry replaces it.

    Args:
        document: The unit.
        run: Id of the run, the first part of the unit's batch.
        ti: The running task instance.

    Raises:
        GapfillError: Whatever the source or the store raised.
    """
    unit = from_json(Unit, document)
    _tell(story.unit_lines(unit))
    try:
        with _site() as site:
            certificate = fill(site, unit, run)
    except GapfillError as exc:
        ti.xcom_push(RESULT, to_json(failed(unit, run, exc)))
        raise
    is_calm = certificate.outcome != "deferred"
    log.log(logging.INFO if is_calm else logging.WARNING, "%s", story.certificate_line(certificate))
    return to_json(certificate)


def summarize_run(
    certificates: Iterable[Iterable[Json] | None],
    task_ids: Sequence[str],
    context: Mapping[str, Any],
) -> Json:
    """Say what a run came to, whatever became of its tasks, and emit the asset events.

    Args:
        certificates: What the mapped tasks returned, by source.
        task_ids: The tasks before the units: the first ones leave the request, the
            reports and the plan, each of them possibly a refusal.
        context: Of the running task.

    Raises:
        StoreError: If the batches cannot be read back.
    """
    ti, dag_run = context["ti"], context["dag_run"]
    run = run_name(dag_run.dag_id, dag_run.run_id)
    seconds = (datetime.now(UTC) - dag_run.start_date).total_seconds()
    states = _states(ti, dag_run)
    problems = problems_of(ti, [t for t in task_ids if states.get(t) == "failed"])
    request, reports, plan = (
        _left_by(ti, task_id) if states.get(task_id) == "success" else None
        for task_id in task_ids[:3]
    )
    if request is None or reports is None or plan is None:
        why = problems or ["no plan was made; the log of the first red task says why."]
        document = _document(_failure(why, seconds), None)
        log.error("%s", story.trouble(document))
        return document
    with _site() as site:
        made, order = from_json(Plan, plan), order_from_json(request["order"], site.catalog)
        is_dry = request["dry_run"]
        carried_out = replace(made, units=(), deferred=0) if is_dry else made
        after = survey(site, order)
        summary = summarize(
            site,
            run,
            [carried_out],
            [from_json(Certificate, c) for given in certificates for c in given or ()],
            [from_json(Report, report) for report in reports],
            after,
            seconds,
            order.selection.interval,
        )
    document = _document(summary, made if is_dry else None, problems)
    _tell(story.summary_lines(document, after))
    assets.announce(context["outlet_events"], run, document["healed"])
    return document


def _states(ti: Instance, dag_run: Any) -> Mapping[str, str]:  # noqa: ANN401 - Airflow's own
    """Return the state of each task of the run, by task id; of unmapped tasks only."""
    found = ti.get_task_states(dag_id=dag_run.dag_id, run_ids=[dag_run.run_id])
    states: Mapping[str, str] = found.get(dag_run.run_id, {})
    return {task_id: str(state) for task_id, state in states.items()}


def _left_by(ti: Instance, task_id: str) -> Any:  # noqa: ANN401 - whatever is JSON
    return ti.xcom_pull(task_id, key=RESULT, map_indexes=None)


def gate(document: Json) -> None:
    """Turn the run red where something failed, with one sentence that says what.

    Raises:
        AirflowFailException: If a unit failed, a read-back fell short or a read failed.
    """
    problem = story.trouble(document)
    if problem:
        raise AirflowFailException(problem)
    log.info("%s", story.sentence(document))


def run_name(dag_id: str, run_id: str) -> str:
    """Return the id of a run in the store: stable over retries, another one for each run."""
    return f"{dag_id}/{run_id}"


def problems_of(ti: Instance, task_ids: Iterable[str]) -> list[str]:
    """Return the sentences with which tasks refused to go on, in order."""
    found = [ti.xcom_pull(task_id, key=PROBLEM, map_indexes=None) for task_id in task_ids]
    return [str(sentence) for sentence in found if sentence]


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
        failures=tuple(problems),
    )


def _document(summary: Summary, dry: Plan | None, problems: Sequence[str] = ()) -> Json:
    """Return a summary's document, with what a dry run has planned."""
    document = views.summarized(summary)
    document["failures"] += problems
    document["dry_run"] = dry is not None
    document["units_planned"] = len(dry.units) if dry else 0
    document["calls_planned"] = dry.calls if dry else 0
    return document


@contextmanager
def _site() -> Iterator[Site]:
    """Open this installation, with the clock read once, and give its connections back."""
    site = wiring.make_site()
    try:
        yield site
    finally:
        site.store.close()


@contextmanager
def _telling(ti: Instance) -> Iterator[None]:
    """Leave the sentence of a refusal for ``summarize``."""
    try:
        yield
    except GapfillError as exc:
        ti.xcom_push(PROBLEM, str(exc))
        raise


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        log.info("%s", line)
