"""Given up: after two answers of "no data" a day apart, with a date, and open again by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import Interval, iso
from gapfill.domain.series import State
from gapfill.reporting import documents
from gapfill.services.detection import detect
from gapfill.services.explain import explain
from gapfill.services.heal import Healed, heal
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection
from tests.services.conftest import NOW, priced
from tests.services.test_heal import Nobody

if TYPE_CHECKING:
    from gapfill.domain.plan import Plan
    from gapfill.services.context import RunContext
    from gapfill.sources.model import Answer, Ask
    from tests.services.conftest import Scripted

LOST = Interval(datetime(2026, 3, 4, 23, tzinfo=UTC), datetime(2026, 3, 5, 23, tzinfo=UTC))
"""A local day of prices that nobody has."""
DAY = timedelta(days=1)


def without_a_day(ask: Ask) -> Answer:
    """Answer every price but those of the lost day."""
    whole = priced(ask)
    return replace(whole, readings=tuple(r for r in whole.readings if r.slot not in LOST))


@pytest.fixture
def lost(context: RunContext, sources: Scripted) -> RunContext:
    """Return the site whose sources, REE and the keyless archive, are without the day."""
    sources.otherwise = without_a_day
    sources.obstacles["esios.1001"] = "is paused"
    return context


def healed(context: RunContext, now: datetime) -> Healed:
    """Heal everything at an instant."""
    at_now = replace(context, now=now)
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    return heal(at_now, order, iso(now), Nobody())


def planned(context: RunContext, now: datetime, *, force: bool = False) -> Plan:
    """Plan everything at an instant."""
    at_now = replace(context, now=now)
    order = RunRequest(Selection(tuple(context.catalog.series.values())), force=force)
    return make_plan(at_now, order, detect_all(at_now, order))


def test_one_answer_of_each_source_is_no_verdict_yet(lost: RunContext) -> None:
    """The gap waits for a day, also after the same answer within the day."""
    first = healed(lost, NOW)
    assert (first.summary.gaps_waiting, first.summary.gaps_unfillable) == (1, 0)
    for later in (timedelta(0), timedelta(hours=23, minutes=59)):
        (report,) = detect(replace(lost, now=NOW + later), everything(lost))
        (gap,) = report.coverage.gaps
        assert (gap.state, gap.waiting, gap.slots) == (State.MISSING, NOW + DAY, 24)
    assert planned(lost, NOW + timedelta(hours=2)).units == ()
    forced = planned(lost, NOW + timedelta(hours=2), force=True)
    assert [(u.source, u.slots) for u in forced.units] == [("ree", 24)]


def everything(context: RunContext) -> Selection:
    """Return the selection of all series, to the end of the 20th."""
    return Selection(tuple(context.catalog.series.values()), end=NOW + timedelta(hours=11))


def test_two_answers_a_day_apart_from_every_source_give_it_up_with_a_date(lost: RunContext) -> None:
    """In status, in the plan, in explain and in the summary, each with the reason."""
    healed(lost, NOW)
    second = healed(lost, NOW + DAY)
    summary = second.summary
    assert (summary.gaps_waiting, summary.gaps_unfillable) == (0, 1)
    again = datetime(2026, 3, 28, 12, tzinfo=UTC)  # seven days after the second answer
    context = replace(lost, now=NOW + DAY)
    (report,) = detect(context, everything(lost))
    (gap,) = report.coverage.gaps
    assert (gap.state, gap.interval, gap.next_ask) == (State.UNFILLABLE, LOST, again)
    said = (
        "has answered 2 times without a usable value (HTTP 200); will be asked again at "
        "2026-03-28T12:00:00Z"
    )
    assert f"ree pvpc {said}" in gap.reason
    assert f"esios archive70 {said}" in gap.reason
    view = documents.plain(documents.status(context.catalog, [report], context.now))
    (shown,) = view["series"][0]["gaps"]
    assert (shown["state"], shown["slots"], shown["waiting"]) == ("unfillable", 24, None)
    assert (shown["next_ask"], shown["reason"]) == ("2026-03-28T12:00:00Z", gap.reason)
    (unhealable,) = documents.plan(second.plan).unhealable
    assert (unhealable.slots, unhealable.reason) == (24, gap.reason)
    explained = explain(context, lost.catalog.series["pvpc"], LOST.start)
    assert explained.state is State.UNFILLABLE
    assert explained.next == "no source is asked before 2026-03-28T12:00:00Z, unless forced"


def test_what_was_given_up_opens_again_by_itself_and_at_once_by_force(
    lost: RunContext, sources: Scripted
) -> None:
    """At the date, not a minute before; and once there is a price, nothing is left to say."""
    healed(lost, NOW)
    healed(lost, NOW + DAY)
    again = NOW + 8 * DAY
    before = planned(lost, again - timedelta(minutes=1))
    assert not [u for u in before.units if u.interval.start in LOST]
    forced = planned(lost, NOW + DAY, force=True)
    assert [(u.source, u.slots) for u in forced.units if u.interval.start in LOST] == [("ree", 24)]
    (report,) = detect(replace(lost, now=again), everything(lost))
    assert report.coverage.runs(State.UNFILLABLE) == []
    assert report.coverage.runs(State.MISSING) == [LOST]
    sources.otherwise = priced
    assert healed(lost, again).summary.gaps_unfillable == 0
    (report,) = detect(replace(lost, now=again), everything(lost))
    assert report.coverage.gaps == ()
