"""Random histories: every store says the same as a slot-by-slot reading of its points."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval, merge
from gapfill.domain.series import Grade
from gapfill.stores.points import Point, format_tags
from tests.builders import ERA, SPOT, WEATHER, hour
from tests.domain.samples import HOUR, thoroughly
from tests.stores.backends import BACKENDS, KINDS

if TYPE_CHECKING:
    from datetime import datetime

    from gapfill.domain.series import Series
    from tests.stores.backends import Backend

FLAW = -1e6
"""Out of the bounds of every field."""

_MORE_TAGS: list[dict[str, str]] = [
    {},
    {"sensor": "b"},
    {"place": "other", "market": "other"},
    {"data_type": "forecast"},
]
"""Beside the series' own tags: none more, one more, a contradiction, an excluded one."""


def _points(series: Series, start: datetime) -> st.SearchStrategy[list[Point]]:
    """Return up to sixty points in three days, most of them on the grid."""
    quarters = st.integers(0, 72 * 4 - 1)
    instants = quarters.map(lambda n: start + n * HOUR / 4) | quarters.map(
        lambda n: start + n // 4 * HOUR
    )
    tags = [dict(series.tags) | more for more in _MORE_TAGS] + [{}]
    values = {name: st.sampled_from([1.0, 1.0, 1.0, None, FLAW]) for name in series.required}
    one = st.builds(
        lambda **given: Point(**given),  # noqa: PLW0108 - of a tuple, builds also makes the optional fields
        tags=st.sampled_from([format_tags(tags) for tags in tags]),
        instant=instants,
        values=st.fixed_dictionaries(values),
        grade=st.sampled_from([None, 10, 20, 30, 40]),
    )
    return st.lists(one, max_size=60, unique_by=lambda p: (p.instant, p.tags))


def _counts(series: Series, text: str) -> bool:
    """Tell whether tags are a series' own, key by key."""
    for key, value in (tag.split("=") for tag in text.split(",") if tag):
        if key in series.tags and series.tags[key] != value:
            return False
        if value in series.exclude.get(key, ()):
            return False
    return True


def _grade(series: Series, slot: datetime, points: list[Point]) -> Grade | None:
    """Return the grade of a slot: of its weakest required field, ``None`` where one is missing."""
    end = series.grid.end_of(slot)
    best: list[int] = []
    for name in series.required:
        grades = [
            series.default_grade if p.grade is None else p.grade
            for p in points
            if slot <= p.instant < end
            and _counts(series, p.tags)
            and p.values.get(name) not in (None, FLAW)
        ]
        if not grades:
            return None
        best.append(max(grades))
    return Grade(min(best))


def _compare(backend: Backend, series: Series, window: Interval, points: list[Point]) -> None:
    backend.seed(series, *points)
    slots = {slot: _grade(series, slot, points) for slot in series.grid.slots(window)}

    def runs(grade: Grade | None) -> list[Interval]:
        return merge(Interval(s, series.grid.end_of(s)) for s, g in slots.items() if g is grade)

    below = [Graded(run, g) for g in Grade if g < series.target for run in runs(g)]
    store = backend.open()
    assert store.missing(series, window) == runs(None)
    found = [(slot, run.grade) for run in store.lower_grade(series, window) for slot in
             series.grid.slots(run.interval)]  # fmt: skip
    expected = [(slot, run.grade) for run in below for slot in series.grid.slots(run.interval)]
    assert found == sorted(expected)
    assert store.newest(series) == max((s for s, g in slots.items() if g), default=None)
    rows = {row.slot: row.grade for row in store.read(series, window)}
    assert {s: g for s, g in rows.items() if slots[s] is not None} == {
        s: g for s, g in slots.items() if g is not None
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "series, start", [(WEATHER, hour(0)), (SPOT, ERA - 36 * HOUR)], ids=["two fields", "an era"]
)
def test_every_history_is_told_as_slot_by_slot(kind: str, series: Series, start: datetime) -> None:
    """Missing runs, runs below the target, the newest slot and the grades of rows agree."""
    numbers = count()
    with tempfile.TemporaryDirectory() as folder:

        @thoroughly
        @given(_points(series, start))
        def check(points: list[Point]) -> None:
            place = Path(folder) / str(next(numbers))
            place.mkdir()
            backend = BACKENDS[kind](place)
            try:
                _compare(backend, series, Interval(start, start + 72 * HOUR), points)
            finally:
                backend.close()

        check()
