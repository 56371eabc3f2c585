"""What a run saw: only what it looked at, and only what is worth a message."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.alerts.conditions import evaluate_conditions, store_failed, untold, worth_telling
from gapfill.alerts.incidents import Condition
from gapfill.domain.candidate import Obstacle
from gapfill.domain.gap import Gap
from gapfill.domain.incident_key import IncidentKey, IncidentKind
from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade, State
from gapfill.domain.severity import Severity
from gapfill.errors import ErrorCode, Limit, RateLimited
from gapfill.services.certificate import Certificate, UnitOutcome
from gapfill.services.detection import detect
from gapfill.services.failure import Failure, failure_of, failure_to_read, failure_to_use
from gapfill.services.key_limits import KeyLimits
from gapfill.services.ports import Block
from gapfill.services.selection import Selection
from gapfill.services.source_availability import block
from tests.catalogs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gapfill.services.context import RunContext
    from gapfill.services.detection import Report
    from tests.services.conftest import Scripted

FIRST = datetime(2026, 2, 28, 23, tzinfo=UTC)
TODAY = datetime(2026, 3, 19, 23, tzinfo=UTC)
TOMORROW = datetime(2026, 3, 20, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)


def store(context: RunContext, start: datetime, end: datetime) -> None:
    """Write a price into every hour of ``[start, end)``."""
    pvpc = context.catalog.series["pvpc"]
    slots = pvpc.grid.slots(Interval(start, end))
    prices = [Reading(s, {"price_eur_mwh": 100.0}, Grade.OFFICIAL, "ree") for s in slots]
    context.store.write(pvpc, prices, "before/it")


def reports(context: RunContext) -> list[Report]:
    """Return what is known of all series."""
    return detect(context, Selection(tuple(context.catalog.series.values())))


def unit(outcome: str, error: str = "", note: str = "", filled: int = 0) -> Certificate:
    """Return what a unit of REE returned."""
    calls = 0 if outcome in ("stood", "deferred") else 1
    return Certificate(
        "r/u", "pvpc a–b", "pvpc", "ree", calls, 24, filled, "", UnitOutcome(outcome), 1.0, 0, note,
        ErrorCode(error),
    )  # fmt: skip


def seen(
    context: RunContext,
    *certificates: Certificate,
    before: Sequence[Report] | None = None,
    healed: Mapping[str, Sequence[Interval]] | None = None,
) -> dict[str, Condition]:
    """Return what a run saw, by key."""
    after = reports(context)
    found = evaluate_conditions(context, before or after, after, certificates, healed or {})
    assert len({sight.key for sight in found}) == len(found)
    return {sight.key: sight for sight in found}


def test_a_whole_store_shows_nothing_wrong(context: RunContext) -> None:
    """And nothing is said of sources that nobody asked."""
    store(context, FIRST, TOMORROW)
    found = seen(context)
    assert [key for key, sight in found.items() if sight.is_there] == []
    assert {"store:gapfill_store", "gap:pvpc", "late:pvpc", "barren:pvpc"} <= set(found)
    assert not {"source:ree", "credentials:ree"} & set(found)


def test_a_critical_gap_is_told_with_its_slots_and_what_was_tried(context: RunContext) -> None:
    """Two gaps of a series are one sight; a minor one is none of it."""
    store(context, FIRST + 13 * HOUR, TODAY - 50 * HOUR)
    store(context, TODAY - 49 * HOUR, TODAY - 40 * HOUR)
    store(context, TODAY - 20 * HOUR, TOMORROW)
    found = seen(context, unit("failed", "MalformedPayload", "It makes no sense."))["gap:pvpc"]
    assert found == Condition(
        IncidentKind.GAP,
        "pvpc",
        is_there=True,
        what=(
            "33 slots missing: 2026-02-28T23:00:00Z–2026-03-01T12:00:00Z, "
            "2026-03-18T07:00:00Z–2026-03-19T03:00:00Z."
        ),
        tried="ree: failed (It makes no sense).",
        slot=datetime(2026, 3, 18, 7, tzinfo=UTC),
    )


def test_the_gap_of_an_empty_store_is_called_a_first_fill(context: RunContext) -> None:
    """One sight, whatever it consists of."""
    before = reports(context)
    store(context, FIRST + 100 * HOUR, TODAY)
    found = seen(context, before=before)["gap:pvpc"]
    assert found.what.startswith("First fill: ")


def test_a_gap_that_is_no_longer_critical_says_what_is_left(context: RunContext) -> None:
    """It is no all-clear."""
    store(context, FIRST + 3 * HOUR, TOMORROW)
    found = seen(context)["gap:pvpc"]
    assert (found.is_there, found.what) == (False, "Still 3 slots missing.")


@pytest.mark.parametrize(
    "hour,is_late",
    [("19:49", False), ("19:51", False), ("20:59", False), ("21:00", True), ("23:30", True)],
)
def test_a_publisher_is_late_only_after_its_grace(
    context: RunContext,
    hour: str,
    is_late: bool,  # noqa: FBT001 - of the table
) -> None:
    """Tomorrow's prices are due at 20:50 in Madrid and late at 22:00; that is no critical gap."""
    store(context, FIRST, TOMORROW)
    context = replace(context, now=datetime.fromisoformat(f"2026-03-20T{hour}:00Z"))
    found = seen(context, unit("not_yet"))
    assert found["late:pvpc"].is_there is is_late
    assert found["gap:pvpc"].is_there is False
    assert found["barren:pvpc"].is_there is False
    if is_late:
        assert found["late:pvpc"].what == (
            "24 slots missing: 2026-03-20T23:00:00Z–2026-03-21T23:00:00Z."
        )


