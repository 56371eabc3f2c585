"""The page and its files, and the description of the routes for programs and for people."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response, status
from starlette.routing import Match

from gapfill.errors import GapfillError
from gapfill.orchestration import container
from gapfill.webui import responses
from gapfill.webui.auth import User, sees, starts
from gapfill.webui.conditional_responses import file
from gapfill.webui.worker_pool import reading

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_FILES = {
    path.name: path
    for path in sorted(Path(__file__).with_name("static").iterdir())
    if path.suffix in _TYPES
}
"""The files that may be requested. No other path is looked up, so no name leads out of the
folder."""

router = APIRouter(include_in_schema=False)
described = APIRouter(include_in_schema=False)


_MAY_START = b"<body>", b'<body data-may-start="yes">'
_ALERT = b'role="alert" hidden></div>'


@router.get("/")
@reading
def page(request: Request, user: User, may_start: Annotated[bool, Depends(starts)]) -> Response:
    """Return the page with the coverage calendar; it contains whether the user may start runs.

    If the catalogue or the store is wrong, the answer is 503. Programs get problem details. A
    person gets the page with the sentence, at once if the store hangs: the page then retries.
    """
    text = _FILES["index.html"].read_bytes()
    if may_start:
        text = text.replace(*_MAY_START)
    is_person = "text/html" in request.headers.get("accept", "")
    try:
        if is_person:
            container.make_context().store.close()
        elif may_start or sees(user):
            responses.refuse_if_unread(request.app.state.snapshots.view())
    except GapfillError as exc:
        if not is_person:
            raise
        alert = f'role="alert">{escape(str(exc))}</div>'.encode()
        text = text.replace(_ALERT, alert, 1)
        return Response(text, status.HTTP_503_SERVICE_UNAVAILABLE, media_type=_TYPES[".html"])
    return file(request, text, _TYPES[".html"])


@router.get("/static/{name:path}")
def static(request: Request, name: str) -> Response:
    """Return a file of the page."""
    return _file(request, name)


@router.get("/docs")
def docs(request: Request) -> Response:
    """Return the description of the routes for people."""
    body = "".join(_described(request.app.openapi()))
    text = _FILES["docs.html"].read_text(encoding="utf-8").replace("{routes}", body)
    return file(request, text.encode(), _TYPES[".html"])


@described.get("/openapi.json")
def openapi(request: Request) -> dict[str, Any]:
    """Return the description of the routes for programs."""
    found: dict[str, Any] = request.app.openapi()
    return found


@described.api_route("/{path:path}", methods=[], operation_id="nothing")
def nothing(request: Request, path: str) -> Response:
    """Answer 404, but only after the login.

    This route names no methods, so it takes every method. Without it, Starlette would answer 404
    or 405 to requests without a login.
    """
    allowed: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is Match.PARTIAL:
            allowed |= route.methods
    if allowed:
        allowed |= {"HEAD"} if "GET" in allowed else set()
        raise HTTPException(
            status.HTTP_405_METHOD_NOT_ALLOWED,
            f"{request.method[:20]} is not for this path: use {' or '.join(sorted(allowed))}.",
            headers={"Allow": ", ".join(sorted(allowed))},
        )
    raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is nothing at {path[:200]}.")


def _file(request: Request, name: str) -> Response:
    if name not in _FILES:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such file.")
    return file(request, _FILES[name].read_bytes(), _TYPES[_FILES[name].suffix])


def _described(schema: dict[str, Any]) -> Iterator[str]:
    """Yield each route as HTML."""
    base = schema["servers"][0]["url"]
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"<h2><b>{method.upper()}</b> <code>{escape(base + path)}</code></h2>"
            yield f"<p>{escape(operation.get('description', ''))}</p>"
            yield from _parameters(operation.get("parameters", []))
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            given = body.get("schema", {})
            required = given.get("required", [])
            yield from _parameters(
                [
                    {"name": name, "schema": about, "required": name in required, **about}
                    for name, about in given.get("properties", {}).items()
                ]
            )


def _parameters(parameters: list[dict[str, Any]]) -> Iterator[str]:
    if not parameters:
        return
    yield "<table><tr><th>parameter</th><th>default</th><th>meaning</th></tr>"
    for given in parameters:
        about = given.get("schema", {})
        default = "required" if given.get("required") else str(about.get("default", "–"))
        cells = (given["name"], default, given.get("description", about.get("description", "")))
        yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
    yield "</table>"
