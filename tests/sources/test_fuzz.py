"""Whatever a server or a file holds, a parser answers or refuses it, in good time.

Each real answer is damaged in thousands of ways, the same ones in every run:
``GAPFILL_TEST_FUZZ=200000 pytest tests/sources/test_fuzz.py`` reads so many.
"""

from __future__ import annotations

import io
import json
import math
import os
import resource
import time
import zipfile
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapfill.domain.interval import Interval
from gapfill.domain.local_time import local_date
from gapfill.errors import GapfillError, MalformedPayload
from gapfill.sources.json_reader import Payload, is_silent
from gapfill.sources.model import ROW, Answer, Ask, is_blank
from gapfill.sources.siar.account import parse_word
from gapfill.sources.siar.refusals import read, says_nothing_there
from tests.examples import examples
from tests.sources.asks import PAYLOADS
from tests.sources.fuzz_cases import CASES, CSV, VALUES, Case
from tests.sources.mutations import TEXTS, damage, damage_row, encoded, odd

if TYPE_CHECKING:
    from collections.abc import Iterator

INPUTS = int(os.environ.get("GAPFILL_TEST_FUZZ", examples(20_000)))
"""Read in all: half of them damaged anywhere, half in one row, some in a file's bytes."""

LONGEST_S = 5.0
"""Of the processor for one input; the usual one takes a millisecond."""

MOST_KB = 300_000
"""The process may grow by so much over one test."""

