"""REE apidatos: PVPC prices without a key.

Source:
    ``https://apidatos.ree.es/es/datos/mercados/precios-mercados-tiempo-real``, described at
    https://www.ree.es/es/datos/apidatos; data of Red Eléctrica, free to use with
    attribution. Read 2026-11-24 from captures of 2021 (azogue/aiopvpc, MIT) and of its
    errors (home-assistant/core, Apache-2.0).

Documented:
    GET only. ``start_date`` and ``end_date`` are local Madrid time without offset;
    ``time_trunc``; ``geo_ids`` 8741 Península, 8742 Canarias, 8743 Baleares, 8744 Ceuta,
    8745 Melilla. ``included`` holds one entry per indicator, ``datetime`` has its offset.

Observed:
    The end bound is included, so T00:00 of the next day brings a 25th row; Gapfill requests
    T23:59. Only ``id`` identifies an indicator: titles change with language and year, and the
    order with the place (600, the spot price, is missing for Ceuta). A day that is not
    published is HTTP **502** with the detail "There are no data for the selected filters.";
    later clients saw 404 with it. Before about 20:20 the indicator 1001 of tomorrow is
    missing from ``included``. ``percentage`` is a share of both indicators and is not used.

Units:
    €/MWh, whole numbers without a point.

Limits and lag:
    No documented limit of rate or range; Gapfill requests 14 days a call, 30 calls a minute.
    The API has answered longer ranges with HTTP 400 and with only the last month. Published
    at 20:16 to 20:47 of the day before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from gapfill.errors import ConfigError
from gapfill.sources.json_reader import Node, Payload, is_silent
from gapfill.sources.model import Answer, Ask, HttpRequest, excerpt, malformed
from gapfill.sources.prices import (
    answer_of,
    geo_id,
    price_values,
    query_bounds,
    same_id,
    time_of,
    whole_days,
)
from gapfill.sources.rows import read_rows

PATH = "/es/datos/mercados/precios-mercados-tiempo-real"

SYSTEMS = {
    "8741": "peninsular",
    "8742": "canarias",
    "8743": "baleares",
    "8744": "ceuta",
    "8745": "melilla",
}
"""The API's ``geo_limit`` of each ``geo_id``. Answers name no place, so only these are valid."""

_NO_DATA_STATUSES = frozenset({404, 502})
_NO_DATA = "no data"
_OK = 200


def request(ask: Ask) -> HttpRequest:
    """Return the request for the Madrid days that the requested interval touches.

    Raises:
        ConfigError: If the series' ``geo_id`` is missing or unknown to the API.
    """
    geo = geo_id(ask)
    if geo not in SYSTEMS:
        known = ", ".join(SYSTEMS)
        message = f"Series {ask.series.name} has geo_id {geo!r}; REE apidatos knows {known}."
        raise ConfigError(message)
    days = whole_days(ask)
    return request_days(geo, days.first, days.last)


def request_days(geo: str, first: date, last: date) -> HttpRequest:
    """Return the request for a place and whole Madrid days, the last one included."""
    return HttpRequest(
        PATH,
        (
            *query_bounds(first, last),
            ("time_trunc", "hour"),
            ("geo_trunc", "electric_system"),
            ("geo_limit", SYSTEMS[geo]),
            ("geo_ids", geo),
        ),
    )


def no_data(payload: Payload) -> str | None:
    """Return the answer's sentence that nothing is published, else ``None``.

    Its HTTP status is 502 or 404, and might be 200.
    """
    if payload.status not in {_OK, *_NO_DATA_STATUSES}:
        return None
    document = payload.document
    errors = document.get("errors") if isinstance(document, dict) else None
    for error in errors if isinstance(errors, list) else ():
        detail = error.get("detail") if isinstance(error, dict) else None
        if isinstance(detail, str) and _NO_DATA in detail.casefold():
            return excerpt(detail)
    return None


def parse(ask: Ask, payload: Payload) -> Answer:
    """Turn an answer into readings.

    Returns:
        The requested slots' readings; none, with evidence, if nothing is published.

    Raises:
        MalformedPayload: If it does not answer the request, or contradicts itself.
    """
    status, detail = payload.status, no_data(payload)
    if detail is not None:
        document = payload.document
        if not isinstance(document, dict) or is_silent(document.get("included")):
            return Answer(evidence=f"HTTP {status}: {detail}")
        raise malformed(ask, f"it contradicts itself: it says {detail!r} and holds values")
    if status != _OK:
        raise malformed(ask, f"it is HTTP {status}: {excerpt(payload.body)!r}")
    indicator = ask.product.params.get("indicator", "1001")
    entries = Node.load(ask, payload)["included"].items()
    wanted = [entry for entry in entries if same_id(entry.within("id"), indicator)]
    if not wanted:
        return Answer(evidence=_without(ask, indicator, entries))
    listed = [e for e in wanted if isinstance(e.within("attributes", "values"), list)] or wanted
    nodes = [node for entry in listed for node in entry["attributes"]["values"].items()]
    if not nodes:
        return Answer(evidence=f"HTTP 200: indicator {indicator} has no values")
    rows, dropped = read_rows(ask, nodes, values=partial(price_values, ask), time=time_of)
    return answer_of(ask, rows, status, dropped)


def _without(ask: Ask, indicator: str, entries: Sequence[Node]) -> str:
    """Return the evidence of an answer without the indicator.

    Raises:
        MalformedPayload: If an entry with values has no indicator id.
    """
    named = [entry.within("id") for entry in entries]
    for entry, name in zip(entries, named, strict=True):
        has_values = not is_silent(entry.within("attributes", "values"))
        if has_values and not isinstance(name, str | int):
            raise malformed(ask, f"{entry.path} has values, and no id of an indicator")
    if entries and not any(isinstance(name, str | int) for name in named):
        raise malformed(ask, f"it has no {entries[0].path}.id")
    others = ", ".join(str(name) for name in named if isinstance(name, str | int)) or "none"
    return f"HTTP 200: no indicator {indicator}, only {excerpt(others)}"
