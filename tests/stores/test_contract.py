"""What every store promises, whatever database is under it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval
from gapfill.domain.ledger import Entry, Outcome
from gapfill.domain.reading import Origin, Reading, Row
from gapfill.domain.resolution import Era, Grid
from gapfill.domain.series import Grade
from gapfill.services.ports import Block, Undone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gapfill.domain.series import Series
    from gapfill.services.ports import Store

HOUR = timedelta(hours=1)
START = datetime(2026, 3, 1, tzinfo=UTC)


def at(hour: int) -> datetime:
    """Return the slot so many hours after the start."""
    return START + hour * HOUR


def span(first: int, end: int) -> Interval:
    """Return the interval of the hours ``[first, end)``."""
    return Interval(at(first), at(end))


def price(hour: int, value: float, grade: Grade = Grade.OFFICIAL, source: str = "ree") -> Reading:
    """Return a price."""
    return Reading(at(hour), {"price_eur_mwh": value}, grade, source)


def fill(store: Store, pvpc: Series, hours: Iterable[int], batch: str = "seed") -> None:
    """Write official prices."""
    store.write(pvpc, [price(hour, float(hour)) for hour in hours], batch)


def test_an_empty_store_lacks_everything(store: Store, pvpc: Series) -> None:
    """Before the first write there is nothing, and reading is no error."""
    assert store.absent(pvpc, span(0, 24)) == [span(0, 24)]
    assert store.below_target(pvpc, span(0, 24)) == []
    assert store.read(pvpc, span(0, 24)) == []
    assert store.newest(pvpc) is None
    assert store.entries("pvpc") == []
    assert store.blocks(START) == []


def test_what_is_written_is_read_back_whole(store: Store, pvpc: Series) -> None:
    """Values, grade, source and batch; an absent optional field stays absent."""
    store.write(pvpc, [price(1, 42.5)], "run/unit")
    assert store.read(pvpc, span(0, 3)) == [
        Row(at(1), {"price_eur_mwh": 42.5}, Grade.OFFICIAL, "ree", "run/unit", {})
    ]


def test_missing_runs_have_head_middle_and_tail(store: Store, pvpc: Series) -> None:
    """Maximal runs in order, cut to the window."""
    fill(store, pvpc, [2, 3, 6, 50, 51])
    assert store.absent(pvpc, span(0, 60)) == [span(0, 2), span(4, 6), span(7, 50), span(52, 60)]
    assert store.absent(pvpc, span(2, 4)) == []
    assert store.absent(pvpc, span(3, 7)) == [span(4, 6)]
    assert store.absent(pvpc, span(8, 20)) == [span(8, 20)]


def test_a_slot_without_a_required_field_is_missing(store: Store, weather: Series) -> None:
    """Temperature alone is not a reading of the hour's weather."""
    both = {"temperature": 10.0, "humidity": 50.0}
    store.write(
        weather,
        [
            Reading(at(0), both, Grade.OBSERVED, "aemet/5279X"),
            Reading(at(1), {"temperature": 11.0}, Grade.OBSERVED, "aemet/5279X"),
        ],
        "b",
    )
    assert store.absent(weather, span(0, 3)) == [span(1, 3)]
    assert store.newest(weather) == at(0)


def test_missing_runs_follow_a_change_of_resolution(store: Store, pvpc: Series) -> None:
    """Hours before the era, quarter-hours from it on."""
    quarter = timedelta(minutes=15)
    grid = Grid((pvpc.grid.eras[0], Era(at(2), quarter)))
    spot = replace(pvpc, grid=grid)
    slots = [at(0), at(2), at(2) + quarter, at(2) + 3 * quarter]
    store.write(
        spot, [Reading(s, {"price_eur_mwh": 1.0}, Grade.OFFICIAL, "ree") for s in slots], "b"
    )
    assert store.absent(spot, Interval(at(0), at(3))) == [
        Interval(at(1), at(2)),
        Interval(at(2) + 2 * quarter, at(2) + 3 * quarter),
    ]


