"""Look-ups in many runs: what a plain search from the first run on finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.candidate import RefusedRun, RefusedRuns
from gapfill.domain.interval import Interval, is_within, merge, subtract
from gapfill.domain.plan import Unit
from gapfill.domain.request import Request
from gapfill.domain.run_lookup import RunLookup
from gapfill.domain.severity import Severity
from gapfill.domain.unit_order import _earlier_first
from tests.domain.samples import HOUR, at, thoroughly

if TYPE_CHECKING:
    from collections.abc import Sequence

ORIGIN = at("2026-01-01")


class _Named(NamedTuple):
    interval: Interval
    name: int


def _hours(start: int, length: int) -> Interval:
    return Interval(ORIGIN + start * HOUR, ORIGIN + (start + length) * HOUR)


runs = st.builds(_hours, st.integers(0, 20), st.integers(1, 12))


@given(found=st.lists(runs, max_size=8))
@thoroughly
def test_the_first_run_that_holds_a_slot_is_found(found: list[Interval]) -> None:
    """In the order given, not in the order of time."""
    items = [_Named(one, n) for n, one in enumerate(found)]
    lookup = RunLookup(items)
    for n in range(-1, 34):
        slot = ORIGIN + n * HOUR
        assert lookup.at(slot) == next((one for one in items if slot in one.interval), None)


@given(found=st.lists(st.tuples(runs, st.sampled_from(["", "a", "b"])), max_size=8))
@thoroughly
def test_a_refusal_counts_for_its_field_or_for_all(found: list[tuple[Interval, str]]) -> None:
    """The first one of the slot decides the reason."""
    items = [RefusedRun(one, str(n), field) for n, (one, field) in enumerate(found)]
    refused = RefusedRuns(items)
    for n in range(-1, 34):
        slot = ORIGIN + n * HOUR
        for name in (None, "a", "b", "c"):
            plainly = (x for x in items if slot in x.interval and x.field in ("", name))
            assert refused.at(slot, name) == next(plainly, None)


@given(asked=st.lists(runs, max_size=6), others=st.lists(runs, max_size=6).map(merge))
@thoroughly
def test_runs_lie_within_others_if_nothing_of_them_is_left(
    asked: list[Interval], others: list[Interval]
) -> None:
    """As subtracting says it."""
    assert is_within(asked, others) is (not subtract(merge(asked), others))


def _plainly(ranked: Sequence[tuple[int, Unit]]) -> list[Unit]:
    """Put each unit before the first unit of a later station that shares a slot with it."""
    found: list[tuple[int, Unit]] = []
    for rank, unit in ranked:
        later = (
            n
            for n, (r, other) in enumerate(found)
            if r > rank and unit.interval.intersection(other.interval)
        )
        found.insert(next(later, len(found)), (rank, unit))
    return [unit for _, unit in found]


@given(
    cuts=st.lists(st.sets(st.integers(0, 30), max_size=10), min_size=2, max_size=4),
    data=st.data(),
)
@thoroughly
def test_units_of_earlier_stations_come_first(cuts: list[set[int]], data: st.DataObject) -> None:
    """In any order of units of several stations, whose own units share no slot."""
    ranked: list[tuple[int, Unit]] = []
    for rank, bounds in enumerate(cuts):
        edges = sorted(bounds)
        for start, end in zip(edges[::2], edges[1::2], strict=False):
            span = _hours(start, end - start)
            request = Request(span.start, span.end, (span,))
            ranked.append((rank, Unit("w", "aemet", "d", str(rank), Severity.MINOR, 1, (request,))))
    ranked = data.draw(st.permutations(ranked))
    assert _earlier_first(ranked) == _plainly(ranked)