def test_a_day_that_failed_is_a_gap_and_not_the_publisher_s_lateness(context: RunContext) -> None:
    """Nothing is known of the publisher where it could not be asked."""
    store(context, FIRST, TOMORROW)
    context = replace(context, now=datetime(2026, 3, 20, 22, tzinfo=UTC))
    found = seen(context, unit("failed", "SourceUnavailable", "REE timed out."))
    assert "late:pvpc" not in found
    assert found["gap:pvpc"].is_there


def test_a_gap_that_waits_says_until_when(context: RunContext) -> None:
    """By the earliest instant at which somebody has some of it."""
    store(context, FIRST + 24 * HOUR, TOMORROW)
    until = context.now + 5 * HOUR
    for source in ("ree", "esios"):
        context.store.block(Block(source, until, "429"))
    found = seen(context)["gap:pvpc"]
    assert (found.is_there, found.until) == (True, until)
    assert "Waits until 2026-03-20T17:00:00Z" in found.what


@pytest.mark.parametrize(
    "certificates,is_down,is_refused",
    [
        ([unit("filled", filled=24)], False, False),
        ([unit("no_data")], False, False),
        ([unit("failed", "SourceUnavailable", "Down.")], True, None),
        ([unit("failed", "SourceUnavailable", "Down."), unit("filled", filled=1)], False, False),
        *(
            ([unit("failed", "SourceUnavailable", "Down."), unit(answered)], False, False)
            for answered in ("partial", "not_yet", "no_data")
        ),
        ([unit("partial", filled=2)], False, False),
        ([unit("not_yet")], False, False),
        ([unit("failed", "AuthRejected", "No.")], False, True),
        ([unit("failed", "MalformedPayload", "Odd.")], False, False),
        ([unit("failed", "StoreError", "Disk.")], None, None),
        ([unit("stood")], None, None),
        ([unit("deferred", note="down for others")], None, None),
    ],
)
def test_a_source_is_judged_by_its_answers(
    context: RunContext,
    certificates: list[Certificate],
    is_down: bool | None,  # noqa: FBT001 - of the table
    is_refused: bool | None,  # noqa: FBT001 - of the table
) -> None:
    """``None``: the run proves nothing of it."""
    found = seen(context, *certificates)
    down, refused = found.get("source:ree"), found.get("credentials:ree")
    assert (down.is_there if down else None) is is_down
    assert (refused.is_there if refused else None) is is_refused


def test_only_a_long_block_opens_an_incident(context: RunContext) -> None:
    """A short one is waited out."""
    context.store.block(Block("ree", context.now + timedelta(minutes=59), "429"))
    context.store.block(Block("esios", context.now + 8 * HOUR, "403: quota."))
    found = seen(context)
    assert (found["quota:ree"].is_there, found["quota:ree"].opens) == (True, False)
    assert (found["quota:esios"].is_there, found["quota:esios"].opens) == (True, True)
    assert found["quota:esios"].what == "Blocked until 2026-03-20T20:00:00Z: 403: quota."


