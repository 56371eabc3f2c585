"""Every store: a write adds what is missing, and what an earlier release copied is put aside."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from gapfill.domain.coverage import Graded
from gapfill.domain.invalid_values import Copies
from gapfill.domain.reading import Origin, Reading, Replace, Row
from gapfill.domain.series import Grade
from gapfill.services.csv_transfer import import_rows
from gapfill.services.ports import Undone
from tests.builders import WEATHER, hour, hours, point, weather

if TYPE_CHECKING:
    from gapfill.services.context import RunContext
    from gapfill.stores.points import Point
    from tests.stores.backends import Backend

MODELLED, PROVISIONAL, OBSERVED = Grade.MODELLED, Grade.PROVISIONAL, Grade.OBSERVED
LINARES = {"place": "linares"}
PLANT = {"data_source": "aemet", "season": "spring", "station_id": "5279X"}
SIAR = Origin("siar/J17", OBSERVED)
UNKNOWN = Origin("unknown", OBSERVED)


def _plant(slot: float, temperature: float = 11.0, **more: float) -> Point:
    return point(hour(slot), PLANT, {"temperature": temperature, "humidity": 70.0, **more})


def _radiation(slot: float) -> Reading:
    return weather(slot, OBSERVED, "siar/J17", temperature=9.0, solar_radiation=400.0)


def _copy(slot: float, kept: str | None = None, source: str | None = None) -> Point:
    """Return our point as an earlier release left it: the plant's row, and radiation."""
    values = {"temperature": 11.0, "humidity": 70.0, "solar_radiation": 400.0}
    kept = kept or "solar_radiation:siar/J17:30"
    return point(hour(slot), LINARES, values, 30, source, "old/a", kept)


def _own(backend: Backend, slot: float) -> dict[str, float]:
    """Return what stands in our own point, which the plant's point would hide or complete."""
    alone = [p for p in backend.points(WEATHER) if p.tags == "place=linares"]
    return next((dict(p.values) for p in alone if p.instant == hour(slot)), {})


def test_an_enrichment_writes_its_field_alone(backend: Backend) -> None:
    """The plant's values stay where they are, and each hour has one temperature."""
    backend.seed(WEATHER, *(_plant(n) for n in range(3)))
    store = backend.open()
    assert store.write(WEATHER, [_radiation(n) for n in range(3)], "run/a") == 3
    assert [_own(backend, n) for n in range(3)] == [{"solar_radiation": 400.0}] * 3
    (row, *_) = store.read(WEATHER, hours(0, 3))
    assert row == Row(
        hour(0),
        {"temperature": 11.0, "humidity": 70.0, "solar_radiation": 400.0},
        OBSERVED,
        None,
        "run/a",
        {"solar_radiation": SIAR},
    )
    assert store.missing_optional(WEATHER, "solar_radiation", hours(0, 3)) == []
    assert store.batch_slots("run/a") == {"weather_hourly": [hour(n) for n in range(3)]}
    assert store.write(WEATHER, [_radiation(n) for n in range(3)], "run/b") == 0


def test_what_its_owner_changes_is_read(backend: Backend) -> None:
    """Also after an enrichment, and after a model gave what was missing."""
    backend.seed(WEATHER, point(hour(0), PLANT, {"temperature": 11.0}))
    store = backend.open()
    model = Reading(hour(0), {"temperature": 1.0, "humidity": 40.0}, MODELLED, "open_meteo")
    store.write(WEATHER, [model], "run/a")
    store.write(WEATHER, [_radiation(0)], "run/b")
    backend.overwrite(WEATHER, _plant(0, 13.5))
    (row,) = store.read(WEATHER, hours(0, 1))
    assert (row.values["temperature"], row.origin("temperature")) == (13.5, UNKNOWN)
    assert (row.values["humidity"], row.origin("humidity")) == (50.0, SIAR)
    assert _own(backend, 0) == {"humidity": 50.0, "solar_radiation": 400.0}
    assert store.lower_grade(WEATHER, hours(0, 1)) == []


def test_a_modelled_field_beside_the_plants_is_what_is_below_the_target(backend: Backend) -> None:
    """Our point says of its own fields what they are, and nothing of the others."""
    backend.seed(WEATHER, point(hour(0), PLANT, {"temperature": 11.0}))
    store = backend.open()
    model = Reading(
        hour(0),
        {"temperature": 1.0, "humidity": 40.0, "solar_radiation": 300.0},
        MODELLED,
        "open_meteo",
    )
    assert store.write(WEATHER, [model], "run/a") == 1
    assert store.lower_grade(WEATHER, hours(0, 1)) == [
        Graded(hours(0, 1), MODELLED, (("humidity", MODELLED),))
    ]
    siar = Reading(hour(0), {"humidity": 55.0}, OBSERVED, "siar/J17")
    assert store.write(WEATHER, [siar], "run/b") == 1
    assert store.lower_grade(WEATHER, hours(0, 1)) == []
    assert store.missing_optional(WEATHER, "solar_radiation", hours(0, 1)) == [hours(0, 1)]
    assert store.undo("run/b", [WEATHER]) == Undone(1, 0, 0)
    assert store.undo("run/a", [WEATHER]) == Undone(0, 1, 0)
    assert store.read(WEATHER, hours(0, 1)) == [Row(hour(0), {"temperature": 11.0}, OBSERVED)]


