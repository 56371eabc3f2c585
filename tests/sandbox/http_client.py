"""A plain HTTP client for the tests: one call, no redirect followed, no retry."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

REE_PATH = "/es/datos/mercados/precios-mercados-tiempo-real"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()

    def json(self) -> Any:  # noqa: ANN401 - any JSON
        """Return the body as JSON."""
        return json.loads(self.body)


def call(
    url: str,
    *,
    method: str = "GET",
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 300.0,
) -> Reply:
    """Call a URL once."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, names, response.read())
    finally:
        connection.close()


def ree_url(root: str, start: str, end: str, **more: str) -> str:
    """Return the URL of a range of prices at apidatos."""
    query = {"start_date": start, "end_date": end, "time_trunc": "hour", **more}
    return f"{root}{REE_PATH}?{urlencode(query)}"


def esios_url(
    root: str,
    start: str,
    end: str,
    more: Mapping[str, str] | None = None,
    *,
    indicator: int = 1001,
) -> str:
    """Return the URL of a range of an indicator at ESIOS."""
    query = {"start_date": start, "end_date": end, **(more or {})}
    return f"{root}/indicators/{indicator}?{urlencode(query)}"


def archive_url(root: str, day: str) -> str:
    """Return the URL of a day of archive 70 at ESIOS."""
    return f"{root}/archives/70/download_json?locale=es&date={day}"


def esios(
    root: str,
    start: str,
    end: str,
    more: Mapping[str, str] | None = None,
    *,
    indicator: int = 1001,
) -> Reply:
    """Call an indicator with a token."""
    url = esios_url(root, start, end, more, indicator=indicator)
    return call(url, headers={"x-api-key": "k"})


def pvpc(reply: Reply) -> list[dict[str, Any]]:
    """Return the PVPC values of an apidatos answer."""
    found = [series for series in reply.json()["included"] if series["id"] == "1001"]
    return list(found[0]["attributes"]["values"])


def follow(reply: Reply) -> Reply:
    """Call where a redirect leads."""
    return call(reply.headers["location"])