def test_a_spent_quota_is_told(context: RunContext) -> None:
    """By the calls recorded in 24 hours."""
    sources = context.catalog.sources
    known = {**sources, "ree": replace(sources["ree"], per_day=2)}
    context = replace(context, catalog=replace(context.catalog, sources=known))
    for _ in range(2):
        context.store.record_call("ree", context.now - HOUR, "b")
    assert seen(context)["quota:ree"].what == "Its 2 calls per 24 h are spent."


@pytest.mark.parametrize(
    "certificates,is_barren",
    [
        ([unit("no_data")], True),
        ([unit("failed", "SourceUnavailable", "Down.")], True),
        ([unit("partial", filled=2)], False),
        ([unit("deferred")], None),
        ([], None),
    ],
)
def test_asking_in_vain_is_seen_where_something_is_late(
    context: RunContext,
    certificates: list[Certificate],
    is_barren: bool | None,  # noqa: FBT001 - of the table
) -> None:
    """Who asked nobody proves nothing."""
    store(context, FIRST + HOUR, TOMORROW)
    found = seen(context, *certificates).get("barren:pvpc")
    assert (found.is_there if found else None) is is_barren


def test_a_store_that_fails_is_all_that_is_seen(context: RunContext) -> None:
    """Nothing is known of gaps then, and no other incident closes."""
    broken = [replace(report, error="the disk is gone.") for report in reports(context)]
    assert evaluate_conditions(context, broken, broken, [], {}) == [
        Condition(
            IncidentKind.STORE,
            "gapfill_store",
            is_there=True,
            what="pvpc could not be read: the disk is gone.",
        )
    ]


def test_a_store_of_which_several_series_cannot_be_read_is_one_incident(
    context: RunContext,
) -> None:
    """It names all of them."""
    (report,) = reports(context)
    others = [replace(report, error="the disk is gone."), replace(report, error="it is locked")]
    found = evaluate_conditions(context, others, others, [unit("partial", filled=2)], {})
    assert [(sight.key, sight.is_there, sight.what) for sight in found] == [
        (
            "store:gapfill_store",
            True,
            "pvpc could not be read: the disk is gone. pvpc could not be read: it is locked.",
        )
    ]


def test_one_series_that_cannot_be_read_hides_no_incident_of_the_others(
    context: RunContext,
) -> None:
    """Nothing is said of its own gaps, nor that a source which it has too can be used."""
    known = context.catalog.series["pvpc"]
    both = {"pvpc": known, "other": replace(known, name="other")}
    wider = replace(context, catalog=replace(context.catalog, series=both))
    (report,) = reports(context)
    lost = replace(report, series="other", error="its table is damaged")
    found = {
        sight.key: sight.is_there
        for sight in evaluate_conditions(wider, [], [report, lost], [], {})
    }
    assert (found["store:gapfill_store"], found["gap:pvpc"]) == (True, True)
    assert not {"gap:other", "late:other", "barren:other"} & set(found)
    assert not {"broken:ree", "broken:esios", "setup:sources"} & set(found)


def test_a_run_over_some_of_the_series_does_not_close_the_store_s_incident(
    context: RunContext,
) -> None:
    """The series that could not be read may be one that it did not look at."""
    both = {**context.catalog.series, "other": context.catalog.series["pvpc"]}
    wider = replace(context, catalog=replace(context.catalog, series=both))
    after = reports(context)
    assert "store:gapfill_store" in {
        s.key for s in evaluate_conditions(context, after, after, [], {})
    }
    assert "store:gapfill_store" not in {
        s.key for s in evaluate_conditions(wider, after, after, [], {})
    }


def test_a_failed_unit_is_told_where_another_series_cannot_be_read(context: RunContext) -> None:
    """That the store cannot be read explains no failure of a series that can be."""
    (report,) = reports(context)
    lost = replace(report, series="other", error="its table is damaged.")
    unread = "other could not be read: its table is damaged."
    failures = [failure_to_read(unread), failure_of(unit("failed", "MalformedPayload", "Odd."))]
    found = [store_failed(unread)]
    assert untold(failures, found, [report, lost]) == failures[1:]
    assert untold(failures, found, [lost]) == []


