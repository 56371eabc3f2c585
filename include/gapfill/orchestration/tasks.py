"""The tasks from the request to the writes; ``dag_builder`` connects them.

Each takes and returns plain JSON, or a reference to a large document (``large_documents``). A task
that fails says why in a sentence, and also leaves the sentence for ``summarize`` under ``PROBLEM``.
One message at the end of the run then reports it, whichever task failed. The last tasks are in
``summarize``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from gapfill.alerts.callbacks import CAUSE, PROBLEM
from gapfill.domain.plan import Unit
from gapfill.errors import ConfigError, GapfillError, StoreError
from gapfill.orchestration import container
from gapfill.orchestration.large_documents import is_reference, link_of, opened, pass_on
from gapfill.orchestration.retry_policy import PLAIN
from gapfill.orchestration.run_request import current_request, read_request
from gapfill.reporting import log_lines
from gapfill.reporting.codec import Json, from_json, request_from_json, request_to_json, to_json
from gapfill.services.backfill import attempt
from gapfill.services.certificate import UnitOutcome, failed
from gapfill.services.context import RunContext
from gapfill.services.detection import Report, unread
from gapfill.services.planning import detect_all, make_plan
from gapfill.services.run_params import read_params

RESULT = "return_value"
"""XCom key of a task's result; a task that fails writes it there itself."""

log = logging.getLogger(__name__)


class Instance(Protocol):
    """The part of a running task instance that is used here."""

    @property
    def dag_id(self) -> str:
        """Id of the DAG."""

    @property
    def run_id(self) -> str:
        """Id of the run."""

    @property
    def try_number(self) -> int:
        """Number of this try, from 1."""

    @property
    def max_tries(self) -> int:
        """Maximum number of retries."""

    def xcom_push(self, key: str, value: Any) -> None:  # noqa: ANN401 - whatever is JSON
        """Store a value for other tasks."""

    def get_task_states(self, dag_id: str, *, run_ids: list[str]) -> dict[str, Any]:
        """Return the states of tasks, by run id and task id."""

    def xcom_pull(self, task_ids: str, *, key: str, map_indexes: int | None) -> Any:  # noqa: ANN401 - the same
        """Return the value that an unmapped task stored, ``None`` without one."""


def validate_request(params: Mapping[str, object], ti: Instance) -> Json:
    """Read the trigger form as a request, and check that the store can be written.

    Returns:
        The request: ``{"order", "dry_run"}``.

    Raises:
        RequestError: If a field of the form is invalid.
        ConfigError: If there is no store, or the catalogue is wrong.
        StoreError: If the store cannot be written; a dry run does not check it.
    """
    with reporting_problem(ti), open_context() as context:
        order = read_request(params, context.catalog, context.now)
        is_dry = read_params(params).dry_run
        log.info("%s", log_lines.request_line(order, is_dry=is_dry))
        if not is_dry:
            context.store.verify()
        return {"order": request_to_json(order), "dry_run": is_dry}


def current(sources: Sequence[str], ti: Instance) -> Json:
    """Make the request for current values of some sources; check that the store can be written.

    Returns:
        The request, as ``validate_request``.

    Raises:
        ConfigError: If there is no store, or the catalogue is wrong.
        StoreError: If the store cannot be written.
    """
    with reporting_problem(ti), open_context() as context:
        order = current_request(context.catalog, context.now, sources)
        log.info("%s", log_lines.request_line(order, is_dry=False))
        context.store.verify()
        return {"order": request_to_json(order), "dry_run": False}


def detect_gaps(request: Json, ti: Instance) -> Any:  # noqa: ANN401 - JSON, or a reference
    """Find the state of every expected slot of the whole history.

    Series that cannot be read are tried once more. After that the run continues with the other
    series; the plan names the unread ones, and the run fails at its end.

    Returns:
        A report per series. A reference to large reports counts series and gaps.

    Raises:
        StoreError: If a series could not be read, and a retry is left or no series could be
            read; the reports are pushed in either case. Also if large reports cannot be saved.
    """
    with reporting_problem(ti), open_context() as context:
        reports = detect_all(context, request_from_json(request["order"], context.catalog))
        write_log(log_lines.report_lines(reports))
        failures = unread(reports)
        is_last = ti.try_number > min(PLAIN, ti.max_tries)
        is_over = failures and not (is_last and any(not report.error for report in reports))
        store = None if request["dry_run"] or is_over else context.store
        gaps = sum(len(report.coverage.gaps) for report in reports)
        about = {"series": len(reports), "unread": len(failures), "gaps": gaps}
        passed = pass_on([to_json(report) for report in reports], about, store, context.now)
        if is_over:
            ti.xcom_push(RESULT, passed)
            raise StoreError(" ".join(failures))
        return passed


