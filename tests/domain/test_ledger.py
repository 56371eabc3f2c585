"""What follows from what was asked and answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.interval import Interval
from gapfill.domain.ledger import (
    ANY_WANTED,
    Exclusion,
    LedgerEntry,
    Outcome,
    as_read,
    exclusions_from,
    recent,
)
from tests.domain.samples import HOUR, at, entry, short, span, spans, thoroughly

GAP = span("2025-10-01", "2025-10-02")
SLOT = at("2025-10-01 12:00")


def ruling(*asked_at: str) -> Exclusion:
    """Return the ruling on the gap after "no data" at these instants."""
    found = exclusions_from([entry(GAP, when) for when in asked_at]).at(SLOT)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "asked_at, count, until",
    [
        (["2025-10-10"], 1, "2025-10-11"),
        (["2025-10-10", "2025-10-11"], 2, "2025-10-18"),
        (["2025-10-10", "2025-10-11", "2025-10-18"], 3, "2025-11-17"),
        (["2025-10-10", "2025-10-11", "2025-10-18", "2025-11-17"], 4, "2026-02-15"),
        (["2025-10-10", "2025-10-11", "2025-10-18", "2025-11-17", "2026-02-15"], 5, "2026-05-16"),
    ],
    ids=["1d", "7d", "30d", "90d", "90d-again"],
)
def test_no_data_is_asked_again_after_1_7_30_and_90_days(
    asked_at: list[str], count: int, until: str
) -> None:
    """The last wait repeats for ever."""
    found = ruling(*asked_at)
    assert (found.count, found.until) == (count, at(until))


def test_two_answers_count_as_two_only_24_hours_apart() -> None:
    """A minute less is once; exactly 24 h is twice, and final."""
    assert not ruling("2025-10-10 00:00", "2025-10-10 23:59").is_final
    assert ruling("2025-10-10 00:00", "2025-10-11 00:00").is_final


def test_answers_in_between_do_not_put_off_the_second_count() -> None:
    """Each 24 h count from the last answer that counted, not from the last one."""
    found = ruling("2025-10-10 00:00", "2025-10-10 12:00", "2025-10-11 00:00", "2025-10-11 12:00")
    assert found.count == 2
    assert found.until == at("2025-10-18 12:00")


def test_the_ledger_may_come_in_any_order() -> None:
    """The evidence is that of the last answer in time."""
    late, early = (
        LedgerEntry("pvpc", "ree.pvpc", None, GAP, Outcome.NO_DATA, at(when), when)
        for when in ("2025-10-11", "2025-10-10")
    )
    found = exclusions_from([late, early]).at(SLOT)
    assert found == Exclusion(GAP, 2, at("2025-10-18"), "2025-10-11")


def test_only_no_data_is_a_verdict() -> None:
    """Failures and "not yet" never rule a source out, however many."""
    for outcome in set(Outcome) - {Outcome.NO_DATA, Outcome.UNPROVEN}:
        asked = [entry(GAP, f"2025-10-1{n}", outcome) for n in range(9)]
        assert exclusions_from(asked).items == ()


def test_an_empty_answer_that_proves_nothing_is_asked_again_every_day() -> None:
    """However often it comes, it rules nothing out, and puts off no later date."""
    unproven = [entry(GAP, f"2025-10-1{n}", Outcome.UNPROVEN) for n in range(9)]
    (found,) = exclusions_from(unproven).items
    assert (found.count, found.until, found.is_final) == (0, at("2025-10-19"), False)
    proved = [entry(GAP, "2025-10-10"), entry(GAP, "2025-10-11")]
    (found,) = exclusions_from([*proved, entry(GAP, "2025-10-12", Outcome.UNPROVEN)]).items
    assert (found.count, found.until) == (2, at("2025-10-18"))


def test_a_model_never_proves_that_there_is_nothing() -> None:
    """It covers the place, so it has no permanent holes: it is asked again every day."""
    asked = [entry(GAP, f"2025-10-1{n}") for n in range(9)]
    (found,) = exclusions_from(asked, proves=False).items
    assert (found.count, found.until, found.is_final) == (0, at("2025-10-19"), False)


def test_a_line_about_wanted_fields_of_an_earlier_build_keeps_its_meaning() -> None:
    """Its product ended in ``#wanted``."""
    old = LedgerEntry(
        "weather", "siar.hourly#wanted", "J17", GAP, Outcome.NO_DATA, at("2025-10-10"), ""
    )
    assert as_read(old) == replace(old, product="siar.hourly", field=ANY_WANTED)
    new = entry(GAP, "2025-10-10")
    assert as_read(new) is new


