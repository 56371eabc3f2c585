"""ESIOS: indicators with a token, and the keyless archive (``esios.archive``).

Source:
    ``https://api.esios.ree.es/indicators/{id}``, described at https://api.esios.ree.es;
    data of Red Eléctrica, free to use with attribution. consultasios@ree.es mails the token,
    for personal use, without massive or redundant requests. Read
    2026-11-24 through captures of 2021 (azogue/aiopvpc, MIT).

Documented:
    The header ``x-api-key`` carries the token. ``start_date`` and ``end_date`` as at apidatos,
    ``geo_ids[]`` filters places, ``time_trunc`` and ``time_agg`` make coarser values.

Observed:
    ``datetime`` has the offset and is right; ``datetime_utc`` **repeats the first hour's
    instant** in the autumn hour, so the parser ignores it. The places of an hour come in no
    fixed order. A day that is not published is HTTP 200 with ``values: []`` and
    ``values_updated_at: null``.
    A bad token, or a blocked address or User-Agent, is 403 (``{"Status": 403, …}``).
    With ``time_trunc=hour`` alone the four quarters of 600 are **summed** since 2025-10-01,
    so Gapfill requests a mean (``time_agg=avg``); 1001 is hourly and needs no aggregation.

Units:
    €/MWh.

Limits and lag:
    None documented; clients request up to 21 days. Gapfill: 14 days a call, 30 calls a minute.
    Published at 20:17 to 20:47 of the day before. Not used: 10211, which is revised for
    months.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from gapfill.errors import ConfigError
from gapfill.sources.esios import archive
from gapfill.sources.json_reader import Node, Payload
from gapfill.sources.model import Answer, Ask, HttpRequest, excerpt, is_blank, malformed, shown
from gapfill.sources.prices import (
    answer_of,
    geo_id,
    price_values,
    query_bounds,
    same_id,
    time_of,
    whole_days,
)
from gapfill.sources.rows import bad, read_rows

_HOUR = timedelta(hours=1)
_HOURLY_BY_NATURE = frozenset({"1001"})
_OK = 200


def is_archive(ask: Ask) -> bool:
    """Return whether the product is a keyless archive, not an indicator."""
    return "archive" in ask.product.params


def request(ask: Ask) -> HttpRequest:
    """Return the request for the Madrid days that the requested interval touches.

    Raises:
        ConfigError: If a parameter of series or product is missing in the catalogue.
    """
    if is_archive(ask):
        return archive.request(ask)
    indicator, days = _indicator(ask), whole_days(ask)
    plain = request_days(indicator, geo_id(ask), days.first, days.last)
    if ask.product.resolution != _HOUR or indicator in _HOURLY_BY_NATURE:
        return plain
    return replace(plain, params=(*plain.params, ("time_trunc", "hour"), ("time_agg", "avg")))


def request_days(indicator: str, geo: str, first: date, last: date) -> HttpRequest:
    """Return the request for an indicator, a place and whole Madrid days, the last one included."""
    return HttpRequest(f"/indicators/{indicator}", (*query_bounds(first, last), ("geo_ids[]", geo)))


def parse(ask: Ask, payload: Payload) -> Answer:
    """Turn an answer into readings.

    Returns:
        The requested slots' readings; none, with evidence, if nothing is published.

    Raises:
        MalformedPayload: If it does not answer the request.
        ConfigError: If a parameter of series or product is missing in the catalogue.
    """
    status = payload.status
    if status != _OK:
        raise malformed(ask, f"it is HTTP {status}: {excerpt(payload.body)!r}")
    if is_archive(ask):
        return archive.parse(ask, payload)
    indicator, geo = _indicator(ask), geo_id(ask)
    about = Node.load(ask, payload)["indicator"]
    if not same_id(about["id"].value, indicator):
        raise malformed(ask, f"it is of indicator {shown(about['id'].value)!r}, not {indicator}")
    nodes = about["values"].items()
    if not nodes:
        return Answer(evidence=_nothing(ask, about))
    ours = [node for node in nodes if not _is_elsewhere(node, geo)]
    rows, dropped = read_rows(
        ask,
        ours,
        values=partial(price_values, ask),
        time=time_of,
        place=partial(_need_place, geo),
    )
    if not rows and len(ours) < len(nodes):
        others = ", ".join(sorted({shown(node.within("geo_id")) for node in nodes}))
        raise malformed(ask, f"it holds values of geo_id {excerpt(others)}, none of {geo}")
    return answer_of(ask, rows, status, dropped)


def _nothing(ask: Ask, about: Node) -> str:
    """Return the evidence of an answer without values.

    Raises:
        MalformedPayload: If it says when its values were updated, and holds none.
    """
    updated = about.within("values_updated_at")
    if not is_blank(updated):
        said = f"values is empty, values_updated_at {shown(updated)!r}"
        raise malformed(ask, f"it contradicts itself: {said}")
    return "HTTP 200: values is empty, values_updated_at null"


def _is_elsewhere(node: Node, geo: str) -> bool:
    """Return whether a row names another place."""
    given = node.within("geo_id")
    return isinstance(given, str | int) and not same_id(given, geo)


def _need_place(geo: str, record: Mapping[str, object]) -> None:
    if not same_id(record.get("geo_id"), geo):
        raise bad(record, "geo_id", "the number of a place")


def _indicator(ask: Ask) -> str:
    if "indicator" not in ask.product.params:
        message = f"Product {ask.product.key} has neither indicator nor archive in its params."
        raise ConfigError(message)
    return ask.product.params["indicator"]
