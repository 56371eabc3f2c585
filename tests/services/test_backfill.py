"""A unit carried out: what is written, what the ledger says, what a failure leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.ledger import Outcome
from gapfill.domain.plan import Unit
from gapfill.domain.reading import Reading, Replace
from gapfill.domain.request import Request
from gapfill.domain.series import Grade
from gapfill.domain.severity import Severity
from gapfill.errors import (
    AuthRejected,
    MalformedPayload,
    RateLimited,
    SourceError,
    SourceUnavailable,
    StoreError,
)
from gapfill.services.backfill import attempt
from gapfill.services.explain import explain
from gapfill.sources.model import Answer, Ask, Rejected
from tests.catalogs import frozen
from tests.filling import fill
from tests.services.conftest import empty, priced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gapfill.domain.series import Series
    from gapfill.services.context import RunContext
    from gapfill.services.ports import Store
    from tests.services.conftest import FakeTime, Scripted

HOUR = timedelta(hours=1)
DAY_10 = Interval(datetime(2026, 3, 9, 23, tzinfo=UTC), datetime(2026, 3, 10, 23, tzinfo=UTC))
DAY_12 = Interval(datetime(2026, 3, 11, 23, tzinfo=UTC), datetime(2026, 3, 12, 23, tzinfo=UTC))
TODAY = Interval(datetime(2026, 3, 19, 23, tzinfo=UTC), datetime(2026, 3, 20, 23, tzinfo=UTC))


def unit(*days: Interval, refresh: bool = False) -> Unit:
    """Return a unit that asks REE for these days, a request each."""
    requests = tuple(Request(d.start, d.end, (d,)) for d in days)
    slots = 24 * len(days)
    return Unit("pvpc", "ree", "pvpc", None, Severity.CRITICAL, slots, requests, refresh)


def refusing(error: SourceError) -> Callable[[Ask], Answer]:
    """Return an answer that is an error."""

    def answer(_ask: Ask) -> Answer:
        raise error

    return answer


def answering(values: Mapping[str, float]) -> Callable[[Ask], Answer]:
    """Return what answers every slot with the same values."""

    def answer(ask: Ask) -> Answer:
        slots = ask.series.grid.slots(ask.interval)
        made = tuple(Reading(s, values, ask.product.grade, ask.origin) for s in slots)
        return Answer(made, evidence="HTTP 200")

    return answer


@pytest.fixture
def weather(context: RunContext, sources: Scripted) -> RunContext:
    """Return the site with hourly weather alone, and SIAR set up."""
    sources.keyed = {"siar"}
    known = frozen()
    hourly = {"weather_hourly": known.series["weather_hourly"]}
    return replace(context, catalog=replace(known, series=hourly))


def ledger(context: RunContext) -> list[tuple[str, Interval]]:
    """Return outcome and interval of every line."""
    return [(e.outcome.value, e.interval) for e in context.store.entries("pvpc")]


def stored(context: RunContext, day: Interval) -> list[float]:
    """Return the prices of a day."""
    return [
        r.values["price_eur_mwh"] for r in context.store.read(context.catalog.series["pvpc"], day)
    ]


def test_a_fill_writes_reads_back_and_certifies(context: RunContext) -> None:
    """Each slot once, with grade, source and the run's batch."""
    certificate = fill(context, unit(DAY_10), "run")
    rows = context.store.read(context.catalog.series["pvpc"], DAY_10)
    assert (certificate.outcome, certificate.calls) == ("filled", 1)
    assert (certificate.slots_asked, certificate.slots_filled) == (24, 24)
    assert certificate.batch == "run/pvpc:ree.pvpc:20260309T2300Z-20260310T2300Z"
    assert [(r.grade, r.source, r.batch) for r in rows] == [
        (Grade.OFFICIAL, "ree", certificate.batch)
    ] * 24


def test_a_retry_skips_requests_whose_slots_stand(context: RunContext, sources: Scripted) -> None:
    """The first request was written before the second failed; only the second is sent again."""
    lost = SourceUnavailable("ree timed out", source="ree")
    sources.answers["ree"] = [priced, refusing(lost)]
    with pytest.raises(SourceUnavailable):
        fill(context, unit(DAY_10, DAY_12), "run")
    assert stored(context, DAY_10) == [100.0] * 24
    certificate = fill(context, unit(DAY_10, DAY_12), "run")
    assert [ask.interval for ask in sources.asked] == [DAY_10, DAY_12, DAY_12]
    assert (certificate.outcome, certificate.slots_filled) == ("filled", 24)
    assert len(context.store.batch_slots(certificate.batch)["pvpc"]) == 48


