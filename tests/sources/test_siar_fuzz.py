"""Whatever a server sends, SIAR's parsers answer or call it malformed: nothing else comes out."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapfill.errors import MalformedPayload
from gapfill.sources import siar
from gapfill.sources.siar_account import parse_limits, parse_word
from gapfill.sources.siar_refusal import refusal_of
from tests.examples import examples
from tests.sources.asks import payload
from tests.sources.siar_asks import daily_ask, hourly_ask
from tests.sources.test_fuzz import ODD, _paths

if TYPE_CHECKING:
    from gapfill.sources.base import Ask

HALF_HOURS = payload("siar_hourly_2025-06-30.json")
CASES: dict[str, tuple[Ask, bytes]] = {
    "half-hours": (hourly_ask(date(2025, 6, 30), date(2025, 7, 1)), HALF_HOURS),
    "half-hours of Madrid": (
        hourly_ask(date(2025, 6, 30), date(2025, 7, 1), zone="Europe/Madrid"),
        HALF_HOURS,
    ),
    "days": (
        daily_ask(date(2025, 9, 14), date(2025, 9, 16)),
        payload("siar_daily_2025-09-14.json"),
    ),
}
STRANGE = ODD | st.sampled_from(
    [0, 30, 2400, 2430, "24:00", "2025-06-30T00:00:00", "2025-07-01", "J09", "en un minuto"]
)


def _holds(ask: Ask, body: bytes) -> None:
    """Parse, and check what any answer must be."""
    refusal = refusal_of(200, {}, body)
    assert refusal is None or refusal.said
    try:
        answer = siar.parse(ask, 200, body)
    except MalformedPayload:
        return
    slots = [reading.slot for reading in answer.readings]
    assert slots == sorted(set(slots))
    assert all(slot in ask.interval for slot in slots)
    for reading in answer.readings:
        for name, value in reading.values.items():
            known = ask.series.field(name)
            assert known is not None
            assert known.minimum <= value <= known.maximum
    json.dumps(answer.evidence).encode()
    assert answer.evidence


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=examples(150), deadline=None)
@given(data=st.data())
def test_an_answer_with_wrong_members_is_read_or_malformed(name: str, data: st.DataObject) -> None:
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
            place[key] = data.draw(STRANGE)
    _holds(ask, json.dumps(document).encode())


KEYS = ["datos", "Datos", "MensajeRespuesta", "Fecha", "HorMin", "TempMedia", "Estacion"]
DOCUMENTS = st.recursive(
    STRANGE, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner)
)


@settings(max_examples=examples(150), deadline=None)
@given(document=DOCUMENTS)
def test_any_json_is_read_or_malformed(document: object) -> None:
    """The right names in the wrong places."""
    body = json.dumps(document).encode()
    for ask, _ in CASES.values():
        _holds(ask, body)
    with suppress(MalformedPayload):
        parse_limits(body)


@settings(max_examples=examples(200), deadline=None)
@given(body=st.binary(max_size=60))
def test_any_bytes_are_a_word_nothing_or_malformed(body: bytes) -> None:
    """And a refusal of them can always be told."""
    with suppress(MalformedPayload):
        assert parse_word(body) != ""
    refusal = refusal_of(403, {}, body)
    assert refusal is not None
    assert refusal.said.isprintable()
