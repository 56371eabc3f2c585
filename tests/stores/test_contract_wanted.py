"""Every store: slots that stand without a wanted field, and adding it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gapfill.domain.reading import Origin, Reading
from gapfill.domain.series import Grade
from tests.builders import WEATHER, hour, hours, point, weather

if TYPE_CHECKING:
    from gapfill.services.ports import Store
    from tests.stores.backends import Backend

OBSERVED = Grade.OBSERVED


def test_an_empty_store_lacks_no_wanted_field(store: Store) -> None:
    """What has no reading is a gap."""
    assert store.missing_optional(WEATHER, "solar_radiation", hours(0, 24)) == []


def test_runs_that_stand_without_the_field_are_found(store: Store) -> None:
    """Neither gaps, nor what has it, nor a point that lacks a required field."""
    store.write(WEATHER, [weather(n, OBSERVED) for n in (0, 1, 4, 5, 6)], "run/a")
    store.write(WEATHER, [weather(2, OBSERVED, solar_radiation=0.0)], "run/a")
    half = Reading(hour(7), {"temperature": 20.0}, OBSERVED, "aemet")
    store.write(WEATHER, [half], "run/a")
    assert store.missing_optional(WEATHER, "solar_radiation", hours(0, 24)) == [
        hours(0, 2),
        hours(4, 7),
    ]
    assert store.missing_optional(WEATHER, "solar_radiation", hours(1, 5)) == [
        hours(1, 2),
        hours(4, 5),
    ]


def test_a_field_that_no_point_ever_had_lacks_everywhere(backend: Backend, store: Store) -> None:
    """Also where the store has no place for it yet."""
    others = {"temperature": 20.0, "humidity": 50.0}
    bare = replace(WEATHER, fields=WEATHER.fields[:2])
    backend.seed(bare, *(point(hour(n), WEATHER.tags, others) for n in (0, 1, 3)))
    assert store.missing_optional(WEATHER, "solar_radiation", hours(0, 5)) == [
        hours(0, 2),
        hours(3, 4),
    ]


def test_the_field_may_stand_in_another_point_of_the_slot(backend: Backend, store: Store) -> None:
    """Points of several programs are read as one."""
    store.write(WEATHER, [weather(0, OBSERVED), weather(1, OBSERVED)], "run/a")
    tags = {"place": "linares", "device": "pyranometer"}
    backend.seed(WEATHER, point(hour(0.5), tags, {"solar_radiation": 500.0}))
    assert store.missing_optional(WEATHER, "solar_radiation", hours(0, 2)) == [hours(1, 2)]


def test_an_enrichment_adds_and_can_be_undone(store: Store) -> None:
    """The row keeps its source and grade, and names who gave the field."""
    store.write(WEATHER, [weather(0, OBSERVED)], "run/a")
    siar = weather(0, OBSERVED, "siar/J17", temperature=9.0, solar_radiation=400.0)
    assert store.write(WEATHER, [siar], "run/b") == 1
    (row,) = store.read(WEATHER, hours(0, 1))
    assert row.values == {"temperature": 20.0, "humidity": 50.0, "solar_radiation": 400.0}
    assert (row.source, row.grade, row.batch) == ("aemet/5279X", OBSERVED, "run/b")
    assert row.kept == {"solar_radiation": Origin("siar/J17", OBSERVED)}
    assert store.write(WEATHER, [siar], "run/c") == 0
    assert store.missing_optional(WEATHER, "solar_radiation", hours(0, 1)) == []
    store.undo("run/b", [WEATHER])
    assert store.missing_optional(WEATHER, "solar_radiation", hours(0, 1)) == [hours(0, 1)]


def test_a_field_kept_from_a_model_lacks_until_it_is_observed(store: Store) -> None:
    """An outage of AEMET leaves the model's radiation in its rows; SIAR's takes its place."""
    modelled = weather(0, Grade.MODELLED, "open_meteo", solar_radiation=300.0)
    store.write(WEATHER, [modelled], "run/a")
    store.write(WEATHER, [weather(0, OBSERVED)], "run/b")
    store.write(WEATHER, [weather(1, OBSERVED, solar_radiation=0.0)], "run/b")
    assert store.missing_optional(WEATHER, "solar_radiation", hours(0, 2)) == [hours(0, 1)]
    siar = weather(0, OBSERVED, "siar/J17", solar_radiation=400.0)
    assert store.write(WEATHER, [siar], "run/c") == 1
    (row, _) = store.read(WEATHER, hours(0, 2))
    assert (row.source, row.values["solar_radiation"]) == ("aemet/5279X", 400.0)
    assert row.kept == {"solar_radiation": Origin("siar/J17", OBSERVED)}
    assert store.missing_optional(WEATHER, "solar_radiation", hours(0, 2)) == []
