"""Every route, asked by nobody, a viewer, an operator and an admin, of a real API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.webui.served import Served

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(240)]

READS = (
    "/gaps/",
    "/gaps/static/page.css",
    "/gaps/static/main.js",
    "/gaps/docs",
    "/gaps/openapi.json",
    "/gaps/summary",
    "/gaps/detect?days_back=10",
    "/gaps/sources",
    "/gaps/coverage",
    "/gaps/coverage/slots?series=pvpc&start_date=2025-02-12&end_date=2025-02-12",
    "/gaps/plan",
    "/gaps/explain?series=pvpc&slot=2025-02-12",
    "/influxdb/verify",
    "/influxdb/openapi.json",
)
WRITES = (
    "/gaps/backfill?days_back=0",
    "/gaps/backfill/auto?max_gap_hours=-1",
    "/gaps/backfill/range",
)
"""Asked for what makes no sense: who may start a run is told so, and none starts."""


@pytest.mark.parametrize("path", READS)
def test_reading_needs_a_login(served: Served, path: str) -> None:
    """Of files and descriptions too; a viewer's is enough."""
    told = {user: served.ask("GET", path, user).status_code for user in (None, *_USERS)}
    assert told == {None: 401, "vera": 200, "uma": 200, "otto": 200, "admin": 200}


@pytest.mark.parametrize("path", WRITES)
def test_starting_needs_the_permission_to_start_runs(served: Served, path: str) -> None:
    """Which viewers lack."""
    told = {user: served.ask("POST", path, user).status_code for user in (None, *_USERS)}
    assert told == {None: 401, "vera": 403, "uma": 400, "otto": 400, "admin": 400}


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_said_before_the_login(served: Served, method: str) -> None:
    """Not even which methods a path has."""
    paths = ("/gaps/", "/gaps/summary", "/gaps/backfill", "/gaps/nothing", "/influxdb/verify")
    told = {path: served.ask(method, path, None).status_code for path in paths}
    assert told == dict.fromkeys(paths, 401)


def test_who_may_not_start_runs_is_told_what_lacks(served: Served) -> None:
    """And whom to ask."""
    told = served.ask("POST", "/gaps/backfill", "vera").json()["detail"]
    assert told == (
        "This needs the permission to trigger gap_detection: ask an administrator for the "
        "role User or Op, or for that permission on the DAG."
    )


def test_what_is_not_there_is_said_to_those_who_are_logged_in(served: Served) -> None:
    """Nobody else learns what is there."""
    told = {user: served.ask("GET", "/gaps/nothing", user).status_code for user in (None, "vera")}
    assert told == {None: 401, "vera": 404}


def test_refusals_keep_nothing_but_a_sentence(served: Served) -> None:
    """And no page of another site may frame the page."""
    reply = served.ask("GET", "/gaps/", None)
    assert reply.json() == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "Not authenticated",
    }
    page = served.ask("GET", "/gaps/", "vera")
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]


def test_airflow_shows_the_page_in_its_menu_and_beside_the_dag(served: Served) -> None:
    """Both are loaded, with an icon."""
    told = served.ask("GET", "/api/v2/plugins", "admin").json()
    (ours,) = [plugin for plugin in told["plugins"] if plugin["name"] == "gapfill"]
    views = [(view["destination"], view["href"], view["icon"]) for view in ours["external_views"]]
    assert views == [
        ("nav", "gaps/", "gaps/static/nav.svg"),
        ("dag", "gaps/", "gaps/static/nav.svg"),
    ]


_USERS = ("vera", "uma", "otto", "admin")
