"""Airflow's own API server around a plugin whose package is broken; prints what it answers.

Run in a process of its own, as ``python broken.py PLUGINS``: what is not on its path cannot
be imported.
"""

from __future__ import annotations

import json
from unittest import mock

from airflow.utils.db import initdb
from fastapi.testclient import TestClient

PATHS = (
    "/gaps",
    "/gaps/",
    "/gaps/summary",
    "/gaps/coverage",
    "/influxdb",
    "/influxdb/verify",
    "/gaps/static/nav.svg",
    "/api/v2/version",
    "/anything",
)


def main() -> None:
    """Ask every path as somebody who is logged in, and as nobody."""
    from airflow.api_fastapi.app import create_app
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.plugins_manager import get_plugin_info

    initdb()
    app = create_app(apps="core")
    client = TestClient(app, raise_server_exceptions=False)
    user = SimpleAuthManagerUser(username="vera", role="viewer")
    known = mock.AsyncMock(return_value=user)
    answers: dict[str, dict[str, list[object]]] = {"nobody": {}, "vera": {}}
    for path in PATHS:
        reply = client.get(path)
        answers["nobody"][path] = [reply.status_code, reply.text[:500]]
    manager = app.state.auth_manager
    with mock.patch.object(type(manager), "get_user_from_token", known):
        for path in PATHS:
            reply = client.get(path, headers={"Authorization": "Bearer x"})
            answers["vera"][path] = [reply.status_code, reply.text[:500]]
        html = {"Authorization": "Bearer x", "Accept": "text/html"}
        reply = client.get("/gaps/", headers=html)
        answers["vera"]["page"] = [reply.status_code, reply.text[:500]]
        reply = client.post("/gaps/backfill", headers={"Authorization": "Bearer x"})
        answers["vera"]["POST"] = [reply.status_code, reply.text[:500]]
    views = [view for plugin in get_plugin_info() for view in plugin["external_views"]]
    print(json.dumps({**answers, "icons": [view["icon"] for view in views]}))  # noqa: T201 - its purpose


if __name__ == "__main__":
    main()