def test_a_second_run_over_healed_slots_makes_no_call(
    context: RunContext, sources: Scripted
) -> None:
    """What stands at the product's grade is not asked again."""
    fill(context, unit(DAY_10), "one")
    certificate = fill(context, unit(DAY_10), "two")
    assert (certificate.outcome, certificate.calls, len(sources.asked)) == ("stood", 0, 1)


def test_refresh_asks_again_and_replaces_in_place(context: RunContext, sources: Scripted) -> None:
    """A corrected price replaces the published one; its retry replaces nothing more."""
    fill(context, unit(DAY_10), "one")

    def corrected(ask: Ask) -> Answer:
        right = priced(ask)
        return replace(
            right,
            readings=tuple(replace(r, values={"price_eur_mwh": 90.0}) for r in right.readings),
        )

    sources.otherwise = corrected
    assert fill(context, unit(DAY_10, refresh=True), "two").slots_filled == 24
    assert stored(context, DAY_10) == [90.0] * 24
    assert fill(context, unit(DAY_10, refresh=True), "two").outcome == "stood"


def test_an_empty_answer_for_a_past_day_is_no_data(context: RunContext, sources: Scripted) -> None:
    """The ledger keeps what was said, and nothing is stored."""
    sources.otherwise = empty
    assert fill(context, unit(DAY_10), "run").outcome == "no_data"
    assert ledger(context) == [("no_data", DAY_10)]
    evidence = context.store.entries("pvpc")[0].evidence
    assert evidence == "HTTP 502: There are no data for the selected filters."
    assert stored(context, DAY_10) == []


def test_an_empty_answer_before_the_day_ends_is_no_verdict(
    context: RunContext, sources: Scripted
) -> None:
    """Today's prices may still be published."""
    sources.otherwise = empty
    assert fill(context, unit(TODAY), "run").outcome == "not_yet"
    assert ledger(context) == [("not_yet", TODAY)]


def test_what_lacks_from_a_published_day_gets_no_verdict(
    context: RunContext, sources: Scripted
) -> None:
    """Sixteen of twenty-four hours are stored; the rest is asked again next cycle."""

    def partial(ask: Ask) -> Answer:
        days = frozenset({date(2026, 3, 10)})
        return replace(priced(ask), readings=priced(ask).readings[:16], days=days)

    sources.otherwise = partial
    certificate = fill(context, unit(DAY_10), "run")
    assert (certificate.outcome, certificate.slots_filled) == ("partial", 16)
    assert ledger(context) == [
        ("filled", Interval(DAY_10.start, DAY_10.start + 16 * HOUR)),
        ("not_yet", Interval(DAY_10.start + 16 * HOUR, DAY_10.end)),
    ]


def test_a_value_not_believed_is_reported_and_leaves_no_verdict(
    context: RunContext, sources: Scripted
) -> None:
    """The other hours are stored; the slot lets another source go first for a while."""

    def one_wrong(ask: Ask) -> Answer:
        right = priced(ask)
        wrong = Rejected(DAY_10.start, "price_eur_mwh", "1e9", "is outside -1000 to 10000 €/MWh")
        return replace(right, readings=right.readings[1:], rejected=(wrong,))

    sources.otherwise = one_wrong
    certificate = fill(context, unit(DAY_10), "run")
    assert (certificate.slots_filled, certificate.rejected) == (23, 1)
    assert certificate.note == (
        "1 value not stored: price_eur_mwh of 2026-03-09T23:00:00Z is 1e9, "
        "which is outside -1000 to 10000 €/MWh"
    )
    assert ledger(context) == [
        ("filled", Interval(DAY_10.start + HOUR, DAY_10.end)),
        ("failed", Interval(DAY_10.start, DAY_10.start + HOUR)),
    ]


