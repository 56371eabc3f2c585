"""Every store: what is not a number within its bounds is no reading, anywhere."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.coverage import Graded
from gapfill.domain.invalid_values import Ahead, Flaw, Flaws
from gapfill.domain.reading import Reading, Row
from gapfill.domain.series import Field, Grade
from gapfill.services.ports import Undone
from tests.builders import PVPC, WEATHER, hour, hours, point, weather
from tests.stores.backends import InfluxBackend, SqliteBackend

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stores.backends import Backend

MODELLED, OBSERVED = Grade.MODELLED, Grade.OBSERVED
LINARES = {"place": "linares"}
OTHER = LINARES | {"sensor": "wall"}
BAD = [(-999.0, 50.0), (20.0, 9999.0), (293.0, 50.0)]
"""Temperature and humidity of hours 0, 1 and 2; hour 3 is good."""


def _seed(backend: Backend, tags: dict[str, str] = LINARES) -> None:
    pairs = [*BAD, (20.0, 50.0)]
    points = [
        point(hour(n), tags, {"temperature": t, "humidity": h}) for n, (t, h) in enumerate(pairs)
    ]
    backend.seed(WEATHER, *points)


def test_values_out_of_bounds_are_missing(backend: Backend) -> None:
    """By field, and neither the newest nor below the target."""
    _seed(backend)
    store = backend.open()
    assert store.missing(WEATHER, hours(0, 4)) == [hours(0, 3)]
    assert store.missing_by_field(WEATHER, hours(0, 4)) == {
        "temperature": [hours(0, 1), hours(2, 3)],
        "humidity": [hours(1, 2)],
    }
    assert store.newest(WEATHER, hour(3)) is None
    assert store.newest(WEATHER) == hour(3)
    assert store.lower_grade(WEATHER, hours(0, 4)) == []
    assert [row.values for row in store.read(WEATHER, hours(0, 4))] == [
        {"humidity": 50.0},
        {"temperature": 20.0},
        {"humidity": 50.0},
        {"temperature": 20.0, "humidity": 50.0},
    ]


def test_values_out_of_bounds_are_counted_and_the_first_is_named(backend: Backend) -> None:
    """Also those of fields that nobody requires, and of several points of a slot."""
    _seed(backend)
    backend.seed(WEATHER, point(hour(3.5), OTHER, {"pressure": 9.0, "solar_radiation": 20.0}))
    store = backend.open()
    first = Flaw(hour(0), "temperature", "-999")
    assert store.flaws(WEATHER, hours(0, 4)) == Flaws(4, 0, first)
    assert store.flaws(WEATHER, hours(3, 4)) == Flaws(1, 0, Flaw(hour(3.5), "pressure", "9"))
    assert store.flaws(WEATHER, hours(4, 9)) == Flaws()


def test_an_empty_store_has_no_flaws(backend: Backend) -> None:
    """Nor has one that nobody wrote this series into."""
    store = backend.open()
    assert store.flaws(WEATHER, hours(0, 4)) == Flaws()
    assert store.ahead(WEATHER, hour(0)) is None


@pytest.mark.parametrize("value", [-40.0, 60.0, 0.0])
def test_the_bounds_themselves_are_believed(backend: Backend, value: float) -> None:
    """They are the smallest and the largest value that is."""
    backend.seed(WEATHER, point(hour(0), LINARES, {"temperature": value, "humidity": 100.0}))
    store = backend.open()
    assert store.missing(WEATHER, hours(0, 1)) == []
    assert store.flaws(WEATHER, hours(0, 1)) == Flaws()


def test_bounds_may_be_open_small_or_large(backend: Backend) -> None:
    """A database that knows no exponents gets them written out."""
    fields = (
        Field("temperature", "", float("-inf"), float("inf"), required=True),
        Field("humidity", "", 1e-7, 1e21, required=True),
    )
    odd = replace(WEATHER, fields=fields)
    backend.seed(
        odd,
        point(hour(0), LINARES, {"temperature": -1e300, "humidity": 1e20}),
        point(hour(1), LINARES, {"temperature": 1e300, "humidity": 1e-8}),
    )
    store = backend.open()
    assert store.missing(odd, hours(0, 2)) == [hours(1, 2)]
    assert store.flaws(odd, hours(0, 2)) == Flaws(1, 0, Flaw(hour(1), "humidity", "1e-08"))


def test_a_bad_value_is_replaced_and_comes_back_by_undo(backend: Backend) -> None:
    """What replaced it keeps what stood there, bad as it was; the same fill again is no news."""
    _seed(backend)
    store = backend.open()
    readings = [
        weather(n, MODELLED, "open_meteo", temperature=5.0, humidity=40.0) for n in range(4)
    ]
    assert store.write(WEATHER, readings, "run/a") == 3
    assert store.missing(WEATHER, hours(0, 4)) == []
    assert store.flaws(WEATHER, hours(0, 4)) == Flaws()
    assert [row.values for row in store.read(WEATHER, hours(0, 4))] == [
        {"temperature": 5.0, "humidity": 50.0},
        {"temperature": 20.0, "humidity": 40.0},
        {"temperature": 5.0, "humidity": 50.0},
        {"temperature": 20.0, "humidity": 50.0},
    ]
    assert store.write(WEATHER, readings, "run/b") == 0
    assert store.undo("run/a", [WEATHER]) == Undone(restored=3, removed=0, left=0)
    assert store.flaws(WEATHER, hours(0, 4)) == Flaws(3, 0, Flaw(hour(0), "temperature", "-999"))
    assert store.missing(WEATHER, hours(0, 4)) == [hours(0, 3)]


def test_a_bad_value_that_no_reading_replaces_stays(backend: Backend) -> None:
    """Nothing is taken away that nothing comes for."""
    backend.seed(WEATHER, point(hour(0), LINARES, {"temperature": -999.0, "pressure": 9999.0}))
    store = backend.open()
    assert store.write(WEATHER, [weather(0, OBSERVED)], "run/a") == 1
    assert store.flaws(WEATHER, hours(0, 1)) == Flaws(1, 0, Flaw(hour(0), "pressure", "9999"))
    store.undo("run/a", [WEATHER])
    assert store.flaws(WEATHER, hours(0, 1)).values == 2


def test_a_bad_value_of_another_program_stays_and_ours_counts(backend: Backend) -> None:
    """Its point is never changed; whatever its grade, it is no reading."""
    backend.seed(WEATHER, point(hour(0), OTHER, {"temperature": -999.0, "humidity": 50.0}, 40))
    store = backend.open()
    model = Reading(hour(0), {"temperature": 5.0, "humidity": 1.0}, MODELLED, "open_meteo")
    assert store.write(WEATHER, [model], "run/a") == 1
    (row,) = store.read(WEATHER, hours(0, 1))
    assert row.values == {"temperature": 5.0, "humidity": 50.0}
    assert store.flaws(WEATHER, hours(0, 1)).first == Flaw(hour(0), "temperature", "-999")
    assert store.lower_grade(WEATHER, hours(0, 1)) == [
        Graded(hours(0, 1), MODELLED, (("temperature", MODELLED),))
    ]
    assert store.undo("run/a", [WEATHER]) == Undone(restored=0, removed=1, left=0)
    assert store.missing(WEATHER, hours(0, 1)) == [hours(0, 1)]


def test_a_bad_value_of_a_wanted_field_lacks(backend: Backend) -> None:
    """And is asked for as if it were not there."""
    values = {"temperature": 20.0, "humidity": 50.0}
    backend.seed(
        WEATHER,
        point(hour(0), LINARES, values | {"solar_radiation": -7.0}),
        point(hour(1), LINARES, values | {"solar_radiation": 0.0}),
    )
    store = backend.open()
    assert store.missing_optional(WEATHER, "solar_radiation", hours(0, 2)) == [hours(0, 1)]


def test_an_import_leaves_what_it_has_no_value_for(backend: Backend) -> None:
    """A row says nothing of a value that does not count."""
    backend.seed(WEATHER, point(hour(0), LINARES, {"temperature": 20.0, "pressure": 9999.0}))
    store = backend.open()
    rows = store.read(WEATHER, hours(0, 1))
    assert rows == [Row(hour(0), {"temperature": 20.0}, OBSERVED)]
    assert store.import_rows(WEATHER, rows) == 0
    assert (
        store.import_rows(WEATHER, [Row(hour(0), {"temperature": 21.0}, OBSERVED, "x", "i/a")]) == 1
    )
    assert store.flaws(WEATHER, hours(0, 1)).values == 1


def test_newest_stays_before_its_end_and_what_lies_ahead_is_counted(backend: Backend) -> None:
    """A clock that is wrong hides nothing that is missing."""
    backend.seed(
        PVPC,
        point(hour(0), PVPC.tags, {"price_eur_mwh": 1.0}),
        point(hour(1), {"market": "pvpc"}, {"price_eur_mwh": 1.0}),
        point(hour(79_000), PVPC.tags, {"price_eur_mwh": 1.0, "price_eur_kwh": 0.1}),
        point(hour(80_000.5), {}, {"price_eur_mwh": 1e9}),
    )
    store = backend.open()
    assert store.newest(PVPC, hour(10)) == hour(1)
    assert store.newest(PVPC, hour(1)) == hour(0)
    assert store.newest(PVPC, hour(0)) is None
    assert store.newest(PVPC) == hour(79_000)
    assert store.ahead(PVPC, hour(10)) == Ahead(2, hour(80_000.5))
    assert store.ahead(PVPC, hour(80_001)) is None


def test_newest_is_found_far_from_its_end(backend: Backend) -> None:
    """Also where the fields end on different days."""
    backend.seed(WEATHER, point(hour(0), LINARES, {"temperature": 20.0, "humidity": 50.0}))
    backend.seed(WEATHER, point(hour(2000), OTHER, {"temperature": 20.0}))
    store = backend.open()
    assert store.newest(WEATHER, hour(9000)) == hour(0)
    assert store.newest(WEATHER, hour(2001)) == hour(0)


@pytest.mark.parametrize("what", ["21,5", b"\x00\xff", float("inf"), float("-inf")])
def test_sqlite_takes_whatever_stands_there(tmp_path: Path, what: object) -> None:
    """A text, bytes and an infinite number are no readings; undo puts back the very same."""
    backend = SqliteBackend(tmp_path)
    backend.seed(WEATHER, point(hour(0), LINARES, {"temperature": 1.0, "humidity": 50.0}))

    def stands(value: object = None) -> object:
        with sqlite3.connect(backend.path) as connection:
            if value is not None:
                connection.execute("UPDATE weather_data SET temperature = ?", (value,))
            (found,) = connection.execute("SELECT temperature FROM weather_data").fetchone()
        connection.close()
        return found

    stands(what)
    store = backend.open()
    is_text = isinstance(what, str | bytes)
    flaws = store.flaws(WEATHER, hours(0, 1))
    assert (flaws.values, flaws.not_numbers) == (1, int(is_text))
    assert store.missing_by_field(WEATHER, hours(0, 1))["temperature"] == [hours(0, 1)]
    assert store.newest(WEATHER) is None
    assert [row.values for row in store.read(WEATHER, hours(0, 1))] == [{"humidity": 50.0}]
    assert store.write(WEATHER, [weather(0, OBSERVED)], "run/a") == 1
    assert store.missing(WEATHER, hours(0, 1)) == []
    assert store.undo("run/a", [WEATHER]) == Undone(1, 0, 0)
    assert stands() == what
    backend.close()


@pytest.mark.server
def test_texts_and_truths_of_influxdb_are_counted(tmp_path: Path) -> None:
    """Whatever the shard they stand in has for a type; the numbers of other weeks count."""
    backend = InfluxBackend(tmp_path)
    week = 7 * 24
    lines = [
        f'weather_data,place=linares temperature="21,5",humidity=50 {_ns(0)}',
        f"weather_data,place=linares temperature=20,humidity=true {_ns(week)}",
        f"weather_data,place=linares temperature=293i,humidity=50 {_ns(2 * week)}",
        f"weather_data,place=linares temperature=21i,humidity=50 {_ns(2 * week + 1)}",
    ]
    backend.engine.write(backend.bucket, lines)
    store = backend.open()
    window = hours(0, 3 * week)
    assert store.flaws(WEATHER, window) == Flaws(3, 2, Flaw(hour(0), "temperature", "'21,5'"))
    assert store.newest(WEATHER) == hour(2 * week + 1)
    assert store.missing_by_field(WEATHER, hours(2 * week, 2 * week + 2))["temperature"] == [
        hours(2 * week, 2 * week + 1)
    ]
    assert store.missing_by_field(WEATHER, hours(0, 1))["temperature"] == [hours(0, 1)]
    backend.close()


def _ns(slot: float) -> int:
    return int(hour(slot).timestamp()) * 10**9
