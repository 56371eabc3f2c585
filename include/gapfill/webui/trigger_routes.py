"""The routes that start a run: each plans first, so that its answer contains the bill."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from gapfill.errors import RequestError
from gapfill.reporting.log_lines import bill_of
from gapfill.reporting.plan_models import PlanOut
from gapfill.webui import response_models
from gapfill.webui.auth import MAY_START, SAME_SITE, User
from gapfill.webui.dag_runs import DAG, start_run
from gapfill.webui.query_routes import make_bill
from gapfill.webui.request_models import AutoQuery, BackfillQuery, RangeBody
from gapfill.webui.security_headers import small_body
from gapfill.webui.worker_pool import writing

PREFIX = "/gaps"

router = APIRouter(prefix="/backfill", dependencies=[MAY_START, SAME_SITE])

_BODY = {
    "required": True,
    "content": {"application/json": {"schema": RangeBody.model_json_schema()}},
}


@router.post("")
@writing
def backfill(
    request: Request, user: User, query: Annotated[BackfillQuery, Query()]
) -> response_models.StartedOut:
    """Heal the last days, today and what is published ahead."""
    return _start(request, user, query.model_dump())


@router.post("/auto")
@writing
def backfill_auto(
    request: Request, user: User, query: Annotated[AutoQuery, Query()]
) -> response_models.StartedOut:
    """Heal every gap that is longer than this number of hours, however old."""
    return _start(request, user, query.model_dump())


def no_query(request: Request) -> None:
    """Refuse query parameters; this route takes its parameters in the body.

    Raises:
        RequestValidationError: If there is a query parameter.
    """
    given = [
        {"loc": ("query", name), "msg": "Put it into the body", "input": value}
        for name, value in request.query_params.items()
    ]
    if given:
        raise RequestValidationError(given)


@router.post("/range", openapi_extra={"requestBody": _BODY}, dependencies=[Depends(no_query)])
@writing
def backfill_range(
    request: Request, user: User, body: Annotated[bytes, Depends(small_body)]
) -> response_models.StartedOut:
    """Heal a range of local days; the body is read as JSON, with any content type."""
    return _start(request, user, _read(body).model_dump())


def _read(body: bytes) -> RangeBody:
    """Return the range of a body.

    Raises:
        RequestError: If the body is not JSON.
        RequestValidationError: If a member is wrong, missing or unknown.
    """
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        message = 'The body is not JSON: expected {"start_date": …, "end_date": …}.'
        raise RequestError(message) from None
    try:
        return RangeBody.model_validate(given, strict=True)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_context=False)
        raise RequestValidationError([e | {"loc": ("body", *e["loc"])} for e in errors]) from exc


def _start(request: Request, user: Any, conf: dict[str, Any]) -> response_models.StartedOut:  # noqa: ANN401 - Airflow's type of user depends on its auth manager
    """Plan, start the run, and answer with the plan and the run.

    Raises:
        GapfillError: As ``make_bill`` and ``start_run``.
    """
    plan = make_bill(request, conf)
    run_id, is_paused = start_run(conf, str(user.get_name()), _note(plan))
    root = str(request.scope.get("root_path", "")).removesuffix(PREFIX)
    message = f"Started {DAG}: {_size(plan)}."
    if is_paused:
        message += f" {DAG} is paused: the run waits in the queue until it is unpaused."
    return response_models.StartedOut(
        dag_id=DAG,
        run_id=run_id,
        paused=is_paused,
        message=message,
        plan=plan,
        links=response_models.Links(
            run=f"{root}/dags/{DAG}/runs/{quote(run_id)}",
            api=f"{root}/api/v2/dags/{DAG}/dagRuns/{quote(run_id)}",
            page=f"{root}{PREFIX}/",
        ),
    )


def _size(plan: PlanOut) -> str:
    """Return the units and the bill of a run in words."""
    if not plan.units:
        return "0 units, nothing to ask"
    return bill_of(len(plan.units), plan.bill)


def _note(plan: PlanOut) -> str:
    """Return the bill as a table, for the run's note."""
    if not plan.units:
        return "0 units: nothing to ask."
    lines = ["| source | calls | seconds |", "|---|---|---|"]
    lines += [
        f"| {name} | {cost.calls} | {cost.seconds:.0f} |"
        for name, cost in plan.bill.by_source.items()
    ]
    return "\n".join([f"{_size(plan)}.", "", *lines])