def test_the_better_grade_wins_each_field(backend: Backend) -> None:
    """Of equal grades a known source, and of known ones the newest point."""
    backend.seed(
        WEATHER,
        point(hour(0), PLANT, {"temperature": 1.0, "humidity": 1.0, "pressure": 901.0}),
        point(hour(0.25), LINARES | {"s": "a"}, {"temperature": 2.0, "humidity": 2.0}, 30, "gauge"),
        point(hour(0.5), LINARES | {"s": "b"}, {"temperature": 3.0, "pressure": 903.0}, 30, "new"),
        point(hour(0.75), LINARES | {"s": "c"}, {"temperature": 4.0, "pressure": 904.0}, 20, "low"),
    )
    (row,) = backend.open().read(WEATHER, hours(0, 1))
    assert row.values == {"temperature": 3.0, "humidity": 2.0, "pressure": 903.0}
    assert row.origin("humidity") == Origin("gauge", OBSERVED)


def test_a_refresh_takes_the_place_of_what_has_no_source(backend: Backend) -> None:
    """It was asked again on purpose; what others have stays in their points."""
    backend.seed(WEATHER, _plant(0))
    store = backend.open()
    again = weather(0, OBSERVED, "siar/J17", temperature=11.0)
    assert store.write(WEATHER, [again], "run/a", replace=Replace.EQUAL) == 1
    assert _own(backend, 0) == {"temperature": 11.0, "humidity": 50.0}
    (row,) = store.read(WEATHER, hours(0, 1))
    assert (row.source, row.values["humidity"], row.batch) == ("siar/J17", 50.0, "run/a")


def test_copies_are_not_read(backend: Backend) -> None:
    """In each form in which an earlier release left them; where nothing else is, they are."""
    unknown = "humidity:unknown:30;temperature:unknown:30"
    backend.seed(
        WEATHER,
        *(_plant(n, 13.5) for n in range(3)),
        _copy(0),
        _copy(1, source="unknown"),
        _copy(2, kept=unknown, source="siar/J17"),
        _copy(3),
    )
    store = backend.open()
    rows = store.read(WEATHER, hours(0, 4))
    assert [row.values["temperature"] for row in rows] == [13.5, 13.5, 13.5, 11.0]
    assert [row.origin("temperature") for row in rows] == [UNKNOWN] * 4
    assert [row.values["solar_radiation"] for row in rows] == [400.0] * 4
    assert store.missing(WEATHER, hours(0, 4)) == []


def test_a_copy_vouches_for_no_grade(backend: Backend) -> None:
    """What its owner says of a value counts, also where that is less by now."""
    lower = point(hour(0), PLANT, {"temperature": 13.5, "humidity": 70.0}, 20)
    backend.seed(WEATHER, lower, _copy(0))
    assert backend.open().lower_grade(WEATHER, hours(0, 1)) == [Graded(hours(0, 1), PROVISIONAL)]


def test_tidying_removes_copies_and_undo_puts_them_back(backend: Backend) -> None:
    """Nothing that is read changes, and doing it again finds nothing."""
    backend.seed(WEATHER, *(_plant(n, 13.5) for n in range(4)), _copy(0), _copy(1), _copy(5))
    store, window = backend.open(), hours(0, 24)
    before = store.read(WEATHER, window)
    assert store.copies(WEATHER, window) == Copies((hour(0), hour(1)), 4)
    assert store.copies(WEATHER, hours(1, 24)) == Copies((hour(1),), 2)
    assert store.remove_copies(WEATHER, window, "tidy/a") == 2
    assert _own(backend, 0) == {"solar_radiation": 400.0}
    assert len(_own(backend, 5)) == 3
    after = store.read(WEATHER, window)
    assert [(r.slot, r.values, r.kept) for r in after] == [
        (r.slot, r.values, r.kept) for r in before
    ]
    assert store.copies(WEATHER, window) == Copies()
    assert store.remove_copies(WEATHER, window, "tidy/b") == 0
    assert store.batch_slots("tidy/a") == {"weather_hourly": [hour(0), hour(1)]}
    assert store.undo("tidy/a", [WEATHER]) == Undone(restored=2, removed=0, left=0)
    assert store.read(WEATHER, window) == before
    assert store.copies(WEATHER, window) == Copies((hour(0), hour(1)), 4)


