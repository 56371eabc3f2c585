"""Random histories of fills, imports, points of others and undos: both stores end up the same."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.reading import Origin, Reading, Replace, Row
from gapfill.domain.series import Grade
from tests.builders import WEATHER, hour, hours, point
from tests.domain.samples import thoroughly
from tests.stores.backends import InfluxBackend, SqliteBackend

if TYPE_CHECKING:
    from gapfill.services.ports import Store
    from gapfill.stores.points import Point
    from tests.stores.backends import Backend

pytestmark = pytest.mark.server

SLOTS = 6
WINDOW = hours(0, SLOTS)
GRADES = st.sampled_from(list(Grade))
NUMBERS = {
    field.name: st.sampled_from([max(0.0, field.minimum) + n for n in (1.0, 2.0, 3.5)])
    for field in WEATHER.fields
}
VALUES = st.fixed_dictionaries({}, optional=NUMBERS).filter(bool)
STORED = st.fixed_dictionaries(
    {}, optional={name: numbers | st.just(-9999.0) for name, numbers in NUMBERS.items()}
).filter(bool)
"""What may stand in a store, some of it out of bounds."""
SLOT = st.integers(0, SLOTS - 1)
SOURCES = st.sampled_from(["aemet/5279X", "siar/J17", "open_meteo"])


@dataclass(frozen=True)
class Fill:
    """A write of a batch of its own, some of them twice as by a retry."""

    readings: list[Reading]
    replace: Replace
    is_retried: bool


@dataclass(frozen=True)
class Import:
    """A put."""

    rows: list[Row]


@dataclass(frozen=True)
class Others:
    """A point of another program, off the grid or with other tags."""

    minutes: int
    sensor: str
    values: dict[str, float]
    grade: int | None


@dataclass(frozen=True)
class Tidy:
    """A removal of copies."""


@dataclass(frozen=True)
class Undo:
    """An undo of the batch so many steps ago."""

    back: int


READINGS = st.lists(
    st.builds(Reading, SLOT.map(hour), VALUES, GRADES, SOURCES), min_size=1, max_size=5
)
ROWS = st.lists(
    st.builds(
        Row,
        SLOT.map(hour),
        VALUES,
        GRADES,
        SOURCES | st.none(),
        st.none(),
        st.sampled_from([{}, {"pressure": Origin("siar/J17", Grade.MODELLED)}]),
    ).map(lambda row: row if "pressure" in row.values else Row(row.slot, row.values, row.grade)),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row.slot,
)
KEPT = st.sampled_from([None, "temperature:unknown:30", "humidity:unknown:20;pressure:siar/J17:10"])
BEFORE = st.lists(
    st.builds(
        point,
        SLOT.map(hour),
        st.just(WEATHER.tags),
        STORED,
        st.sampled_from([None, 10, 30]),
        st.sampled_from([None, "unknown", "siar/J17"]),
        st.sampled_from([None, "old/a"]),
        KEPT,
    ),
    max_size=4,
    unique_by=lambda p: p.instant,
)
"""The series' own points as an earlier release, or the plant, left them."""

STEPS = st.lists(
    st.builds(Fill, READINGS, st.sampled_from(list(Replace)), st.booleans())
    | st.builds(Import, ROWS)
    | st.builds(
        Others,
        st.integers(0, SLOTS * 60 - 1),
        st.sampled_from(["a", "b"]),
        STORED,
        st.sampled_from([None, 10, 30, 40]),
    )
    | st.just(Tidy())
    | st.builds(Undo, st.integers(1, 3)),
    max_size=10,
)


def _take(backend: Backend, store: Store, number: int, step: object) -> object:
    match step:
        case Fill(readings, replace, is_retried):
            written = store.write(WEATHER, readings, f"run/{number}", replace=replace)
            if is_retried:
                store.write(WEATHER, readings, f"run/{number}", replace=replace)
            return written
        case Import(rows):
            batch = f"run/{number}"
            named = [Row(r.slot, r.values, r.grade, r.source, batch, r.kept) for r in rows]
            return store.import_rows(WEATHER, named)
        case Others(minutes, sensor, values, grade):
            tags = {"place": "linares", "sensor": f"{sensor}{number}"}
            backend.seed(WEATHER, point(hour(minutes / 60), tags, values, grade))
            return None
        case Tidy():
            return store.remove_copies(WEATHER, WINDOW, f"run/{number}")
        case Undo(back):
            return store.undo(f"run/{number - back}", [WEATHER])
    return None


def _seen(store: Store, steps: int) -> dict[str, object]:
    return {
        "rows": store.read(WEATHER, WINDOW),
        "missing": store.missing(WEATHER, WINDOW),
        "below": store.lower_grade(WEATHER, WINDOW),
        "missing_optional": store.missing_optional(WEATHER, "solar_radiation", WINDOW),
        "newest": store.newest(WEATHER),
        "newest within": store.newest(WEATHER, hour(SLOTS - 2)),
        "flaws": store.flaws(WEATHER, WINDOW),
        "ahead": store.ahead(WEATHER, hour(SLOTS - 2)),
        "copies": store.copies(WEATHER, WINDOW),
        "batches": [store.batch_slots(f"run/{number}") for number in range(steps)],
    }


def test_both_stores_give_the_same_rows_gaps_and_states_for_the_same_history() -> None:
    """After every step, what each did and what it shows is the same."""
    numbers = count()
    with tempfile.TemporaryDirectory() as folder:

        @thoroughly
        @given(BEFORE, STEPS)
        def check(before: list[Point], steps: list[object]) -> None:
            place = Path(folder) / str(next(numbers))
            place.mkdir()
            backends: list[Backend] = [SqliteBackend(place), InfluxBackend(place)]
            try:
                stores = [backend.open() for backend in backends]
                for backend in backends:
                    backend.seed(WEATHER, *before)
                for number, step in enumerate(steps):
                    one, other = (
                        _take(backend, store, number, step)
                        for backend, store in zip(backends, stores, strict=True)
                    )
                    assert one == other, step
                one_sees, other_sees = (_seen(store, len(steps)) for store in stores)
                assert one_sees == other_sees
            finally:
                for backend in backends:
                    backend.close()

        check()