def test_a_note_names_up_to_five_things_that_were_not_stored(
    context: RunContext, sources: Scripted
) -> None:
    """Rows, values and fields apart; a text is quoted, a number is not."""
    lost = (
        Rejected(DAY_10.start, "price_eur_mwh", "n/d", "is not a finite number"),
        Rejected(DAY_10.start, "price_eur_kwh", "0.3", "is not an object"),
        Rejected(DAY_10.start, "row", "price 1 and 2", "appears twice, with different values"),
        Rejected(None, "row", "datos[3]", "has no fecha"),
        Rejected(None, "price_eur_kwh", "hourly.kwh", "is missing"),
        Rejected(None, "row", "datos[4]", "is null"),
        Rejected(None, "row", "datos[5]", "is null"),
    )
    sources.otherwise = lambda ask: replace(priced(ask), rejected=lost)
    assert fill(context, unit(DAY_10), "run").note == (
        "2 values, 4 rows and 1 field not stored: "
        "price_eur_mwh of 2026-03-09T23:00:00Z is 'n/d', which is not a finite number; "
        "price_eur_kwh of 2026-03-09T23:00:00Z is 0.3, which is not an object; "
        "the row of 2026-03-09T23:00:00Z appears twice, with different values (price 1 and 2); "
        "a row has no fecha (datos[3]); price_eur_kwh: hourly.kwh is missing; and 2 more"
    )


@pytest.mark.parametrize(
    "error,outcome",
    [
        (SourceUnavailable("ree timed out", source="ree"), "unreached"),
        (AuthRejected("ree refused the key", source="ree"), "unreached"),
        (MalformedPayload("ree sent HTML", source="ree"), "failed"),
    ],
)
def test_a_failure_raises_and_leaves_no_verdict(
    context: RunContext, sources: Scripted, error: SourceError, outcome: str
) -> None:
    """Neither "no data" nor a row."""
    sources.answers["ree"] = [refusing(error)]
    with pytest.raises(type(error)):
        fill(context, unit(DAY_10), "run")
    assert ledger(context) == [(outcome, DAY_10)]
    assert stored(context, DAY_10) == []


def test_a_useless_answer_does_not_stop_the_other_requests(
    context: RunContext, sources: Scripted
) -> None:
    """A range that is broken for ever must not starve its neighbours."""
    broken = MalformedPayload("ree sent HTML", source="ree")
    sources.answers["ree"] = [refusing(broken)]
    with pytest.raises(MalformedPayload):
        fill(context, unit(DAY_10, DAY_12), "run")
    assert stored(context, DAY_12) == [100.0] * 24


def test_a_short_refusal_is_waited_out_in_place(
    context: RunContext, sources: Scripted, time: FakeTime
) -> None:
    """Sixty seconds are slept, then the same request is sent again."""
    sources.answers["ree"] = [refusing(RateLimited("429", source="ree", retry_after=60))]
    certificate = fill(context, unit(DAY_10), "run")
    assert (certificate.outcome, certificate.calls) == ("filled", 2)
    assert 60 in time.slept


def test_a_long_refusal_blocks_the_source_and_defers_its_units(
    context: RunContext, sources: Scripted
) -> None:
    """Its units end deferred, not failed, and make no call until the block ends."""
    refusal = RateLimited("REE says 429", source="ree", retry_after=3600)
    sources.answers["ree"] = [refusing(refusal)]
    certificate = fill(context, unit(DAY_10), "run")
    assert certificate.outcome == "deferred"
    assert (
        certificate.note == "REE says 429 Deferred; will be asked again after 2026-03-20T13:00:03Z."
    )
    assert fill(context, unit(DAY_12), "run").calls == 0
    later = replace(context, now=context.now + HOUR + timedelta(seconds=3))
    assert fill(later, unit(DAY_12), "later").outcome == "filled"


def test_a_source_that_never_stops_refusing_is_blocked(
    context: RunContext, sources: Scripted
) -> None:
    """Two waits, and the third refusal blocks the source."""
    sources.answers["ree"] = [refusing(RateLimited("429", source="ree", retry_after=1))] * 4
    assert fill(context, unit(DAY_10), "run").outcome == "deferred"
    assert len(sources.asked) == 3


def test_two_failures_to_reach_a_source_defer_its_other_units(
    context: RunContext, sources: Scripted
) -> None:
    """The third unit makes no call in this run; another run tries again."""
    down = SourceUnavailable("ree timed out", source="ree")
    sources.answers["ree"] = [refusing(down), refusing(down)]
    for day in (DAY_10, DAY_12):
        with pytest.raises(SourceUnavailable):
            fill(context, unit(day), "run")
    certificate = fill(context, unit(TODAY), "run")
    assert (certificate.outcome, certificate.calls) == ("deferred", 0)
    assert certificate.note == "REE apidatos could not be reached 2 times in a row in this run"
    assert ledger(context)[-1] == ("deferred", TODAY)
    assert fill(context, unit(TODAY), "run").outcome == "deferred"
    assert fill(context, unit(TODAY), "next").outcome == "filled"


