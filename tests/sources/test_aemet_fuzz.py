"""Whatever AEMET's servers send, the parser answers or calls it malformed: nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapfill.errors import MalformedPayload
from gapfill.sources import aemet, aemet_status
from tests.examples import examples
from tests.sources.aemet_asks import HOUR, RECORD, days, hours
from tests.sources.asks import payload

if TYPE_CHECKING:
    from gapfill.sources.base import Ask

CAPTURED = datetime(2021, 1, 9, 12, 30, tzinfo=UTC)
HOURS = hours(CAPTURED - 24 * HOUR, CAPTURED, station="3195", now=CAPTURED)
DAYS = days("2025-10-04", "2025-10-06")
CASES: dict[str, tuple[Ask, bytes]] = {
    "hours": (HOURS, payload("aemet_observations_2021-01-09.json")),
    "days": (DAYS, json.dumps([RECORD, RECORD | {"fecha": "2025-10-06"}]).encode()),
    "no data": (DAYS, payload("aemet_error_no_data.json")),
    "envelope": (DAYS, payload("aemet_envelope_2021-01-09.json")),
}
STATUSES = st.sampled_from([200, 200, 200, 204, 404, 429, 500])
WORDS = ["", "NaN", "Ip", "Acum", "Varias", "1e999", "-3,4", "5279X", "3195", "2025-10-05"]
TIMES = ["2021-01-09T12:00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([*WORDS, *TIMES, "9999-12-31", "\ud800"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["estado", "descripcion"]), st.integers(), max_size=2),
)


def _holds(ask: Ask, status: int, body: bytes) -> None:
    """Parse as either hop, and check what any answer must be."""
    try:
        assert isinstance(aemet.link(ask, status, body), str)
    except MalformedPayload as exc:
        str(exc).encode()
    statement = aemet_status.read(status, body)
    if statement is not None:
        json.dumps(statement.text).encode()
    assert isinstance(aemet_status.is_gone(status, body), bool)
    try:
        answer = aemet.parse(ask, status, body)
    except MalformedPayload as exc:
        str(exc).encode()
        return
    slots = [reading.slot for reading in answer.readings]
    assert slots == sorted(set(slots))
    assert all(slot in ask.interval for slot in slots)
    for reading in answer.readings:
        assert set(ask.series.required) <= set(reading.values)
        for name, value in reading.values.items():
            known = ask.series.field(name)
            assert known is not None
            assert known.minimum <= value <= known.maximum
    json.dumps(answer.evidence).encode()
    assert answer.evidence


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=examples(200), deadline=None)
@given(data=st.data())
def test_rows_with_wrong_members_are_read_or_malformed(name: str, data: st.DataObject) -> None:
    """Members replaced or removed, rows doubled."""
    ask, body = CASES[name]
    document = json.loads(body)
    rows = document if isinstance(document, list) else [document]
    for _ in range(data.draw(st.integers(1, 3))):
        row = rows[data.draw(st.integers(0, len(rows) - 1))]
        key = data.draw(st.sampled_from(sorted(row)))
        change = data.draw(st.sampled_from(["replace", "remove", "double"]))
        if change == "remove" and len(row) > 1:
            del row[key]
        elif change == "double":
            rows.append(dict(row))
        else:
            row[key] = data.draw(ODD)
    _holds(ask, data.draw(STATUSES), json.dumps(document).encode())


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=examples(150), deadline=None)
@given(data=st.data())
def test_an_answer_with_wrong_bytes_is_read_or_malformed(name: str, data: st.DataObject) -> None:
    """Cut, or with other bytes somewhere."""
    ask, body = CASES[name]
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(start + 50, len(body))))
    broken = body[:start] + data.draw(st.binary(max_size=8)) + body[end:]
    _holds(ask, data.draw(STATUSES), broken[: data.draw(st.integers(0, len(broken)))])
    _holds(ask, 200, broken)


KEYS = ["estado", "descripcion", "datos", "fint", "idema", "ta", "fecha", "indicativo", "tmed"]
DOCUMENTS = st.recursive(
    ODD, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner)
)


@settings(max_examples=examples(150), deadline=None)
@given(document=DOCUMENTS, status=STATUSES)
def test_any_json_is_read_or_malformed(document: object, status: int) -> None:
    """The right names in the wrong places."""
    body = json.dumps(document).encode()
    for ask, _ in CASES.values():
        _holds(ask, status, body)