def test_only_failures_that_no_incident_tells_are_the_run_s_own(context: RunContext) -> None:
    """A source that is down, or a key, is told by its own incident."""
    refused = unit("failed", "AuthRejected", "No.")
    odd = replace(unit("failed", "MalformedPayload", "Odd."), unit="pvpc c–d")
    found = list(seen(context, refused, odd).values())
    failures = [failure_of(refused), failure_of(odd), Failure("pvpc e–f: its task ended")]
    assert [one.sentence for one in failures[:2]] == ["pvpc a–b: No.", "pvpc c–d: Odd."]
    assert untold(failures, found, reports(context)) == failures[1:]


def test_a_failure_is_told_once_whatever_the_words(context: RunContext) -> None:
    """The incident that is about it counts, not its sentence."""
    found = list(seen(context, unit("failed", "SourceUnavailable", "It timed out.")).values())
    down = IncidentKey(IncidentKind.SOURCE, "ree")
    other = IncidentKey(IncidentKind.SOURCE, "aemet")
    key = IncidentKey(IncidentKind.CREDENTIALS, "ree")
    failures = [Failure("It was down.", about) for about in (down, other, key, None)]
    assert [failure.incident for failure in untold(failures, found, reports(context))] == [
        other,
        key,
        None,
    ]


def test_what_comes_in_as_it_is_published_is_no_news(context: RunContext) -> None:
    """But the gap that was late is, and so is all that a person asked for."""
    store(context, FIRST + 5 * HOUR, TOMORROW)
    context = replace(context, now=datetime(2026, 3, 20, 20, tzinfo=UTC))
    runs = [
        Interval(FIRST, FIRST + 5 * HOUR),
        Interval(TOMORROW, TOMORROW + 24 * HOUR),
    ]
    before = reports(context)
    assert worth_telling(context, before, {"pvpc": runs}) == {"pvpc": 5}
    assert worth_telling(context, before, {"pvpc": runs}, everything=True) == {"pvpc": 29}


UNSET = {"ree": "is not configured", "esios": "is not configured"}


def test_what_is_not_set_up_is_one_sight_and_no_gap_s(
    context: RunContext, sources: Scripted
) -> None:
    """It names the series, what it needs and for how many slots; nothing is late by itself."""
    sources.obstacles = UNSET
    found = seen(context)
    assert found["setup:sources"] == Condition(
        IncidentKind.SETUP,
        "sources",
        is_there=True,
        what="pvpc needs esios_default or ree_default for 480 slots.",
    )
    opening = [key for key, sight in found.items() if sight.is_there and sight.opens]
    assert opening == ["setup:sources"]


def test_a_gap_that_is_open_is_not_over_because_a_key_is_gone(
    context: RunContext, sources: Scripted
) -> None:
    """Its incident stays as it is; no other one is opened beside that of the set-up."""
    sources.obstacles = UNSET
    found = seen(context)["gap:pvpc"]
    assert (found.is_there, found.opens) == (True, False)
    assert found.what == "Still 480 slots missing."


def test_a_gap_of_days_is_not_over_because_its_last_key_is_gone(
    context: RunContext, monkeypatch: pytest.MonkeyPatch, sources: Scripted
) -> None:
    """Also where no source is left whose grace could be looked at."""
    days = frozen().series["weather_daily"]
    days = replace(days, earliest=datetime(2026, 2, 1, tzinfo=UTC))
    context = replace(context, catalog=replace(context.catalog, series={"weather_daily": days}))
    monkeypatch.setattr(sources, "obstacle", lambda _: None)
    assert seen(context)["gap:weather_daily"].opens is True
    monkeypatch.setattr(sources, "obstacle", lambda _: Obstacle("is not configured", "a_key"))
    found = seen(context)["gap:weather_daily"]
    assert (found.is_there, found.opens) == (True, False)


def test_a_run_over_some_series_says_nothing_of_the_set_up(context: RunContext) -> None:
    """What the others need is not known to it, so an incident stays open."""
    store(context, FIRST, TOMORROW)
    assert seen(context)["setup:sources"].is_there is False
    both = {**context.catalog.series, "other": context.catalog.series["pvpc"]}
    wider = replace(context, catalog=replace(context.catalog, series=both))
    known = reports(context)
    assert "setup:sources" not in {
        sight.key for sight in evaluate_conditions(wider, known, known, [], {})
    }