def test_provisional_runs_are_told_by_grade(store: Store, pvpc: Series) -> None:
    """Runs, not rows; complete ones are not among them."""
    store.write(pvpc, [price(h, 1.0, Grade.MODELLED) for h in (0, 1, 2)], "b")
    store.write(pvpc, [price(h, 1.0, Grade.PROVISIONAL) for h in (3, 7)], "b")
    fill(store, pvpc, [4, 5])
    assert store.below_target(pvpc, span(0, 24)) == [
        Graded(span(0, 3), Grade.MODELLED),
        Graded(span(3, 4), Grade.PROVISIONAL),
        Graded(span(7, 8), Grade.PROVISIONAL),
    ]


def test_series_of_one_measurement_do_not_see_each_other(store: Store, pvpc: Series) -> None:
    """Their tags tell them apart."""
    other = replace(pvpc, name="pvpc_baleares", tags={"market": "pvpc", "geo": "8743"})
    fill(store, pvpc, [0, 1])
    fill(store, other, [1, 2])
    assert store.absent(pvpc, span(0, 3)) == [span(2, 3)]
    assert store.absent(other, span(0, 3)) == [span(0, 1)]


def test_a_lower_grade_never_overwrites_a_higher_one(store: Store, pvpc: Series) -> None:
    """Nothing is written, nothing is kept as replaced."""
    fill(store, pvpc, [0])
    assert store.write(pvpc, [price(0, 9.0, Grade.MODELLED, "open_meteo")], "late") == 0
    assert store.read(pvpc, span(0, 1))[0].values == {"price_eur_mwh": 0.0}
    assert store.batch_slots("late") == {}


def test_an_equal_grade_replaces_only_when_asked_to(store: Store, pvpc: Series) -> None:
    """A refresh takes the publisher's correction."""
    fill(store, pvpc, [0])
    assert store.write(pvpc, [price(0, 9.0)], "again") == 0
    assert store.write(pvpc, [price(0, 9.0)], "refresh", replace_equal=True) == 1
    assert store.read(pvpc, span(0, 1))[0].values == {"price_eur_mwh": 9.0}


def test_a_field_from_another_source_is_kept_and_named(store: Store, weather: Series) -> None:
    """No row claims a source for a value that source did not give."""
    modelled = {"temperature": 9.0, "humidity": 40.0, "solar_radiation": 300.0}
    store.write(weather, [Reading(at(0), modelled, Grade.MODELLED, "open_meteo")], "one")
    observed = {"temperature": 10.0, "humidity": 50.0}
    store.write(weather, [Reading(at(0), observed, Grade.OBSERVED, "aemet/5279X")], "two")
    assert store.read(weather, span(0, 1)) == [
        Row(
            at(0),
            {"temperature": 10.0, "humidity": 50.0, "solar_radiation": 300.0},
            Grade.OBSERVED,
            "aemet/5279X",
            "two",
            {"solar_radiation": Origin("open_meteo", Grade.MODELLED)},
        )
    ]


def test_writing_twice_changes_nothing(store: Store, pvpc: Series) -> None:
    """A retry of the same batch writes no row and replaces none."""
    readings = [price(h, 1.0) for h in range(24)]
    assert store.write(pvpc, readings, "b", replace_equal=True) == 24
    assert store.write(pvpc, readings, "b", replace_equal=True) == 0
    assert len(store.batch_slots("b")["pvpc"]) == 24


def test_a_batch_counts_slots_that_were_replaced_since(store: Store, pvpc: Series) -> None:
    """So a summary never loses what a run healed."""
    store.write(pvpc, [price(0, 1.0, Grade.MODELLED)], "first")
    store.write(pvpc, [price(0, 2.0)], "second")
    assert store.batch_slots("first") == {"pvpc": [at(0)]}


def test_undo_puts_back_what_stood_and_removes_what_was_added(store: Store, pvpc: Series) -> None:
    """The store is as before the batch."""
    store.write(pvpc, [price(0, 1.0, Grade.MODELLED, "old")], "first")
    before = store.read(pvpc, span(0, 5))
    store.write(pvpc, [price(0, 2.0), price(1, 3.0)], "second")
    assert store.undo("second", [pvpc]) == Undone(restored=1, removed=1, left=0)
    assert store.read(pvpc, span(0, 5)) == before
    assert store.undo("second", [pvpc]) == Undone(0, 0, 0)


