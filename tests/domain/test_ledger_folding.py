"""Folding lines of the ledger changes no exclusion, however often and in whatever parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.evidence import EvidenceKind
from gapfill.domain.interval import Interval, coarse
from gapfill.domain.ledger import LedgerEntry, Outcome, exclusions_from, without
from gapfill.domain.ledger_folding import affordable, fold, holds, whole_answers, work_of
from tests.domain.samples import DAY, HOUR, at, entry, span, spans, thoroughly

START = at("2025-10-01")
SLOTS = 12
OUTCOMES = (Outcome.NO_DATA, Outcome.UNPROVEN, Outcome.FAILED, Outcome.NOT_YET, Outcome.FILLED)


@st.composite
def lines(draw: st.DrawFn) -> LedgerEntry:
    """Return a line about some slots, for all fields or one of two."""
    first = draw(st.integers(0, SLOTS - 1))
    length = draw(st.integers(1, SLOTS - first))
    times = st.integers(0, 8).map(lambda n: START + 30 * DAY + n * 13 * HOUR)
    return LedgerEntry(
        series="pvpc",
        product="ree.pvpc",
        station=None,
        interval=Interval(START + first * HOUR, START + (first + length) * HOUR),
        outcome=draw(st.sampled_from(OUTCOMES)),
        asked_at=draw(times),
        evidence=draw(st.sampled_from(["a", "b"])),
        field=draw(st.sampled_from([None, None, "x", "y"])),
        evidence_kind=draw(st.sampled_from([EvidenceKind.NOT_BELIEVED, EvidenceKind.OTHER])),
    )


def decided(entries: list[LedgerEntry]) -> list[object]:
    """Return what entries decide about each slot, for all fields and for each."""
    found: list[object] = []
    for field in (None, "x", "y"):
        own = [e for e in entries if e.field in (None, field)]
        for proves in (True, False):
            ruling = exclusions_from(own, proves=proves)
            for n in range(SLOTS):
                one = ruling.at(START + n * HOUR)
                found.append(one and (one.count, one.until, one.evidence))
        found += without(own, field or "")
    return found


@thoroughly
@given(st.lists(lines(), max_size=12), st.integers(0, 12))
def test_rows_decide_what_their_lines_decide(entries: list[LedgerEntry], cut: int) -> None:
    """Whether all lines are folded, or the oldest ones first and the others later or never."""
    ordered = sorted(entries, key=lambda e: e.asked_at)
    part = ordered[: whole_answers(ordered[:cut]) if ordered[:cut] else 0]
    rest = ordered[len(part) :]
    rows = fold(part)
    assert decided([*rows, *rest]) == decided(entries)
    assert decided(fold([*rows, *rest])) == decided(entries)
    assert decided(fold(entries)) == decided(entries)


@thoroughly
@given(st.lists(lines(), max_size=12))
def test_lines_beside_their_rows_count_once(entries: list[LedgerEntry]) -> None:
    """As a kill leaves them: all of them, some of them, and rows of two clean-ups."""
    rows = fold(entries)
    assert decided([*rows, *entries]) == decided(entries)
    assert decided([*rows, *entries[::2]]) == decided(entries)
    assert decided([*fold([*rows, *entries]), *rows]) == decided(entries)


@thoroughly
@given(st.lists(lines(), max_size=12), st.integers(0, 12))
def test_rows_can_go_if_newer_rows_hold_their_answers(entries: list[LedgerEntry], cut: int) -> None:
    """The rows of more lines hold those of fewer; rows that do not hold others keep them."""
    rows, fewer, rest = fold(entries), fold(entries[:cut]), fold(entries[cut:])
    assert holds(fold([*fewer, *entries]), fewer)
    assert holds(rows, rows)
    if holds(rest, fewer):
        assert decided(rest) == decided([*rest, *fewer])
    if fewer:
        assert not holds([], fewer)


def test_the_last_evidence_of_each_slot_stays() -> None:
    """It is what ``explain`` quotes."""
    gap = span("2025-10-01", "2025-10-02")
    first = entry(gap, "2025-10-10")
    later = replace(entry(spanned(gap), "2025-10-12"), evidence="the later one")
    found = exclusions_from(fold([first, later]))
    assert [(str(e.interval), e.evidence) for e in found.items] == [
        ("2025-10-01T00:00:00Z–2025-10-01T12:00:00Z", "the later one"),
        ("2025-10-01T12:00:00Z–2025-10-02T00:00:00Z", first.evidence),
    ]


def spanned(gap: Interval) -> Interval:
    """Return the first half of an interval."""
    return Interval(gap.start, gap.start + gap.duration / 2)


def test_slots_in_a_row_with_the_same_answers_are_one_row() -> None:
    """A day that was asked hour by hour at two times, both of which the row keeps."""
    day = [
        replace(
            entry(span("2025-10-01", "2025-10-02"), when),
            interval=Interval(START + n * HOUR, START + (n + 1) * HOUR),
        )
        for when in ("2025-10-10", "2025-10-12")
        for n in range(24)
    ]
    (row,) = fold(day)
    assert row.interval == span("2025-10-01", "2025-10-02")
    assert row.folded == (at("2025-10-10"), at("2025-10-12"))
    assert (row.asked_at, row.batch) == (at("2025-10-12"), "")


def test_lines_that_overlap_a_lot_are_folded_a_few_at_a_time() -> None:
    """Else their rows have far more answers than there are lines."""
    lines = [
        replace(
            entry(span("2025-10-01", "2025-10-02"), "2025-10-10"),
            interval=Interval(START + n * HOUR, START + (n + 2000) * HOUR),
            asked_at=START + 5000 * HOUR + n * DAY,
        )
        for n in range(2000)
    ]
    assert work_of(lines) == 4_000_000
    part = affordable([], lines)
    assert part == 248
    assert work_of(lines[:part]) == 61_504
    assert sum(len(row.folded) for row in fold(lines[:part])) == 61_504
    assert affordable([], lines[:1]) == 1


def test_answers_of_one_moment_are_not_parted() -> None:
    """The lines of the last moment wait, unless there are no others."""
    gap = span("2025-10-01", "2025-10-02")
    first, second = entry(gap, "2025-10-10"), entry(gap, "2025-10-11")
    assert whole_answers([first, second, second]) == 1
    assert whole_answers([second, second]) == 2


@pytest.mark.parametrize(
    "count, joined",
    [
        (1, ["2025-10-01 > 2025-10-20"]),
        (2, ["2025-10-01 > 2025-10-05", "2025-10-19 > 2025-10-20"]),
        (3, ["2025-10-01 > 2025-10-02", "2025-10-04 > 2025-10-05", "2025-10-19 > 2025-10-20"]),
        (9, ["2025-10-01 > 2025-10-02", "2025-10-04 > 2025-10-05", "2025-10-19 > 2025-10-20"]),
    ],
)
def test_coarse_intervals_join_the_nearest_ones(count: int, joined: list[str]) -> None:
    """They cover the same slots, and as few others as so many intervals can."""
    fine = spans("2025-10-01 > 2025-10-02", "2025-10-04 > 2025-10-05", "2025-10-19 > 2025-10-20")
    assert coarse(fine, count) == spans(*joined)
    assert coarse([], count) == []
    assert coarse(fine[:1], count) == fine[:1]


def test_a_row_of_answers_that_prove_nothing_keeps_its_slots_and_the_newest_time() -> None:
    """Filled slots of a hundred hours, each from a batch of its own."""
    hours = [
        replace(
            entry(span("2025-10-01", "2025-10-02"), "2025-10-10"),
            interval=Interval(START + n * HOUR, START + (n + 1) * HOUR),
            outcome=Outcome.FILLED,
            asked_at=START + n * HOUR + timedelta(minutes=5),
        )
        for n in range(100)
    ]
    (row,) = fold(hours)
    assert row.interval == Interval(START, START + 100 * HOUR)
    assert row.folded == (START + 99 * HOUR + timedelta(minutes=5),)