def test_a_source_that_cannot_be_used_is_seen_until_it_can(
    context: RunContext, sources: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not others have its slots; sources that can be used are said to be usable."""
    store(context, FIRST, TOMORROW)
    broken = Obstacle("cannot be used: its connection is not JSON", is_broken=True)
    with monkeypatch.context() as patched:
        patched.setattr(sources, "obstacle", lambda p: broken if p.source == "esios" else None)
        found = seen(context)
    assert found["broken:ree"].is_there is False
    assert found["broken:esios"] == Condition(
        IncidentKind.BROKEN,
        "esios",
        is_there=True,
        what="esios cannot be used: its connection is not JSON.",
    )
    assert seen(context)["broken:esios"].is_there is False


def test_a_failure_that_is_a_source_s_incident_is_not_the_run_s(
    context: RunContext, sources: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One failure makes one message."""
    broken = Obstacle("cannot be used: its connection is not JSON", is_broken=True)
    monkeypatch.setattr(sources, "obstacle", lambda _: broken)
    failures = [failure_to_use("ree", "Ree cannot be used."), Failure("Another.")]
    found = list(seen(context).values())
    assert untold(failures, found, reports(context)) == failures[1:]


def test_a_hole_in_several_fields_is_as_critical_as_it_is_long(context: RunContext) -> None:
    """Seven hours without one field and seven without another are fourteen hours."""
    store(context, FIRST, TOMORROW)
    (report,) = reports(context)
    gaps = tuple(
        Gap(
            Interval(FIRST + start * HOUR, FIRST + (start + 7) * HOUR),
            7,
            Severity.CRITICAL,
            State.MISSING,
            fields=(field,),
        )
        for start, field in ((0, "temperature"), (7, "humidity"))
    )
    counts = dict(report.coverage.counts) | {State.MISSING: 14}
    after = [replace(report, coverage=replace(report.coverage, gaps=gaps, counts=counts))]
    (found,) = [
        s for s in evaluate_conditions(context, after, after, [], {}) if s.kind is IncidentKind.GAP
    ]
    assert (found.is_there, found.opens) == (True, True)
    assert found.what == "14 slots missing: 2026-02-28T23:00:00Z–2026-03-01T13:00:00Z."
    runs = {"pvpc": [gaps[0].interval]}
    assert worth_telling(context, after, runs) == {"pvpc": 7}


def refuse(context: RunContext, source: str, times: int, seconds: float = 600) -> None:
    """Let a source refuse, each time when it may be asked again."""
    for _ in range(times):
        refusal = RateLimited("A firewall.", source=source, retry_after=seconds, limit=Limit.WALL)
        known = context.catalog.sources[source]
        block(context, known, known.products[0], refusal)


def test_the_first_refusals_open_no_incident(context: RunContext) -> None:
    """A firewall passes by itself; other sources stand in."""
    refuse(context, "ree", 2)
    found = seen(context)
    assert (found["quota:ree"].is_there, found["quota:ree"].opens) == (True, False)
    assert "credentials:ree" not in found
    assert "source:ree" not in found


def test_repeated_refusals_open_one_that_stays_open_between_two_blocks(context: RunContext) -> None:
    """Until a request is answered: a block that ended is no answer."""
    refuse(context, "ree", 3)
    first = seen(context)["quota:ree"]
    assert (first.is_there, first.opens) == (True, True)
    assert first.what == (
        "It has refused 3 times in a row since 2026-03-20T12:00:00Z. "
        "Blocked until 2026-03-20T12:40:00Z: A firewall."
    )
    later = replace(context, now=context.now + HOUR)
    between = seen(later)["quota:ree"]
    assert (between.is_there, between.opens) == (True, True)
    assert between.what == "It has refused 3 times in a row since 2026-03-20T12:00:00Z."
    KeyLimits(later, "ree").answered()
    assert seen(later)["quota:ree"].is_there is False


def test_a_refusal_of_an_hour_is_no_incident_and_one_of_hours_is(context: RunContext) -> None:
    """At its first time."""
    refuse(context, "ree", 1, 3600)
    refuse(context, "esios", 1, 4 * 3600)
    found = seen(context)
    assert (found["quota:ree"].opens, found["quota:esios"].opens) == (False, True)