def test_a_point_of_nothing_but_copies_can_be_tidied_and_put_back(backend: Backend) -> None:
    """Only its batch is left of it, which other programs do not count."""
    values = {"temperature": 11.0, "humidity": 70.0}
    backend.seed(WEATHER, _plant(0, 13.5), point(hour(0), LINARES, values, 30, None, "old/a"))
    store = backend.open()
    assert store.remove_copies(WEATHER, hours(0, 1), "tidy/a") == 1
    assert _own(backend, 0) == {}
    assert store.read(WEATHER, hours(0, 1))[0].batch is None
    assert store.undo("tidy/a", [WEATHER]) == Undone(1, 0, 0)
    assert _own(backend, 0) == values


def test_what_stood_in_a_point_before_we_wrote_into_it_is_no_copy(backend: Backend) -> None:
    """A program may write with the very tags of the series; its values are not ours to remove."""
    backend.seed(WEATHER, point(hour(0), LINARES, {"temperature": 11.0, "humidity": 70.0}))
    store = backend.open()
    assert store.write(WEATHER, [_radiation(0)], "run/a") == 1
    backend.seed(WEATHER, _plant(0.5, 12.0))
    assert store.copies(WEATHER, hours(0, 1)) == Copies()
    assert store.remove_copies(WEATHER, hours(0, 1), "tidy/a") == 0
    assert len(_own(backend, 0)) == 3


def test_what_was_moved_to_another_store_reads_the_same(backend: Backend) -> None:
    """Source and kept of each value; written over the first store it says nothing new."""
    backend.seed(WEATHER, *(_plant(n) for n in range(3)))
    store = backend.open()
    store.write(WEATHER, [_radiation(n) for n in range(2)], "run/a")
    rows = store.read(WEATHER, hours(0, 3))
    assert store.import_rows(WEATHER, rows) == 0
    other = backend.another()
    elsewhere = other.open()
    assert elsewhere.import_rows(WEATHER, rows) == 3
    assert elsewhere.read(WEATHER, hours(0, 3)) == rows
    other.close()


def test_an_import_writes_what_other_points_do_not_say(backend: Backend) -> None:
    """Values that stand elsewhere just so, or better, are not written once more."""
    backend.seed(WEATHER, _plant(0), point(hour(1), PLANT, {"temperature": 11.0}, 40))
    store = backend.open()
    values = {"temperature": 11.0, "humidity": 70.0, "pressure": 955.0}
    kept = {"pressure": Origin("import", OBSERVED)}
    assert store.import_rows(WEATHER, [Row(hour(0), values, OBSERVED, None, "i/a", kept)]) == 1
    assert _own(backend, 0) == {"pressure": 955.0}
    lower = Row(hour(1), {"temperature": 5.0, "humidity": 5.0}, Grade.OFFICIAL, "import", "i/a",
                {"temperature": Origin("import", OBSERVED)})  # fmt: skip
    assert store.import_rows(WEATHER, [lower]) == 1
    assert _own(backend, 1) == {"humidity": 5.0}


def test_a_row_edited_by_hand_copies_nothing(backend: Backend) -> None:
    """Its temperature and grade were changed in an export; the humidity is the plant's still."""
    backend.seed(WEATHER, _plant(0))
    store = backend.open()
    store.write(WEATHER, [_radiation(0)], "run/a")
    (row,) = store.read(WEATHER, hours(0, 1))
    assert row.batch == "run/a"
    edited = replace(row, values={**row.values, "temperature": 22.5}, grade=Grade.OFFICIAL)
    context = cast("RunContext", SimpleNamespace(store=store))
    assert import_rows(context, WEATHER, [edited], "import/1") == (1, True)
    assert _own(backend, 0) == {"temperature": 22.5, "solar_radiation": 400.0}
    (now,) = store.read(WEATHER, hours(0, 1))
    origins = {name: now.origin(name) for name in now.values}
    assert origins == {
        "temperature": Origin("import", Grade.OFFICIAL),
        "humidity": UNKNOWN,
        "solar_radiation": SIAR,
    }
    assert store.copies(WEATHER, hours(0, 1)).values == 0
    assert store.undo("import/1", [WEATHER]) == Undone(1, 0, 0)
    assert store.read(WEATHER, hours(0, 1)) == [row]


def test_an_enrichment_changes_no_value_that_is_read(backend: Backend) -> None:
    """Also where two programs wrote at one instant, one of them with the series' very tags."""
    both = {"temperature": 11.0, "humidity": 70.0}
    backend.seed(WEATHER, point(hour(0), LINARES, {"temperature": 20.0, "humidity": 30.0}))
    backend.seed(WEATHER, point(hour(0), PLANT, both))
    store = backend.open()
    (before,) = store.read(WEATHER, hours(0, 1))
    assert before.values == both
    assert store.write(WEATHER, [_radiation(0)], "run/a") == 1
    (row,) = store.read(WEATHER, hours(0, 1))
    assert row.values == both | {"solar_radiation": 400.0}
