"""Registers Gapfill with Airflow, and nothing else: its code lives in ``include/``.

This file is imported in every process of Airflow, each task's too, so it imports next to
nothing until it has something to do.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from typing import Any

log = logging.getLogger(__name__)


@hookimpl
def on_starting(component: object) -> None:
    """Make the pools that are absent when a scheduler starts; harm none, whatever goes wrong.

    Args:
        component: What starts. A scheduler, or another of Airflow's services, is a ``Job``
            of which nothing is set yet; a task is something else.
    """
    if type(component).__name__ != "Job":
        return
    try:
        from gapfill.orchestration.pools import make_pools

        made = make_pools()
    except Exception:  # a wrong catalogue must not stop everybody's scheduler
        log.exception("The pools of Gapfill could not be made; its units will wait for them")
    else:
        if made:
            log.info("Made the pools %s", ", ".join(made))


PREFIXES = ("/gaps", "/influxdb")
"""Where the routes of Gapfill are; Airflow answers 200 to any path that nobody takes."""

_PAGE = {
    "name": "Gaps",
    "href": "gaps/",  # relative: Airflow may live under a path of its own
    "icon": "gaps/static/nav.svg",
    "icon_dark_mode": "gaps/static/nav-dark.svg",
}

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24">'
    '<g fill="#d64545"><path d="M3 3h11v5H3zM16 3h5v5h-5zM3 9.5h5V21H3zM9.5 16h5v5h-5z"/></g></svg>'
)
"""The icon where Gapfill's own files cannot be found."""


class GapfillPlugin(AirflowPlugin):
    """What Airflow loads."""

    name = "gapfill"
    listeners = [sys.modules[__name__]]  # noqa: RUF012 - Airflow's declaration
    external_views = [  # noqa: RUF012 - Airflow's declaration
        {**_PAGE, "destination": "nav", "url_route": "gaps"},
        {**_PAGE, "destination": "dag", "url_route": "dag-gaps"},
    ]

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override] # made when read
        """The routes; made where they are asked for, in the API server."""
        try:
            from gapfill.webui.app import apps

            return list(apps())
        except Exception as exc:  # whatever is wrong, everybody's API server must start
            log.exception("The page and the routes of Gapfill could not be made")
            app = _app_that_says(_reason(exc))
            return [{"name": f"gapfill{p}", "url_prefix": p, "app": app} for p in PREFIXES]

    @property
    def fastapi_root_middlewares(self) -> list[dict[str, Any]]:  # type: ignore[override] # as above
        """What leads from ``/gaps`` to ``/gaps/``, which Airflow takes for different paths."""
        return [{"name": "gapfill", "middleware": WithSlash}]


class WithSlash:
    """Adds the slash to a path that is one of our prefixes.

    Args:
        app: What answers every other path.
    """

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - any ASGI app
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        """Pass a request on, or redirect it."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or path not in PREFIXES:
            await self._app(scope, receive, send)
            return
        query = scope.get("query_string", b"")
        target = f"{path[1:]}/".encode() + (b"?" + query if query else b"")
        headers = [(b"location", target), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 307, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _reason(exc: BaseException) -> str:
    """Return what is wrong with the installation, and the next step."""
    if isinstance(exc, ModuleNotFoundError) and exc.name == "gapfill":
        problem = (
            "its package is not found: put its folder include/ on PYTHONPATH of the API server"
        )
    elif isinstance(exc, ModuleNotFoundError):
        problem = (
            f"the Python package {exc.name!r} is missing: install requirements-airflow.txt into "
            "the API server's environment"
        )
    elif isinstance(exc, ImportError):
        problem = f"{exc}: Gapfill needs Airflow 3.3.2 or later, and requirements-airflow.txt"
    else:
        problem = f"{type(exc).__name__}: the API server's log has the details; mend that"
    return f"Gapfill cannot be loaded: {problem}, and restart it."


def _app_that_says(reason: str) -> Any:  # noqa: ANN401 - an ASGI app
    """Return an app that answers everything with 503: in a sentence to those who are logged in."""
    from html import escape

    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse, JSONResponse, Response
    from starlette.routing import Route

    async def icon(_: Any) -> Response:  # noqa: ANN401 - a request
        return Response(_ICON, media_type="image/svg+xml")

    async def why(request: Any) -> Response:  # noqa: ANN401 - a request
        detail = reason
        if not await _is_logged_in(request):
            detail = (
                "Gapfill cannot be loaded: log in, or see the API server's log, for the reason."
            )
        title = "Gapfill cannot be loaded"
        if "text/html" in request.headers.get("accept", ""):
            body = f'<!doctype html><html lang="en"><title>{title}</title><p>{escape(detail)}'
            return HTMLResponse(body, 503)
        problem = {"type": "about:blank", "title": title, "status": 503, "detail": detail}
        return JSONResponse(problem, 503, media_type="application/problem+json")

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    icons = [Route(f"/static/{name}.svg", icon) for name in ("nav", "nav-dark", "icon")]
    return Starlette(routes=[*icons, Route("/{path:path}", why, methods=methods)])


async def _is_logged_in(request: Any) -> bool:  # noqa: ANN401 - a request
    """Tell whether a request carries a valid token of Airflow, as a bearer or as its cookie."""
    try:
        from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
        from airflow.api_fastapi.core_api.security import resolve_user_from_token

        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        is_bearer = scheme.lower() == "bearer"
        await resolve_user_from_token(
            given if is_bearer else request.cookies.get(COOKIE_NAME_JWT_TOKEN)
        )
    except Exception:  # noqa: BLE001 - refused, or an Airflow that works otherwise
        return False
    return True
