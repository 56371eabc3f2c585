"""Whatever a server sends, a parser answers or calls it malformed: nothing else comes out."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapfill.errors import MalformedPayload
from gapfill.sources import esios, open_meteo, ree
from tests.examples import examples
from tests.sources.asks import AUTUMN, ask_of, payload
from tests.sources.open_meteo_asks import UNITS, capture_ask, capture_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from gapfill.sources.base import Answer, Ask

    Parser = Callable[[Ask, int, bytes], Answer]

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            "NaN",
            "1e999",
            "2021-10-31T02:00:00.000+02:00",
            "2021-10-31T02:30:00+01:00",
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-23:59",
            "00-01",
            "24-25",
            "31/10/2021",
            "2025-12-19T00:00",
            "0001-01-01T00:00",
            "undefined",
            "\ud800",
        ]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["id", "values", "PVPC", "message"]), st.none(), max_size=2),
)

CASES: dict[str, tuple[Parser, Ask, bytes]] = {
    "ree": (ree.parse, ask_of("ree.pvpc", AUTUMN), payload("ree_pvpc_2021-10-31.json")),
    "ree no data": (ree.parse, ask_of("ree.pvpc", AUTUMN), payload("ree_error_no_data.json")),
    "esios": (
        esios.parse,
        ask_of("esios.1001", AUTUMN),
        payload("esios_1001_2021-10-31.json"),
    ),
    "archive": (
        esios.parse,
        ask_of("esios.archive70", AUTUMN),
        payload("esios_archive70_2021-10-31.json"),
    ),
    "archive, nothing": (
        esios.parse,
        ask_of("esios.archive70", AUTUMN),
        payload("esios_archive70_error_no_values.json"),
    ),
    "open_meteo": (open_meteo.parse, capture_ask(), capture_in(UNITS)),
}
STATUSES = st.sampled_from([200, 200, 200, 204, 400, 404, 502])


def _holds(parser: Parser, ask: Ask, status: int, body: bytes) -> None:
    """Parse, and check what any answer must be."""
    try:
        answer = parser(ask, status, body)
    except MalformedPayload:
        return
    slots = [reading.slot for reading in answer.readings]
    assert slots == sorted(set(slots))
    assert all(slot in ask.interval for slot in slots)
    bounds = {field.name: (field.minimum, field.maximum) for field in ask.series.fields}
    assert all(set(ask.series.required) <= set(reading.values) for reading in answer.readings)
    for name, value in (pair for reading in answer.readings for pair in reading.values.items()):
        assert bounds[name][0] <= value <= bounds[name][1]
    assert all(reading.slot < ask.now for reading in answer.readings)
    json.dumps(answer.evidence).encode()
    assert answer.readings or answer.evidence


def _paths(document: object) -> list[tuple[Any, Any]]:
    """Return every container of a document with each of its keys."""
    found: list[tuple[Any, Any]] = []
    waiting: list[object] = [document]
    while waiting:
        place = waiting.pop()
        if isinstance(place, dict | list):
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            found += [(place, key) for key in keys]
            waiting += [place[key] for key in keys]
    return found


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=examples(150), deadline=None)
@given(data=st.data())
def test_a_capture_with_wrong_members_is_read_or_malformed(name: str, data: st.DataObject) -> None:
    """Members replaced, removed or doubled, anywhere in the document."""
    parser, ask, body = CASES[name]
    document = json.loads(body)
    for _ in range(data.draw(st.integers(1, 3))):
        places = _paths(document)
        if not places:
            break
        place, key = places[data.draw(st.integers(0, len(places) - 1))]
        change = data.draw(st.sampled_from(["replace", "remove", "double"]))
        if change == "remove":
            del place[key]
        elif change == "double" and isinstance(place, list):
            place.insert(key, place[key])
        else:
            place[key] = data.draw(ODD)
    _holds(parser, ask, data.draw(STATUSES), json.dumps(document).encode())


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=examples(100), deadline=None)
@given(data=st.data())
def test_a_capture_with_wrong_bytes_is_read_or_malformed(name: str, data: st.DataObject) -> None:
    """Cut, or with other bytes somewhere."""
    parser, ask, body = CASES[name]
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(start + 50, len(body))))
    broken = body[:start] + data.draw(st.binary(max_size=8)) + body[end:]
    _holds(parser, ask, data.draw(STATUSES), broken[: data.draw(st.integers(0, len(broken)))])
    _holds(parser, ask, 200, broken)


KEYS = ["included", "id", "attributes", "values", "indicator", "PVPC", "errors", "message"]
KEYS += ["latitude", "longitude", "utc_offset_seconds", "hourly", "hourly_units", "time", "reason"]
DOCUMENTS = st.recursive(
    ODD, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner)
)


@settings(max_examples=examples(100), deadline=None)
@given(document=DOCUMENTS)
def test_any_json_is_read_or_malformed(document: object) -> None:
    """The right names in the wrong places."""
    body = json.dumps(document).encode()
    for parser, ask, _ in CASES.values():
        _holds(parser, ask, 200, body)


@settings(max_examples=examples(200), deadline=None)
@given(data=st.data())
def test_a_broken_zip_is_read_or_malformed(data: st.DataObject) -> None:
    """A ZIP with other bytes anywhere, its directory included."""
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("PVPC_CURV_DD_20211031", CASES["archive"][2])
    body = bytearray(box.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        body[data.draw(st.integers(4, len(body) - 1))] = data.draw(st.integers(0, 255))
    _holds(esios.parse, CASES["archive"][1], 200, bytes(body))
