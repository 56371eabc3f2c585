"""Slots by the source that their points name, found inside the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.domain.reading import Reading, Replace
from gapfill.domain.series import Grade
from tests.builders import ERA, PVPC, SPOT, hour, hours, point, prices
from tests.domain.samples import HOUR, span

if TYPE_CHECKING:
    from gapfill.services.ports import Store
    from tests.stores.backends import Backend

OWN = {"market": "pvpc", "geo": "8741"}


def _of(source: str, *slots: float) -> list[Reading]:
    return [Reading(hour(n), {"price_eur_mwh": 50.0}, Grade.OFFICIAL, source) for n in slots]


def test_an_empty_store_has_no_slot_of_any_source(store: Store) -> None:
    """Nothing was ever written."""
    assert store.of_source(PVPC, ["ree"], hours(0, 10)) == []


def test_slots_are_found_by_the_whole_name_of_their_source(store: Store) -> None:
    """``ree`` is neither ``ree/8742`` nor ``esios``; runs are joined and cut at the window."""
    store.write(PVPC, _of("ree", 0, 1, 2, 5), "run/a")
    store.write(PVPC, _of("ree/8742", 3), "run/a")
    store.write(PVPC, _of("esios", 4, 8), "run/a")
    assert store.of_source(PVPC, ["ree"], hours(0, 10)) == [hours(0, 3), hours(5, 6)]
    assert store.of_source(PVPC, ["ree", "esios"], hours(1, 9)) == [
        hours(1, 3),
        hours(4, 6),
        hours(8, 9),
    ]
    assert store.of_source(PVPC, ["RE_", "re%", "ree/8741", "it's"], hours(0, 10)) == []


def test_points_of_others_and_of_other_series_are_not_taken_for_it(backend: Backend) -> None:
    """A point without provenance names no source; one with other tags is another series'."""
    backend.seed(
        PVPC,
        point(hour(0), OWN, {"price_eur_mwh": 1.0}),
        point(hour(1), OWN | {"geo": "8743"}, {"price_eur_mwh": 1.0}, 40, source="ree"),
        point(hour(2), OWN | {"unit": "eur"}, {"price_eur_mwh": 1.0}, 40, source="ree"),
        point(hour(3) + HOUR / 2, OWN, {"price_eur_mwh": 1.0}, 40, source="ree"),
    )
    assert backend.open().of_source(PVPC, ["ree"], hours(0, 5)) == [hours(2, 4)]


def test_runs_go_on_where_the_spacing_changes(store: Store) -> None:
    """An hour and the quarter after it are one run."""
    readings = [
        Reading(slot, {"price_eur_mwh": 1.0}, Grade.OFFICIAL, "esios")
        for slot in (ERA - HOUR, ERA, ERA + HOUR / 4)
    ]
    store.write(SPOT, readings, "run/a")
    window = span("2025-09-30", "2025-10-01")
    assert store.of_source(SPOT, ["esios"], window) == [
        span("2025-09-30 21:00", "2025-09-30 22:30")
    ]


def test_a_source_that_was_replaced_is_gone(store: Store) -> None:
    """What counts is what stands now."""
    store.write(PVPC, prices([0, 1]), "run/a")
    store.write(PVPC, _of("ree/8742", 0), "run/b", replace=Replace.EQUAL)
    assert store.of_source(PVPC, ["ree"], hours(0, 2)) == [hours(1, 2)]