def plan_backfill(request: Json, reports: Any, ti: Instance) -> Json:  # noqa: ANN401 - JSON, or a reference
    """Plan the requests to each source, and count the calls.

    Returns:
        The plan. A reference to a large plan has the label, severity and source of each unit.

    Raises:
        StoreError: If no series could be read, if the store no longer has the reports, or if it
            cannot save a large plan.
    """
    with reporting_problem(ti), open_context() as context:
        order = request_from_json(request["order"], context.catalog)
        found = opened(reports, context.store, context.now)
        plan = make_plan(context, order, [from_json(Report, report) for report in found])
        write_log(log_lines.plan_lines(plan))
        units = [
            {"label": unit.label, "severity": unit.severity.label, "source": unit.source}
            for unit in plan.units
        ]
        store = None if request["dry_run"] else context.store
        about = {"units": units, "deferred": plan.deferred}
        passed: Json = pass_on(to_json(plan), about, store, context.now)
        return passed


def choose_sources(
    request: Json, plan: Json, sources: Sequence[str], prefix: str, ti: Instance
) -> list[str]:
    """Return the ids of the tasks that pick units, for the plan's sources; none for a dry run.

    Args:
        request: The request.
        plan: The plan.
        sources: Sources that the DAG has tasks for.
        prefix: What the task id has before the source.
        ti: The running task instance.

    Raises:
        ConfigError: If the DAG has no task for a source of the plan.
    """
    asked = list(dict.fromkeys(unit["source"] for unit in plan["units"]))
    with reporting_problem(ti):
        for source in asked:
            if source not in sources:
                message = (
                    f"The plan asks {source}, but this DAG has no task for it: if its package was "
                    "installed a moment ago, wait until Airflow has read the DAG again."
                )
                raise ConfigError(message)
    if request["dry_run"]:
        log.info("Dry run: the plan is made, no source is asked and nothing is written.")
        return []
    log.info("%s", f"Asks {', '.join(asked)}." if asked else "No source is to be asked.")
    return [f"{prefix}{source}" for source in asked]


def pick_units(plan: Json, source: str) -> list[Json]:
    """Return the plan's units of one source, in the plan's order.

    A unit of a large plan is its label, its severity and its place in the plan.
    """
    if not is_reference(plan):
        return [unit for unit in plan["units"] if unit["source"] == source]
    return [
        {"label": unit["label"], "severity": unit["severity"], "plan": link_of(plan), "number": n}
        for n, unit in enumerate(plan["units"])
        if unit["source"] == source
    ]


def backfill(document: Json, run: str, ti: Instance) -> Json:
    """Execute one unit and return its certificate.

    A unit that fails stores a certificate of the failure; a retry replaces it.

    Args:
        document: The unit, or its place in a large plan.
        run: Id of the run, the first part of the unit's batch.
        ti: The running task instance.

    Raises:
        GapfillError: What the source or the store raised.
    """
    if "plan" in document:
        with open_context() as context:
            plan = opened(document["plan"], context.store, context.now)
        document = plan["units"][document["number"]]
    unit = from_json(Unit, document)
    write_log(log_lines.unit_lines(unit))
    try:
        with open_context() as context:
            certificate, error = attempt(context, unit, run)
    except GapfillError as exc:
        certificate, error = failed(unit, run, exc), exc
    if error is not None:
        ti.xcom_push(RESULT, to_json(certificate))
        raise error
    level = logging.WARNING if certificate.outcome is UnitOutcome.DEFERRED else logging.INFO
    log.log(level, "%s", log_lines.certificate_line(certificate))
    return to_json(certificate)


def run_name(dag_id: str, run_id: str) -> str:
    """Return the id of a run in the store: the same for all retries, different for each run."""
    return f"{dag_id}/{run_id}"


@contextmanager
def open_context() -> Iterator[RunContext]:
    """Open this installation, with the clock read once; close its connections at the end."""
    context = container.make_context()
    try:
        yield context
    finally:
        context.store.close()


@contextmanager
def reporting_problem(ti: Instance) -> Iterator[None]:
    """Store the sentence of an error for ``summarize``."""
    try:
        yield
    except GapfillError as exc:
        ti.xcom_push(PROBLEM, str(exc))
        ti.xcom_push(CAUSE, exc.code.value)
        raise


def write_log(lines: Iterable[str]) -> None:
    """Write lines to the task's log."""
    for line in lines:
        log.info("%s", line)
