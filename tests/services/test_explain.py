"""One slot explained: its state, each candidate's verdict, and what the next plan does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval
from gapfill.domain.invalid_values import Ahead
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.reading import Origin, Row
from gapfill.domain.series import Grade, State
from gapfill.services.detection import detect
from gapfill.services.explain import Explanation, explain
from gapfill.services.ports import Block
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    from gapfill.services.context import RunContext
    from tests.services.conftest import Scripted

SLOT = datetime(2026, 3, 10, 5, tzinfo=UTC)
NEXT = SLOT + timedelta(hours=1)


def told(context: RunContext, instant: datetime = SLOT) -> Explanation:
    """Explain a slot of prices."""
    return explain(context, context.catalog.series["pvpc"], instant)


def put(context: RunContext, grade: Grade, **values: float) -> None:
    """Store a reading at the slot."""
    context.store.import_rows(
        context.catalog.series["pvpc"], [Row(SLOT, values, grade, "ree", "run/1")]
    )


def test_a_missing_slot(context: RunContext) -> None:
    """Due since the evening before; the first of the route that can is asked."""
    said = told(context, SLOT + timedelta(minutes=59))
    assert (said.slot, said.state, said.row) == (SLOT, State.MISSING, None)
    assert said.sentence == "it was due 2026-03-09T19:50:00Z and has no reading"
    assert [(o.candidate, o.eligibility) for o in said.opinions] == [
        ("ree pvpc", "serves"),
        ("esios 1001", "unconfigured"),
        ("esios archive70", "serves"),
    ]
    assert said.next == "the next plan asks ree pvpc"


def test_a_complete_slot(context: RunContext) -> None:
    """What it has and from where."""
    put(context, Grade.OFFICIAL, price_eur_mwh=80.25)
    said = told(context)
    assert (said.state, said.next) == (State.COMPLETE, "nothing to do")
    assert said.sentence == "has price_eur_mwh 80.25, official, from ree, batch run/1"


def test_a_provisional_slot_is_asked_of_who_has_better(context: RunContext) -> None:
    """It is usable, and an upgrade is planned."""
    put(context, Grade.OBSERVED, price_eur_mwh=80.25)
    said = told(context)
    assert (said.state, said.next) == (State.PROVISIONAL, "the next plan asks ree pvpc")


def test_a_row_without_the_required_field_is_missing(context: RunContext) -> None:
    """What it has does not make it whole."""
    put(context, Grade.OFFICIAL, price_eur_kwh=0.08)
    said = told(context)
    assert said.state is State.MISSING
    assert said.sentence == "it has price_eur_kwh 0.08, but no price_eur_mwh"


def test_a_slot_that_waits_for_a_blocked_source(context: RunContext, sources: Scripted) -> None:
    """Until when, and for whom."""
    sources.obstacles["esios"] = "is paused"
    until = datetime(2026, 3, 20, 13, tzinfo=UTC)
    context.store.block(Block("ree", until, "REE said 429."))
    said = told(context)
    assert said.state is State.MISSING
    assert said.opinions[0].sentence == "is blocked until 2026-03-20T13:00:00Z: REE said 429."
    assert said.next == "waits until 2026-03-20T13:00:00Z for ree"


def test_an_unfillable_slot_is_asked_again_some_day(context: RunContext, sources: Scripted) -> None:
    """Two answers of "no data" rule a product out until its next date."""
    sources.obstacles["esios"] = "is paused"
    asked = [
        LedgerEntry(
            series="pvpc",
            product="ree.pvpc",
            station=None,
            interval=Interval(SLOT, NEXT),
            outcome=Outcome.NO_DATA,
            asked_at=datetime(2026, 3, day, 12, tzinfo=UTC),
            evidence="HTTP 502",
        )
        for day in (17, 19)
    ]
    context.store.append_ledger(asked)
    said = told(context)
    assert said.state is State.UNFILLABLE
    assert said.next == "no source is asked before 2026-03-26T12:00:00Z, unless forced"


def test_slots_to_come(context: RunContext) -> None:
    """Tomorrow's are not due, next month's are far off."""
    tomorrow = told(context, datetime(2026, 3, 21, 5, tzinfo=UTC))
    assert (tomorrow.state, tomorrow.sentence) == (State.PENDING, "due 2026-03-20T19:50:00Z")
    later = told(context, datetime(2026, 4, 21, 5, tzinfo=UTC))
    assert (later.state, later.sentence) == (
        State.PENDING,
        "it is in the future, due 2026-04-20T18:50:00Z",
    )


def test_a_point_after_the_last_expected_slot_does_not_count(context: RunContext) -> None:
    """As the warning of ``status`` counts it; the slot before it is a reading."""
    series = context.catalog.series["pvpc"]
    last, ahead = (datetime(2026, 3, day, hour, tzinfo=UTC) for day, hour in ((21, 22), (21, 23)))
    for slot in (last, ahead):
        context.store.import_rows(series, [Row(slot, {"price_eur_mwh": 5.0}, Grade.OFFICIAL)])
    assert told(context, last).state is State.COMPLETE
    said = told(context, ahead)
    assert (said.state, said.row and said.row.values) == (None, {"price_eur_mwh": 5.0})
    assert said.sentence == (
        "it has price_eur_mwh 5, official, from another program; it is after the last "
        "expected slot, 2026-03-21T22:00:00Z, and does not count"
    )
    (report,) = detect(context, Selection((series,)), closely=True)
    assert report.ahead == Ahead(1, ahead)


def test_a_value_without_a_source_is_of_another_program(context: RunContext) -> None:
    """Alone, and beside a field that has a source."""
    series = context.catalog.series["pvpc"]
    context.store.import_rows(series, [Row(SLOT, {"price_eur_mwh": 80.0}, Grade.OFFICIAL)])
    assert told(context).sentence == "has price_eur_mwh 80, official, from another program"
    kept = {"price_eur_kwh": Origin("ree", Grade.OFFICIAL)}
    values = {"price_eur_mwh": 81.0, "price_eur_kwh": 0.081}
    context.store.import_rows(series, [Row(SLOT, values, Grade.OFFICIAL, None, None, kept)])
    assert told(context).sentence == (
        "has price_eur_mwh 81 from another program, official; price_eur_kwh 0.081 from ree, "
        "official; the slot is official"
    )


def test_before_the_series_begins_there_is_no_slot(context: RunContext) -> None:
    """And the sentence says where it begins; who could give it is said all the same."""
    said = told(context, datetime(2026, 1, 1, tzinfo=UTC))
    assert (said.state, said.row) == (None, None)
    assert said.sentence == "pvpc begins later, at 2026-02-28T23:00:00Z"
    assert [(o.candidate, o.eligibility) for o in said.opinions] == [
        ("ree pvpc", "serves"),
        ("esios 1001", "unconfigured"),
        ("esios archive70", "serves"),
    ]
