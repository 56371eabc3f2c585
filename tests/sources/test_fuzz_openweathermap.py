"""Whatever a server sends, OpenWeatherMap's parser answers or calls it malformed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapfill.errors import MalformedPayload
from gapfill.sources import openweathermap as owm
from tests.examples import examples
from tests.sources.asks import payload
from tests.sources.owm_asks import HOUR, owm_ask
from tests.sources.test_fuzz import ODD, _paths

if TYPE_CHECKING:
    from gapfill.sources.base import Ask

SLOT = datetime(2022, 8, 30, 14, tzinfo=UTC)
THEN = datetime(2022, 2, 26, 14, tzinfo=UTC)
CASES: dict[str, tuple[Ask, bytes]] = {
    "current": (
        owm_ask("current", SLOT, SLOT + timedelta(minutes=50), (44.34, 10.99)),
        payload("openweathermap_current_2022-08-30.json").replace(b"298.48", b"25.33"),
    ),
    "timemachine": (
        owm_ask("timemachine", THEN, THEN + 2 * HOUR, (52.2297, 21.0122)),
        payload("openweathermap_timemachine_2022-02-26.json")
        .replace(b"1645888976", b"1645887600")
        .replace(b"279.13", b"5.98"),
    ),
    "timeline": (
        owm_ask("timeline", datetime(2025, 11, 5, 8, tzinfo=UTC), slots=4),
        payload("openweathermap_timeline_2025-11-05.json"),
    ),
    "error": (
        owm_ask("current", SLOT, SLOT + timedelta(minutes=50)),
        payload("openweathermap_error_no_city.json"),
    ),
}
TIMES = st.sampled_from(
    [0, -1, 1661870591, 1661874192, 1661866992, 1762333200, 1762347600, 253402300800, -(10**30)]
)


def _holds(ask: Ask, status: int, body: bytes) -> None:
    """Parse, and check what any answer must be."""
    try:
        answer = owm.parse(ask, status, body)
    except MalformedPayload:
        return
    slots = [reading.slot for reading in answer.readings]
    assert slots == sorted(set(slots))
    assert not answer.no_verdict & set(slots)
    for reading in answer.readings:
        assert ask.now - 5 * HOUR <= reading.slot <= ask.now + HOUR
        assert ask.product.name == "current" or reading.slot in ask.interval
        assert ask.product.name == "current" or reading.slot + HOUR <= ask.now
        assert reading.values
        assert -40 <= reading.values.get("temperature", 0) <= 60
        assert all(isinstance(value, float) for value in reading.values.values())
    json.dumps(answer.evidence).encode()
    assert answer.evidence


def test_the_captures_are_read_as_they_are() -> None:
    """Or the rest of these tests would hold of nothing."""
    for name, readings in (("current", 1), ("timemachine", 1), ("timeline", 4)):
        ask, body = CASES[name]
        assert len(owm.parse(ask, 200, body).readings) == readings


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=examples(200), deadline=None)
@given(data=st.data())
def test_a_capture_with_wrong_members_is_read_or_malformed(name: str, data: st.DataObject) -> None:
    """Members replaced, removed or doubled, anywhere in the document."""
    ask, body = CASES[name]
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
            place[key] = data.draw(TIMES if key == "dt" else ODD)
    _holds(ask, data.draw(st.sampled_from([200, 200, 204, 404])), json.dumps(document).encode())


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=examples(100), deadline=None)
@given(data=st.data())
def test_a_capture_with_wrong_bytes_is_read_or_malformed(name: str, data: st.DataObject) -> None:
    """Cut, or with other bytes somewhere."""
    ask, body = CASES[name]
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(start + 50, len(body))))
    broken = body[:start] + data.draw(st.binary(max_size=8)) + body[end:]
    _holds(ask, 200, broken)
    _holds(ask, 200, broken[: data.draw(st.integers(0, len(broken)))])


KEYS = ["coord", "lat", "lon", "main", "temp", "humidity", "dt", "data", "rain", "weather", "cod"]
DOCUMENTS = st.recursive(
    ODD, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner)
)


@settings(max_examples=examples(100), deadline=None)
@given(document=DOCUMENTS)
def test_any_json_is_read_or_malformed(document: object) -> None:
    """The right names in the wrong places."""
    for ask, _ in CASES.values():
        _holds(ask, 200, json.dumps(document).encode())