def test_a_refused_key_is_not_a_source_that_could_not_be_reached(
    context: RunContext, sources: Scripted
) -> None:
    """It is named with its connection, for the slots that were asked and for those deferred."""
    refused = AuthRejected("ree: the key of connection 'ree_default' was refused", source="ree")
    sources.answers["ree"] = [refusing(refused), refusing(refused)]
    for day in (DAY_10, DAY_12):
        with pytest.raises(AuthRejected):
            fill(context, unit(day), "run")
    certificate = fill(context, unit(TODAY), "run")
    assert certificate.outcome == "deferred"
    assert certificate.note == (
        "the key was refused 2 times in this run; correct connection ree_default"
    )
    later = replace(context, now=context.now + timedelta(minutes=1))
    for slot in (DAY_10.start, TODAY.start):
        said = explain(later, later.catalog.series["pvpc"], slot).opinions
        (opinion,) = [o for o in said if o.candidate == "ree pvpc"]
        assert opinion.sentence == (
            "refused the key of connection ree_default within the last 2 h: put a valid "
            "key there; other sources are asked first"
        )
    sources.answers["ree"] = [refusing(SourceUnavailable("ree timed out", source="ree"))]
    with pytest.raises(SourceUnavailable):
        fill(replace(context, now=context.now + timedelta(hours=2)), unit(DAY_10), "next")
    latest = replace(context, now=context.now + timedelta(hours=2, minutes=1))
    (opinion, *_) = explain(latest, latest.catalog.series["pvpc"], DAY_10.start).opinions
    assert (
        opinion.sentence
        == "could not be reached within the last 2 h; other sources are asked first"
    )


def test_a_unit_that_failed_itself_is_not_deferred(context: RunContext, sources: Scripted) -> None:
    """Its own retries go on, so that a dead source still makes the run red."""
    down = SourceUnavailable("ree timed out", source="ree")
    sources.answers["ree"] = [refusing(down)] * 3
    for _ in range(3):
        with pytest.raises(SourceUnavailable):
            fill(context, unit(DAY_10), "run")
    assert [outcome for _, outcome in context.store.outcomes("run", "ree")] == [
        Outcome.UNREACHED
    ] * 3


def test_a_better_row_stands_against_a_lower_grade(context: RunContext, sources: Scripted) -> None:
    """What another source wrote meanwhile is kept when it is better."""
    pvpc = context.catalog.series["pvpc"]

    def overtaken(ask: Ask) -> Answer:
        context.store.write(
            pvpc, [Reading(DAY_10.start, {"price_eur_mwh": 7.0}, Grade.OFFICIAL, "esios")], "other"
        )
        right = priced(ask)
        return replace(
            right, readings=tuple(replace(r, grade=Grade.OBSERVED) for r in right.readings)
        )

    sources.otherwise = overtaken
    certificate = fill(context, unit(DAY_10), "run")
    assert stored(context, DAY_10)[:2] == [7.0, 100.0]
    assert certificate.slots_filled == 23


class Unfaithful:
    """A store that does not hold what it was given, and says nothing of it.

    Args:
        store: The store.
        spoil: What it makes of readings; those of no use are dropped.
    """

    def __init__(self, store: Store, spoil: Callable[[Reading], Reading | None]) -> None:
        self._store, self._spoil = store, spoil

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        return getattr(self._store, name)

    def write(self, series: Series, readings: Sequence[Reading], batch: str, **how: Any) -> int:  # noqa: ANN401 - as the port has it
        """Write something else, and claim that all is there."""
        spoilt = [made for reading in readings if (made := self._spoil(reading)) is not None]
        self._store.write(series, spoilt, batch, **how)
        return len(readings)


def of_noon(change: Callable[[Reading], Reading | None]) -> Callable[[Reading], Reading | None]:
    """Return what changes the reading of one slot only."""
    noon = DAY_10.start + 13 * HOUR
    return lambda reading: change(reading) if reading.slot == noon else reading