def test_overlapping_answers_are_cut_where_the_history_changes() -> None:
    """Slots asked twice are ruled out, those asked once are not."""
    found = exclusions_from(
        [
            entry(span("2025-10-01 00:00", "2025-10-01 10:00"), "2025-10-10"),
            entry(span("2025-10-01 06:00", "2025-10-01 16:00"), "2025-10-11"),
        ]
    )
    assert [(short(r.interval), r.count) for r in found.items] == [
        ("2025-10-01 00:00 > 2025-10-01 06:00", 1),
        ("2025-10-01 06:00 > 2025-10-01 10:00", 2),
        ("2025-10-01 10:00 > 2025-10-01 16:00", 1),
    ]


def test_there_is_no_ruling_between_and_beyond_the_stretches() -> None:
    """Look-up is half-open like everything."""
    found = exclusions_from(
        [
            entry(span("2025-10-01 00:00", "2025-10-01 02:00"), "2025-10-10"),
            entry(span("2025-10-01 04:00", "2025-10-01 06:00"), "2025-10-10"),
        ]
    )
    hours = [n for n in range(8) if found.at(at(f"2025-10-01 0{n}:00"))]
    assert hours == [0, 1, 4, 5]
    assert found.at(at("2025-09-30 23:00")) is None
    assert exclusions_from([]).at(SLOT) is None


def test_recent_are_failures_and_not_yet_of_the_last_two_hours() -> None:
    """Exactly two hours ago is over; no data has its own rule; the future has not been."""
    now = at("2025-10-26 12:00")
    asked = [
        entry(span("2025-10-01", "2025-10-02"), "2025-10-26 10:00", Outcome.FAILED),
        entry(span("2025-10-03", "2025-10-04"), "2025-10-26 10:01", Outcome.FAILED),
        entry(span("2025-10-05", "2025-10-06"), "2025-10-26 12:00", Outcome.NOT_YET),
        entry(span("2025-10-07", "2025-10-08"), "2025-10-26 11:00", Outcome.UNREACHED),
        entry(span("2025-10-09", "2025-10-10"), "2025-10-26 11:00", Outcome.NO_DATA),
        entry(span("2025-10-11", "2025-10-12"), "2025-10-26 11:00", Outcome.FILLED),
        entry(span("2025-10-13", "2025-10-14"), "2025-10-26 12:01", Outcome.FAILED),
    ]
    assert recent(asked, now) == spans(
        "2025-10-03 > 2025-10-04", "2025-10-05 > 2025-10-06", "2025-10-07 > 2025-10-08"
    )


def test_recent_stretches_are_merged() -> None:
    """A look-up by bisection needs them so."""
    now = at("2025-10-26 12:00")
    asked = [
        entry(span("2025-10-02", "2025-10-05"), "2025-10-26 11:00", Outcome.FAILED),
        entry(span("2025-10-01", "2025-10-03"), "2025-10-26 11:30", Outcome.NOT_YET),
    ]
    assert recent(asked, now) == spans("2025-10-01 > 2025-10-05")


stretches = st.tuples(st.integers(0, 15), st.integers(16, 30))
histories = st.lists(
    st.tuples(stretches, st.integers(0, 100), st.sampled_from(Outcome)), max_size=12
)


def _said_until(asks: list[tuple[int, Outcome]]) -> tuple[int, datetime]:
    """Count as the design does, slowly: every second answer 24 h or more after a counted one."""
    counted: list[int] = []
    untils: list[int] = []
    for ask, outcome in sorted(asks):
        days = 1
        if outcome is Outcome.NO_DATA:
            if not counted or ask - counted[-1] >= 24:
                counted.append(ask)
            days = [1, 7, 30, 90][min(len(counted), 4) - 1]
        untils.append(ask + 24 * days)
    return len(counted), at("2025-11-01") + max(untils) * HOUR


@thoroughly
@given(histories)
def test_rulings_agree_with_counting_for_each_slot(
    history: list[tuple[tuple[int, int], int, Outcome]],
) -> None:
    """Cut stretches say for every slot what its own history says."""
    entries = [
        LedgerEntry(
            "pvpc",
            "ree.pvpc",
            None,
            Interval(GAP.start + a * HOUR, GAP.start + b * HOUR),
            outcome,
            at("2025-11-01") + asked * HOUR,
            "",
        )
        for (a, b), asked, outcome in history
    ]
    found = exclusions_from(entries)
    assert all(
        x.interval.end <= y.interval.start
        for x, y in zip(found.items, found.items[1:], strict=False)
    )
    for hour in range(31):
        empty = (Outcome.NO_DATA, Outcome.UNPROVEN)
        asks = [(asked, o) for (a, b), asked, o in history if a <= hour < b and o in empty]
        ruled = found.at(GAP.start + timedelta(hours=hour))
        assert (ruled.count, ruled.until) == _said_until(asks) if ruled else not asks
