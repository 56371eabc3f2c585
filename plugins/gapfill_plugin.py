"""Registers Gapfill with Airflow, and nothing else; its code is in ``include/``.

Every Airflow process imports this file, including the process of each task. So it imports other
modules only when it needs them.
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
    """Create missing pools when a scheduler starts; never fail the scheduler.

    Args:
        component: The component that starts. A scheduler or another Airflow service is a ``Job``
            without values yet; a task has another type.
    """
    if type(component).__name__ != "Job":
        return
    try:
        from gapfill.orchestration.pools import make_pools

        made = make_pools()
    except Exception:  # a wrong catalogue must not stop the scheduler of all DAGs
        log.exception("The pools of Gapfill could not be created; its units will wait for them")
    else:
        if made:
            log.info("Made the pools %s", ", ".join(made))


PREFIXES = ("/gaps", "/influxdb")
"""Prefixes of Gapfill's routes; Airflow answers 200 to any path without a route."""

_PAGE = {
    "name": "Gaps",
    "href": "gaps/",  # relative: Airflow may have a path prefix
    "icon": "gaps/static/nav.svg",
    "icon_dark_mode": "gaps/static/nav-dark.svg",
}

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24">'
    '<g fill="#d64545"><path d="M3 3h11v5H3zM16 3h5v5h-5zM3 9.5h5V21H3zM9.5 16h5v5h-5z"/></g></svg>'
)
"""The icon if Gapfill's own files cannot be found."""


class GapfillPlugin(AirflowPlugin):
    """The plugin that Airflow loads."""

    name = "gapfill"
    listeners = [sys.modules[__name__]]  # noqa: RUF012 - Airflow's declaration
    external_views = [  # noqa: RUF012 - Airflow's declaration
        {**_PAGE, "destination": "nav", "url_route": "gaps"},
        {**_PAGE, "destination": "dag", "url_route": "dag-gaps"},
    ]

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override] # made when read
        """The routes; created when the API server requests them."""
        try:
            from gapfill.webui.app import apps

            return list(apps())
        except Exception as exc:  # the API server of all DAGs must start
            log.exception("The page and the routes of Gapfill could not be created")
            app = _app_that_says(_reason(exc))
            return [{"name": f"gapfill{p}", "url_prefix": p, "app": app} for p in PREFIXES]

    @property
    def fastapi_root_middlewares(self) -> list[dict[str, Any]]:  # type: ignore[override] # as above
        """The redirect from ``/gaps`` to ``/gaps/``, which are different paths for Airflow."""
        return [{"name": "gapfill", "middleware": WithSlash}]


class WithSlash:
    """Adds the slash to a path that is one of our prefixes.

    Args:
        app: The app for every other path.
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
    """Return the problem of the installation, and the next step."""
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
        problem = f"{type(exc).__name__}: read the API server's log and correct the cause"
    return f"Gapfill cannot be loaded: {problem}, then restart the API server."


def _app_that_says(reason: str) -> Any:  # noqa: ANN401 - an ASGI app
    """Return an app that answers every request with 503, with the reason for logged-in users."""
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
    """Return whether a request carries a valid token of Airflow, as a bearer or as its cookie."""
    try:
        from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
        from airflow.api_fastapi.core_api.security import resolve_user_from_token

        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        is_bearer = scheme.lower() == "bearer"
        await resolve_user_from_token(
            given if is_bearer else request.cookies.get(COOKIE_NAME_JWT_TOKEN)
        )
    except Exception:  # noqa: BLE001 - refused, or an Airflow with a different API
        return False
    return True
