"""What the tasks up to the writing do; the DAG files wire them, ``closing`` has the rest.

Each takes and returns plain JSON. What refuses to go on says why in a sentence, which is
also left for ``summarize`` under ``PROBLEM``, so that one message at the end of the run
tells it, whichever task it was.
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
"""XCom key of what a task returns; a task that fails leaves it there by itself."""

log = logging.getLogger(__name__)


class Instance(Protocol):
    """What of a running task instance is needed here."""

    @property
    def dag_id(self) -> str:
        """Id of its DAG."""

    @property
    def run_id(self) -> str:
        """Id of its run."""

    @property
    def try_number(self) -> int:
        """Which try this is, from 1."""

    @property
    def max_tries(self) -> int:
        """Tries after the first at most."""

    def xcom_push(self, key: str, value: Any) -> None:  # noqa: ANN401 - whatever is JSON
        """Leave something for other tasks."""

    def get_task_states(self, dag_id: str, *, run_ids: list[str]) -> dict[str, Any]:
        """Return the states of tasks, by run id and task id."""

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
    with telling(ti), open_context() as context:
        order = read_request(params, context.catalog, context.now)
        is_dry = read_params(params).dry_run
        log.info("%s", log_lines.request_line(order, is_dry=is_dry))
        if not is_dry:
            context.store.verify()
        return {"order": request_to_json(order), "dry_run": is_dry}


def current(sources: Sequence[str], ti: Instance) -> Json:
    """Make the request for what is current of some sources, and see that the store can be written.

    Returns:
        The request, as ``validate_request``.

    Raises:
        ConfigError: If there is no store, or the catalogue is wrong.
        StoreError: If the store cannot be written.
    """
    with telling(ti), open_context() as context:
        order = current_request(context.catalog, context.now, sources)
        log.info("%s", log_lines.request_line(order, is_dry=False))
        context.store.verify()
        return {"order": request_to_json(order), "dry_run": False}


def detect_gaps(request: Json, ti: Instance) -> list[Json]:
    """Find the state of every expected slot of the whole history.

    Series that cannot be read are tried once more. After that the run goes on with the others;
    the plan names those that were not read, and the run ends red.

    Returns:
        A report per series.

    Raises:
        StoreError: If a series could not be read, and another try is left or no series could
            be read; the reports are left all the same.
    """
    with telling(ti), open_context() as context:
        reports = detect_all(context, request_from_json(request["order"], context.catalog))
        documents = [to_json(report) for report in reports]
        tell(log_lines.report_lines(reports))
        failures = unread(reports)
        is_last = ti.try_number > min(PLAIN, ti.max_tries)
        if failures and not (is_last and any(not report.error for report in reports)):
            ti.xcom_push(RESULT, documents)
            raise StoreError(" ".join(failures))
        return documents


def plan_backfill(request: Json, reports: Sequence[Json], ti: Instance) -> Json:
    """Plan whom to ask for what, with the bill.

    Raises:
        StoreError: If no series could be read.
    """
    with telling(ti), open_context() as context:
        order = request_from_json(request["order"], context.catalog)
        plan = make_plan(context, order, [from_json(Report, report) for report in reports])
        tell(log_lines.plan_lines(plan))
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
    with telling(ti):
        for source in asked:
            if source not in sources:
                message = (
                    f"The plan asks {source}, for which this DAG has no task: where its package "
                    "was installed since, wait until Airflow has read the DAG again."
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
    tell(log_lines.unit_lines(unit))
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
    """Return the id of a run in the store: stable over retries, another one for each run."""
    return f"{dag_id}/{run_id}"


@contextmanager
def open_context() -> Iterator[RunContext]:
    """Open this installation, with the clock read once, and give its connections back."""
    context = container.make_context()
    try:
        yield context
    finally:
        context.store.close()


@contextmanager
def telling(ti: Instance) -> Iterator[None]:
    """Leave the sentence of a refusal for ``summarize``."""
    try:
        yield
    except GapfillError as exc:
        ti.xcom_push(PROBLEM, str(exc))
        ti.xcom_push(CAUSE, exc.code.value)
        raise


def tell(lines: Iterable[str]) -> None:
    """Write lines to the task's log."""
    for line in lines:
        log.info("%s", line)
