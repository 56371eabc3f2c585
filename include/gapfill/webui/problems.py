"""Errors as problem details (RFC 9457): a sentence, never a stack trace, never a secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from gapfill.errors import ConfigError, GapfillError, RequestError, StoreError
from gapfill.webui.worker_pool import Busy

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

TYPE = "application/problem+json"

_SHOWN = 200
"""How many characters of a wrong value a sentence repeats."""

_LOG_IN = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Gaps · Gapfill</title>'
    '<meta name="viewport" content="width=device-width"><meta name="color-scheme" '
    'content="light dark"><p>You are not logged in. <a href="../plugin/gaps">Log in to Airflow</a>'
    ", which leads to this page."
)
"""For people who open the page; programs get problem details."""

log = logging.getLogger(__name__)


class Conflict(GapfillError):
    """A run with the same parameters is in progress.

    Attributes:
        run_id: Id of that run.
    """

    def __init__(self, message: str, run_id: str) -> None:
        super().__init__(message)
        self.run_id = run_id


class NoDag(GapfillError):
    """Airflow does not know ``gap_detection``, or cannot run it now."""


_STATUS: Mapping[type[GapfillError], HTTPStatus] = {
    RequestError: HTTPStatus.BAD_REQUEST,
    Conflict: HTTPStatus.CONFLICT,
    StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
    ConfigError: HTTPStatus.SERVICE_UNAVAILABLE,
    NoDag: HTTPStatus.SERVICE_UNAVAILABLE,
}

_TITLES: Mapping[type[GapfillError], str] = {
    RequestError: "Invalid request",
    Conflict: "The same run is in progress",
    StoreError: "The store cannot be read",
    ConfigError: "Gapfill is not set up",
    NoDag: "gap_detection cannot be started",
}


def problem(
    status: int,
    detail: str,
    *,
    title: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> Response:
    """Return a response with problem details.

    Args:
        status: HTTP status.
        detail: What is wrong and what to do, in a sentence.
        title: The kind of problem; if omitted, the phrase of the status.
        headers: Headers of the response.
        more: Further members.
    """
    body = {
        "type": "about:blank",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    return Response(json.dumps(body), status, headers=headers, media_type=TYPE)


def install(app: FastAPI) -> None:
    """Make an app answer errors with problem details."""

    @app.exception_handler(HTTPException)
    def _refused(request: Request, exc: HTTPException) -> Response:
        if exc.status_code == HTTPStatus.UNAUTHORIZED and _is_person(request):
            return Response(_LOG_IN, exc.status_code, media_type="text/html")
        return problem(exc.status_code, str(exc.detail), headers=exc.headers)

    @app.exception_handler(RequestValidationError)
    def _invalid(_: Request, exc: RequestValidationError) -> Response:
        errors = exc.errors()
        said = [{"where": _where(error["loc"]), "what": str(error["msg"])} for error in errors]
        return problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            " ".join(f"{_named(error)}." for error in errors),
            title="The request cannot be read",
            errors=said,
        )

    @app.exception_handler(GapfillError)
    def _wrong(_: Request, exc: GapfillError) -> Response:
        kind = next((k for k in _STATUS if isinstance(exc, k)), None)
        if kind is None:
            return _unforeseen(exc)
        more = {"run_id": exc.run_id} if isinstance(exc, Conflict) else {}
        wait = {"Retry-After": str(exc.retry_after)} if isinstance(exc, Busy) else None
        return problem(_STATUS[kind], str(exc), title=_TITLES[kind], headers=wait, **more)

    @app.exception_handler(ImportError)
    def _incomplete(_: Request, exc: ImportError) -> Response:
        log.error("A Python package of Gapfill's is missing or too old", exc_info=exc)
        name = exc.name or "of Gapfill's"
        detail = (
            f"The Python package {name!r} is missing or too old: install requirements-airflow.txt "
            "into the API server's environment, and restart it."
        )
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, title=_TITLES[ConfigError])

    @app.exception_handler(Exception)
    def _broken(_: Request, exc: Exception) -> Response:
        return _unforeseen(exc)


def _is_person(request: Request) -> bool:
    """Return whether a browser opens the page itself, whose address people bookmark."""
    is_page = request.url.path.removesuffix("/") == request.scope.get("root_path", "")
    return is_page and "text/html" in request.headers.get("accept", "")


def _unforeseen(exc: Exception) -> Response:
    log.error("A request to Gapfill's routes failed", exc_info=exc)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something failed that should not: the API server's log has the details.",
    )


def _where(place: Sequence[Any]) -> str:
    return ".".join(str(part)[:_SHOWN] for part in place)


def _named(error: Mapping[str, Any]) -> str:
    """Return what is wrong with one value, as a sentence without a full stop."""
    name = str(error["loc"][-1])[:_SHOWN] if error["loc"] else "request"
    given = error.get("input")
    shown = f" (given {given[:_SHOWN]!r})" if isinstance(given, str) else ""
    return f"{name}: {error['msg']}{shown}".rstrip(".")