def test_undo_leaves_what_a_later_batch_wrote(store: Store, pvpc: Series) -> None:
    """Something newer stands there."""
    store.write(pvpc, [price(0, 1.0, Grade.MODELLED)], "first")
    store.write(pvpc, [price(0, 2.0)], "second")
    assert store.undo("first", [pvpc]) == Undone(restored=0, removed=0, left=1)
    assert store.read(pvpc, span(0, 1))[0].values == {"price_eur_mwh": 2.0}


def test_rows_are_put_as_they_are(store: Store, pvpc: Series) -> None:
    """An import keeps provenance, leaves better rows and those that say the same."""
    row = Row(at(0), {"price_eur_mwh": 1.0}, Grade.OBSERVED, "x/1", "b", {})
    assert store.put(pvpc, [row]) == 1
    assert store.read(pvpc, span(0, 1)) == [row]
    assert store.put(pvpc, [row]) == 0
    assert store.put(pvpc, [replace(row, grade=Grade.MODELLED)]) == 0


def test_the_ledger_gives_back_what_was_noted_in_order(store: Store) -> None:
    """Lines of other series are not among them; a run's outcomes are told by source."""
    lines = [
        Entry("pvpc", "ree.pvpc", None, span(0, 24), Outcome.NO_DATA, at(30), "HTTP 502", "r/u"),
        Entry("pvpc", "ree.pvpc", None, span(0, 2), Outcome.UNREACHED, at(31), "", "r/v"),
    ]
    store.note(lines)
    store.note([replace(lines[0], series="other", product="esios.1001", batch="r2/u")])
    assert store.entries("pvpc") == lines
    assert store.outcomes("r", "ree") == [("r/u", Outcome.NO_DATA), ("r/v", Outcome.UNREACHED)]
    assert store.outcomes("r", "esios") == []


def test_calls_are_counted_by_source_time_and_run(store: Store) -> None:
    """A run whose name begins like another's is another run; ``_`` and ``%`` are letters."""
    for hour, batch in ((0, "r_1/u"), (5, "r_1/u"), (6, "rx1/u")):
        store.record_call("ree", at(hour), batch)
    assert store.calls_since("ree", at(5)) == 2
    assert store.calls_since("esios", at(0)) == 0
    assert store.calls_of("r_1") == 2


def test_of_two_blocks_the_later_end_stands(store: Store) -> None:
    """A source stays blocked until the last refusal allows."""
    store.block(Block("ree", at(5), "429"))
    store.block(Block("ree", at(3), "older"))
    assert store.blocks(at(4)) == [Block("ree", at(5), "429")]
    assert store.blocks(at(5)) == []


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    there=st.sets(st.integers(-3, 130)),
    modelled=st.sets(st.integers(-3, 130)),
    first=st.integers(0, 60),
    size=st.integers(1, 65),
)
def test_runs_equal_a_slot_by_slot_reading(
    store: Store, pvpc: Series, there: set[int], modelled: set[int], first: int, size: int
) -> None:
    """Random histories: what the database finds is what a person would count."""
    own = replace(pvpc, tags={**pvpc.tags, "example": f"{sorted(there)}{sorted(modelled)}"})
    fill(store, own, sorted(there))
    store.write(own, [price(h, 1.0, Grade.MODELLED) for h in sorted(modelled)], "m")
    hours = range(first, first + size)
    window = span(first, first + size)
    lacking = {at(h) for h in hours if h not in there | modelled}
    lower = {at(h) for h in hours if h in modelled - there}
    found = store.absent(own, window)
    assert {s for run in found for s in own.grid.slots(run)} == lacking
    assert all(a.end < b.start for a, b in pairwise(found))
    runs = store.below_target(own, window)
    assert {s for run in runs for s in own.grid.slots(run.interval)} == lower