pytestmark = pytest.mark.timeout(max(120, INPUTS // 100))

LEEWAY = timedelta(minutes=10)
STATUSES = (200, 200, 200, 200, 204, 400, 403, 404, 429, 500, 502)
WITH_ROWS = [name for name, case in CASES.items() if case.rows]
SIGNS = (
    "was not asked",
    "not over yet",
    "in the future",
    "off the series' grid",
    "of station",
    "was asked",
    "are ambiguous",
    ", not of ",
    "skips",
    "none of 8741",
    "of indicator",
    "contradicts itself",
)
"""What a refusal of a whole answer for one row must say: a shift, another place, two forms."""


def _seeded(seed: str) -> Random:
    return Random(seed)  # noqa: S311 - the same damage in every run


def _wanted(ask: Ask) -> Interval:
    """Return where readings may lie: of what is of now, the slot before as well."""
    if ask.product.name == "current":
        return Interval(ask.now - timedelta(hours=3), ask.now + LEEWAY)
    return ask.interval


def _read(case: Case, status: int, body: bytes) -> Answer | None:
    """Read an input, and check what any answer and any refusal must be."""
    started = time.process_time()
    answer, refusal = None, ""
    try:
        answer = case.parse(case.ask, status, body)
    except GapfillError as exc:
        refusal = str(exc)
    assert time.process_time() - started < LONGEST_S
    assert len(refusal.encode()) < 2000
    if answer is not None:
        _check(case.ask, answer)
    return answer


def _check(ask: Ask, answer: Answer) -> None:
    slots = [reading.slot for reading in answer.readings]
    asked, wanted = set(ask.series.grid.slots(ask.interval)), _wanted(ask)
    assert slots == sorted(set(slots))
    assert len(slots) <= len(asked)
    assert all(slot in wanted for slot in slots)
    step = ask.product.resolution
    latest = ask.now + LEEWAY - (timedelta(0) if ask.product.name == "current" else step)
    assert all(slot <= latest for slot in slots)
    for reading in answer.readings:
        assert reading.values
        assert (reading.grade, reading.source) == (
            ask.product.grade_at(reading.slot, ask.now),
            ask.origin,
        )
        for name, value in reading.values.items():
            known = ask.series.field(name)
            assert known is not None
            assert type(value) is float
            assert math.isfinite(value)
            assert known.minimum <= value <= known.maximum
    assert answer.no_verdict <= asked
    for rejected in answer.rejected:
        assert rejected.slot is None or rejected.slot in wanted
        assert len(rejected.value) <= 120
        assert rejected.reason
        f"{rejected.field} {rejected.value} {rejected.reason}".encode()
    json.dumps(answer.evidence).encode()
    assert answer.readings or answer.evidence


@pytest.fixture(autouse=True)
def _bounded_memory() -> Iterator[None]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_KB


def test_every_payload_is_damaged() -> None:
    """A new capture belongs into ``fuzz_cases``."""
    imports = {path.name for path in PAYLOADS.glob("import_*.csv")}  # no answer of a source
    files = {path.name for path in PAYLOADS.iterdir()} - {"README.md"} - imports
    assert files == {case.payload for case in CASES.values() if case.payload}


@pytest.mark.parametrize("name", WITH_ROWS)
def test_the_answers_are_read_as_they_are(name: str) -> None:
    """Or the rest of these tests would hold of nothing."""
    case = CASES[name]
    answer = _read(case, case.status, case.body)
    assert answer is not None
    assert len(answer.readings) > 1
    assert answer.rejected == ()


@pytest.mark.parametrize("name", CASES)
def test_an_answer_damaged_anywhere_is_read_or_refused(name: str) -> None:
    """Members of other kinds, dropped, doubled, moved; rows cut and shuffled; broken bytes."""
    case = CASES[name]
    for n in range(INPUTS // 2 // len(CASES)):
        rng = _seeded(f"{name} {n}")
        try:
            document = json.loads(case.body)
        except ValueError:
            document = case.body.decode("latin-1")
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            document = damage(rng, document)
        status = case.status if rng.random() < 0.7 else rng.choice(STATUSES)
        _read(case, status, encoded(rng, document))


def _twice(answer: Answer) -> set[datetime]:
    """Return the slots that came twice with two values."""
    return {r.slot for r in answer.rejected if r.slot and r.field == ROW and "twice" in r.reason}


@pytest.mark.parametrize("name", WITH_ROWS)
def test_one_bad_row_costs_no_other_row(name: str) -> None:
    """Nor is its own slot ever said to have no data, unless it has no value any more."""
    case = CASES[name]
    assert case.rows is not None
    whole = case.parse(case.ask, case.status, case.body)
    assert whole is not None
    before = {reading.slot: reading for reading in whole.readings}
    for n in range(INPUTS // 2 // len(WITH_ROWS)):
        rng = _seeded(f"row of {name} {n}")
        document = json.loads(case.body)
        rows = case.rows.take(document)
        at = rng.randrange(len(rows))
        own = _slots_of(case, document, rows[at])
        changed = damage_row(rng, rows[at]) if isinstance(rows[at], dict) else [odd(rng)]
        rows[at : at + 1] = changed
        body = json.dumps(case.rows.put(json.loads(case.body), rows)).encode()
        refusal = ""
        try:
            answer = case.parse(case.ask, case.status, body)
        except MalformedPayload as exc:
            answer, refusal = None, str(exc)
        if answer is None:
            assert any(sign in refusal for sign in SIGNS), (n, refusal[:300], changed)
            continue
        _check(case.ask, answer)
        after = {reading.slot: reading for reading in answer.readings}
        lost = {slot for slot in before if after.get(slot) != before[slot]} - own
        assert lost <= _twice(answer), (n, lost, changed)
        assert len(lost) <= 1
        if any(_has_value(case, row) for row in changed):
            silent = own - after.keys() - answer.no_verdict - {r.slot for r in answer.rejected}
            assert all(_is_of_a_published_day(case, answer, slot) for slot in silent), (n, changed)


def _is_of_a_published_day(case: Case, answer: Answer, slot: datetime) -> bool:
    """Tell whether the services give no verdict, as the rest of the slot's day is there."""
    product = case.ask.product
    zone = product.day_zone if product.publishes_days else None
    return zone is not None and local_date(slot, zone) in answer.days


def _slots_of(case: Case, document: Any, row: object) -> set[datetime]:  # noqa: ANN401 - any JSON
    """Return the slots that a row alone gives a reading for."""
    assert case.rows is not None
    try:
        answer = case.parse(
            case.ask, case.status, json.dumps(case.rows.put(document, [row])).encode()
        )
    except MalformedPayload:
        return set(case.ask.series.grid.slots(case.ask.interval))
    return {reading.slot for reading in answer.readings} if answer else set()


def _has_value(case: Case, row: object) -> bool:
    """Tell whether something stands in a row that may be a value."""
    if isinstance(row, dict):
        return any(not is_blank(value) for name, value in row.items() if name in VALUES)
    return not is_silent(row) and case.rows is not None and case.rows.is_list


def test_a_damaged_csv_file_is_read_or_refused() -> None:
    """Cells of other kinds, cut lines, other encodings, other bytes."""
    for n in range(max(INPUTS // 50, 1)):
        rng = _seeded(f"csv {n}")
        lines = CSV.body.decode("utf-16-le").split("\r\n")
        for _ in range(rng.choice((1, 1, 2))):
            at = rng.randrange(len(lines))
            cells = lines[at].split(";")
            cells[rng.randrange(len(cells))] = rng.choice((*TEXTS, "-60", "9" * 400, ";", "\n"))
            lines[at] = rng.choice((";".join(cells), "", lines[at][: rng.randrange(40)]))
        body = "\r\n".join(lines).encode(rng.choice(("utf-16-le",) * 8 + ("utf-8",)), "replace")
        if rng.randrange(4) == 0:
            cut = rng.randrange(len(body) + 1)
            body = body[:cut] + rng.randbytes(rng.randrange(4)) + body[cut + rng.randrange(9) :]
        _read(CSV, 200, body)


@pytest.mark.parametrize(
    "name", ["aemet_days", "esios_archive70_2021-10-31", "siar_daily_2025-09-14"]
)
@pytest.mark.parametrize("item", ["1", "{}", '{"TempMedia":1,"tmed":1,"PCB":1}'])
def test_more_rows_than_there_can_be_are_refused(name: str, item: str) -> None:
    """A body of 5 MB may hold two million; a report of each would take gigabytes."""
    case = CASES[name]
    assert case.rows is not None
    text = json.dumps(case.rows.put(json.loads(case.body), ["@"]))
    with pytest.raises(MalformedPayload, match="and no answer has more than 100000"):
        case.parse(case.ask, 200, text.replace('"@"', ",".join([item] * 100_001)).encode())
    _read(case, 200, text.replace('"@"', ",".join([item] * 20_000)).encode())


def test_a_long_message_is_read_in_good_time() -> None:
    """Of five things that a refusal may be about, some are looked for by patterns."""
    for words in (
        "fecha inicial ",
        "fecha inicial inferior ",
        "no hay ",
        "no se ha encontrado de ",
    ):
        text = words * (4_000_000 // len(words))
        started = time.process_time()
        read(Payload(403, text.encode()))
        says_nothing_there(text)
        assert time.process_time() - started < LONGEST_S


KEYS = sorted(
    {"included", "id", "attributes", "values", "indicator", "PVPC", "errors", "message", "estado"}
    | {"latitude", "longitude", "utc_offset_seconds", "hourly", "hourly_units", "time", "reason"}
    | {"descripcion", "datos", "fint", "idema", "ta", "fecha", "indicativo", "MensajeRespuesta"}
    | {"Fecha", "HorMin", "coord", "lat", "lon", "main", "temp", "dt", "data", "rain", "cod"}
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([10**400, *TEXTS]),
)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner)
)


@settings(max_examples=examples(100), deadline=None)
@given(document=DOCUMENTS)
def test_any_json_is_read_or_refused(document: object) -> None:
    """The right names in the wrong places."""
    body = json.dumps(document).encode()
    for case in CASES.values():
        _read(case, 200, body)


@settings(max_examples=examples(200), deadline=None)
@given(body=st.binary(max_size=60))
def test_any_bytes_are_a_word_nothing_or_malformed(body: bytes) -> None:
    """And a refusal of them can always be told."""
    with suppress(MalformedPayload):
        assert parse_word(Payload(200, body)) != ""
    refusal = read(Payload(403, body))
    assert refusal is not None
    assert refusal.said.isprintable()


@settings(max_examples=examples(200), deadline=None)
@given(data=st.data())
def test_a_broken_zip_is_read_or_malformed(data: st.DataObject) -> None:
    """A ZIP with other bytes anywhere, its directory included."""
    case = CASES["esios_archive70_2021-10-31"]
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("PVPC_CURV_DD_20211031", case.body)
    body = bytearray(box.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        body[data.draw(st.integers(4, len(body) - 1))] = data.draw(st.integers(0, 255))
    _read(Case(case.ask, bytes(body), case.parse), 200, bytes(body))
