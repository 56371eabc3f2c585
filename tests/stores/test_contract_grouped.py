"""Many series read together: each answer is that of the series alone, on every store."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.interval import Interval, merge
from gapfill.domain.series import Grade
from gapfill.errors import StoreError
from gapfill.services.ports import SeriesInstant, SeriesSources, SeriesWindow
from gapfill.stores.points import Point, format_tags, is_own, parse_tags
from tests.builders import ERA, PVPC, SPOT, WEATHER, hour, hours, point, prices
from tests.domain.samples import HOUR, thoroughly
from tests.stores.backends import BACKENDS, KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gapfill.domain.series import Series
    from gapfill.services.ports import Each, Store
    from tests.stores.backends import Backend

FLAW = -1e6
"""Out of the bounds of every field."""

CHEAP = replace(PVPC.fields[0], maximum=1.5)
FAR = replace(PVPC, name="far", tags={"market": "pvpc", "geo": "8742"})
MANY: dict[str, Series] = {
    one.name: one
    for one in (
        PVPC,
        FAR,
        replace(PVPC, name="broad", tags={"market": "pvpc"}),
        replace(PVPC, name="cheap", fields=(CHEAP, *PVPC.fields[1:]), target=Grade.OBSERVED),
        SPOT,
        WEATHER,
        replace(WEATHER, name="baeza", tags={"place": "baeza"}, default_grade=Grade.PROVISIONAL),
        replace(WEATHER, name="nowhere", measurement="nothing"),
    )
}
"""Series of two measurements and of one that is not there; some share tag sets."""

TAGS: dict[str, list[dict[str, str]]] = {
    "energy_prices": [
        {},
        {"market": "pvpc"},
        dict(PVPC.tags),
        dict(FAR.tags),
        dict(SPOT.tags),
        {**PVPC.tags, "unit": "eur"},
        {"market": "other"},
    ],
    "weather_data": [
        {},
        dict(WEATHER.tags),
        {"place": "baeza"},
        {**WEATHER.tags, "sensor": "b"},
        {"place": "baeza", "data_type": "forecast"},
    ],
}
START = ERA - 36 * HOUR
QUARTERS = 72 * 4


def _points(series: Series) -> st.SearchStrategy[list[Point]]:
    """Return points of a measurement in three days, most of them on the grid of hours."""
    quarters = st.integers(0, QUARTERS - 1)
    values = {
        one.name: st.sampled_from([1.0, 1.0, 2.0, None, FLAW]) for one in series.fields[:2]
    } | {one.name: st.sampled_from([None, 600.0]) for one in series.fields[2:]}
    one = st.builds(
        lambda **given: Point(**given),  # noqa: PLW0108 - of a tuple, builds also makes the optional fields
        tags=st.sampled_from([format_tags(tags) for tags in TAGS[series.measurement]]),
        instant=quarters.map(lambda n: START + n * HOUR / 4)
        | quarters.map(lambda n: START + n // 4 * HOUR),
        values=st.fixed_dictionaries(values).map(_given),
        grade=st.sampled_from([None, 10, 20, 30, 40]),
        source=st.sampled_from([None, "ree", "siar/J17"]),
    ).filter(lambda p: bool(p.values))
    return st.lists(one, max_size=50, unique_by=lambda p: (p.instant, p.tags))


def _given(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}


WINDOWS = st.fixed_dictionaries(
    {
        name: st.tuples(st.integers(0, 60), st.integers(1, 72)).map(
            lambda n: Interval(START + n[0] * HOUR, START + (n[0] + n[1]) * HOUR)
        )
        for name in MANY
    }
)


def _alone(ask: Callable[[], object]) -> object:
    """Return the answer of a series alone; of an error what it says."""
    try:
        return ask()
    except StoreError as exc:
        return str(exc)


def _said(answers: Each[Any]) -> dict[str, object]:
    return {n: str(a) if isinstance(a, StoreError) else a for n, a in answers.items()}


def compare(store: Store, windows: Mapping[str, Interval]) -> None:
    """Compare every grouped read with the read of each series."""
    asked = [SeriesWindow(MANY[name], window) for name, window in windows.items()]
    ends = [SeriesInstant(series, window.end) for series, window in asked]
    of = [SeriesSources(series, ("ree", "x"), window) for series, window in asked]

    def each(ask: Callable[[Series, Interval], object]) -> dict[str, object]:
        return {s.name: _alone(lambda s=s, w=w: ask(s, w)) for s, w in asked}  # type: ignore[misc]  # bound now

    def optional(series: Series, window: Interval) -> object:
        names = [one.name for one in series.fields if one.wanted]
        return {name: store.missing_optional(series, name, window) for name in names}

    assert _said(store.missing_by_field_each(asked)) == each(store.missing_by_field)
    assert _said(store.lower_grade_each(asked)) == each(store.lower_grade)
    assert _said(store.missing_optional_each(asked)) == each(optional)
    assert _said(store.of_source_each(of)) == each(lambda s, w: store.of_source(s, ("ree", "x"), w))
    assert _said(store.newest_each(ends)) == each(lambda s, w: store.newest(s, w.end))
    assert _said(store.flaws_each(asked)) == each(store.flaws)
    assert _said(store.ahead_each(ends)) == each(lambda s, w: store.ahead(s, w.end))


def missing_of(series: Series, window: Interval, points: Sequence[Point]) -> list[Interval]:
    """Return the runs without some required field, slot by slot."""
    own = [p for p in points if is_own(series, parse_tags(p.tags))]
    fields = [one for one in series.fields if one.required]
    runs: list[Interval] = []
    for slot in series.grid.slots(window):
        end = series.grid.end_of(slot)
        there = [p.values for p in own if slot <= p.instant < end]
        if not all(any(f.is_reading(values.get(f.name)) for values in there) for f in fields):
            runs.append(Interval(slot, end))
    return merge(runs)


@pytest.mark.parametrize("kind", KINDS)
def test_many_series_are_read_as_each_alone(kind: str) -> None:
    """Whatever tags, bounds, grids and windows they have, with points of other programs."""
    numbers = count()
    with tempfile.TemporaryDirectory() as folder:

        @thoroughly
        @given(_points(PVPC), _points(WEATHER), WINDOWS)
        def check(priced: list[Point], measured: list[Point], windows: dict[str, Interval]) -> None:
            place = Path(folder) / str(next(numbers))
            place.mkdir()
            backend = BACKENDS[kind](place)
            try:
                backend.seed(PVPC, *priced)
                backend.seed(WEATHER, *measured)
                store = backend.open()
                compare(store, windows)
                found = store.missing_by_field_each(
                    [SeriesWindow(MANY[name], window) for name, window in windows.items()]
                )
                points = {"energy_prices": priced, "weather_data": measured, "nothing": []}
                for name, window in windows.items():
                    by_field = found[name]
                    assert not isinstance(by_field, StoreError)
                    whole = merge(run for runs in by_field.values() for run in runs)
                    assert whole == missing_of(
                        MANY[name], window, points[MANY[name].measurement]
                    ), name
            finally:
                backend.close()

        check()


LONG = 1300
"""Hours: more than two pieces in which holes are searched."""


@pytest.mark.parametrize("kind", KINDS)
def test_long_histories_of_many_series_are_read_as_each_alone(kind: str) -> None:
    """A complete one, some with holes at every place, a short one and one with a point ahead."""
    numbers = count()
    hole = st.tuples(st.integers(0, LONG - 1), st.sampled_from([1, 2, 5, 48, 60, 500]))
    holes = st.lists(hole, max_size=6)
    starts = st.sampled_from([-30, 0, 0, 0, 7, 480])
    one = st.tuples(holes, starts)
    with tempfile.TemporaryDirectory() as folder:

        @thoroughly
        @given(st.fixed_dictionaries({"pvpc": one, "far": one, "spot": one}))
        def check(world: dict[str, tuple[list[tuple[int, int]], int]]) -> None:
            place = Path(folder) / str(next(numbers))
            place.mkdir()
            backend = BACKENDS[kind](place)
            try:
                windows: dict[str, Interval] = {}
                absent: dict[str, list[Interval]] = {}
                for name, (runs, start) in world.items():
                    series = replace(MANY[name], grid=PVPC.grid)
                    gone = {n for first, size in runs for n in range(first, first + size)}
                    values = {"price_eur_mwh": 1.0}
                    slots = [n for n in range(LONG + 50) if n not in gone]
                    seeded = replace(PVPC, tags=series.tags)
                    backend.seed(seeded, *(point(hour(n), series.tags, values) for n in slots))
                    windows[name] = hours(start, LONG)
                    before = [hours(start, 0)] if start < 0 else []
                    lost = [hours(n, n + 1) for n in gone if start <= n < LONG]
                    absent[name] = merge([*before, *lost])
                store = backend.open()
                many = [
                    SeriesWindow(replace(MANY[name], grid=PVPC.grid), window)
                    for name, window in windows.items()
                ]
                assert store.missing_by_field_each(many) == {
                    name: {"price_eur_mwh": runs} for name, runs in absent.items()
                }
                for series, window in many:
                    assert store.missing(series, window) == absent[series.name]
            finally:
                backend.close()

        check()


def test_nothing_asked_is_nothing_answered(store: Store) -> None:
    """Without series there is no answer, in a store that is not there yet."""
    assert store.missing_by_field_each([]) == {}
    assert store.ahead_each([]) == {}


def test_a_series_with_a_grade_that_nobody_can_read_hides_no_other(backend: Backend) -> None:
    """Its answer is the error, which names the point; the others have their grades."""
    store = backend.open()
    store.write(PVPC, prices([0, 1]), "run/a")
    backend.seed(FAR, point(hour(1), FAR.tags, {"price_eur_mwh": 1.0}, 35))
    found = store.lower_grade_each([SeriesWindow(one, hours(0, 2)) for one in (FAR, PVPC)])
    assert found["pvpc"] == []
    assert isinstance(found["far"], StoreError)
    assert "A point of energy_prices at 2026-01-01T01:00:00Z has a provenance" in str(found["far"])


def test_a_store_that_is_gone_is_the_answer_for_each(backend: Backend) -> None:
    """Nobody's slots are known, and no series waits for another one's error."""
    backend.open().write(PVPC, prices([0]), "run/a")
    store = backend.open()
    break_store(backend)
    found = store.missing_by_field_each([SeriesWindow(one, hours(0, 2)) for one in MANY.values()])
    assert found.keys() == MANY.keys()
    assert all(isinstance(answer, StoreError) for answer in found.values())


def break_store(backend: Backend) -> None:
    """Make the store unreadable: a file that is not a database, or a bucket that is gone."""
    path: Path | None = getattr(backend, "path", None)
    if path:
        path.write_bytes(b"This is not a database. " * 400)
    else:
        backend.close()


def test_points_of_the_next_series_do_not_count(store: Store) -> None:
    """Neither where they continue a series, slot by slot, up to the end of its window."""
    store.write(PVPC, prices([0, 1]), "run/a")
    store.write(FAR, prices([2, 3]), "run/a")
    found = store.missing_by_field_each([SeriesWindow(one, hours(0, 4)) for one in (PVPC, FAR)])
    assert found == {
        "pvpc": {"price_eur_mwh": [hours(2, 4)]},
        "far": {"price_eur_mwh": [hours(0, 2)]},
    }


def test_points_before_a_window_do_not_count(store: Store) -> None:
    """As many as are missing in it."""
    store.write(PVPC, prices([0, 1, 3]), "run/a")
    store.write(FAR, prices([0, 1, 2, 3, 9]), "run/a")
    found = store.missing_by_field_each([SeriesWindow(one, hours(1, 4)) for one in (PVPC, FAR)])
    assert found == {"pvpc": {"price_eur_mwh": [hours(2, 3)]}, "far": {"price_eur_mwh": []}}


def test_a_long_empty_stretch_is_one_run(store: Store) -> None:
    """From the middle of a piece over whole ones to the middle of another, and the head."""
    store.write(PVPC, prices([*range(100, 500), *range(2000, 2100)]), "run/a")
    (found,) = store.missing_by_field_each([SeriesWindow(PVPC, hours(0, 2100))]).values()
    assert found == {"price_eur_mwh": [hours(0, 100), hours(500, 2000)]}
