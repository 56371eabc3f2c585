"""The two apps that the plugin registers: ``/gaps`` and ``/influxdb``.

Airflow mounts one app under one prefix. The earlier service had both paths.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from gapfill import __version__
from gapfill.webui import (
    page,
    problems,
    query_routes,
    response_models,
    store_routes,
    trigger_routes,
)
from gapfill.webui.auth import LOGGED_IN
from gapfill.webui.security_headers import SecurityHeaders
from gapfill.webui.snapshot_cache import SnapshotCache

if TYPE_CHECKING:
    from fastapi import APIRouter

GAPS, STORE = "/gaps", "/influxdb"

_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": words,
        "content": {problems.TYPE: {"schema": response_models.Problem.model_json_schema()}},
    }
    for status, words in {
        400: "Invalid request; the sentence says why",
        401: "Not logged in",
        403: "Not allowed",
        409: "The same run is in progress",
        413: "The body is too long",
        422: "A parameter has the wrong type or name",
        503: "The store cannot be read",
    }.items()
}


@cache
def apps() -> tuple[dict[str, Any], ...]:
    """Return the apps that the plugin registers, made once."""
    return (
        {"name": "gapfill", "url_prefix": GAPS, "app": gaps_app()},
        {"name": "gapfill-store", "url_prefix": STORE, "app": store_app()},
    )


def gaps_app() -> FastAPI:
    """Return the app under ``/gaps``: the page, its data, and the routes that start runs."""
    app = make_app("Gapfill", GAPS, query_routes.router, trigger_routes.router, page.router)
    app.state.snapshots = SnapshotCache()
    return app


def store_app() -> FastAPI:
    """Return the app under ``/influxdb``."""
    return make_app("Gapfill: store", STORE, store_routes.router)


def make_app(title: str, prefix: str, *routers: APIRouter) -> FastAPI:
    """Return an app whose routes all need a login, also the description of the app.

    Args:
        title: Title of the app.
        prefix: Path under which Airflow mounts it.
        routers: Its routes.
    """
    app = FastAPI(
        title=title,
        version=__version__,
        description="Behind Airflow's login: a bearer token from /auth/token, or its cookie.",
        dependencies=[LOGGED_IN],
        responses=_REFUSALS,
        servers=[{"url": prefix}],
        root_path_in_servers=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    for router in (*routers, page.described):
        app.include_router(router)
    problems.install(app)
    app.add_middleware(SecurityHeaders)
    return app