UNFAITHFUL: dict[str, Callable[[Reading], Reading | None]] = {
    "dropped": of_noon(lambda _: None),
    "another value": of_noon(lambda r: replace(r, values={"price_eur_mwh": 100.5})),
    "rounded": of_noon(lambda r: replace(r, values={"price_eur_mwh": 99.0})),
    "nothing": of_noon(lambda r: replace(r, values={"price_eur_mwh": 0.0})),
    "of no use": of_noon(lambda r: replace(r, values={"price_eur_mwh": 1e9})),
    "of a lower grade": of_noon(lambda r: replace(r, grade=Grade.PROVISIONAL)),
    "an hour later": lambda r: replace(r, slot=r.slot + HOUR),
    "all dropped": lambda _: None,
    "all changed": lambda r: replace(r, values={"price_eur_mwh": -r.values["price_eur_mwh"]}),
}


@pytest.mark.parametrize("how", UNFAITHFUL)
def test_a_store_that_does_not_hold_what_was_written_proves_nothing(
    context: RunContext, how: str
) -> None:
    """The unit fails, and no slot of it is certified."""
    context = replace(context, store=cast("Store", Unfaithful(context.store, UNFAITHFUL[how])))
    certificate, error = attempt(context, unit(DAY_10), "run")
    assert isinstance(error, StoreError)
    assert (certificate.outcome, certificate.error) == ("failed", "StoreError")
    assert certificate.slots_filled == 0
    assert "of 24 slots were written but could not be read back, the first is 2026-03-" in str(
        error
    )
    with pytest.raises(StoreError, match="could not be read back"):
        fill(context, unit(DAY_10, refresh=True), "again")


def test_what_another_batch_has_changed_since_is_no_loss(context: RunContext) -> None:
    """A run that overlaps refreshes the same slots before they are read back."""
    pvpc = context.catalog.series["pvpc"]

    def overtaken(reading: Reading) -> Reading:
        newer = replace(reading, values={"price_eur_mwh": 8.0})
        context.store.write(pvpc, [newer], "other", replace=Replace.EQUAL)
        return reading

    spoilt = replace(context, store=cast("Store", Unfaithful(context.store, overtaken)))
    certificate, error = attempt(spoilt, unit(DAY_10), "run")
    assert (certificate.outcome, certificate.slots_filled, error) == ("partial", 0, None)
    assert stored(context, DAY_10) == [8.0] * 24


def test_a_retry_that_is_answered_otherwise_keeps_what_it_wrote_before(weather: RunContext) -> None:
    """A first try stored the temperature; the second one gives another, and the humidity."""
    series = weather.catalog.series["weather_hourly"]
    slot = datetime(2026, 3, 19, 10, tzinfo=UTC)
    request = Request(slot, slot + HOUR, (Interval(slot, slot + HOUR),))
    station = next(s.id for s in series.place.stations if s.source == "siar")
    planned = Unit(series.name, "siar", "hourly", station, Severity.MINOR, 1, (request,))
    planned = replace(planned, fields=series.required)
    sources = cast("Scripted", weather.sources)
    sources.otherwise = answering({"temperature": 10.0})
    assert fill(weather, planned, "run").outcome == "partial"
    sources.otherwise = answering({"temperature": 11.0, "humidity": 50.0})
    certificate = fill(weather, planned, "run")
    assert (certificate.outcome, certificate.slots_filled) == ("filled", 1)
    (row,) = weather.store.read(series, request.interval)
    assert row.values == {"temperature": 10.0, "humidity": 50.0}


@pytest.mark.parametrize(
    "grades,named",
    [
        ((), "official"),
        ((Grade.OBSERVED,), "observed"),
        ((Grade.OFFICIAL, Grade.PROVISIONAL, Grade.OBSERVED), "provisional"),
        ((Grade.MODELLED, Grade.OFFICIAL), "modelled"),
    ],
)
def test_a_certificate_names_the_lowest_grade_of_its_readings(
    context: RunContext, sources: Scripted, grades: tuple[Grade, ...], named: str
) -> None:
    """That of the product where it gave none."""

    def mixed(ask: Ask) -> Answer:
        found = zip(priced(ask).readings, grades, strict=False)
        return replace(priced(ask), readings=tuple(replace(r, grade=g) for r, g in found))

    sources.otherwise = mixed
    assert fill(context, unit(DAY_10), "run").grade == named


def test_the_grades_of_all_answers_of_a_unit_count(context: RunContext, sources: Scripted) -> None:
    """Whichever of them came first."""

    def lower(ask: Ask) -> Answer:
        readings = tuple(replace(r, grade=Grade.OBSERVED) for r in priced(ask).readings)
        return replace(priced(ask), readings=readings)

    sources.answers["ree"] = [lower, priced]
    assert fill(context, unit(DAY_10, DAY_12), "run").grade == "observed"
