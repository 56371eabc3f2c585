"""Every store: readings of some of the fields, merged field by field, and the ledger of fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.domain.coverage import Graded
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.reading import Origin, Reading, Row
from gapfill.domain.series import Grade
from tests.builders import PVPC, WEATHER, hour, hours, point, prices, weather
from tests.domain.samples import DAY, HOUR

if TYPE_CHECKING:
    from gapfill.services.ports import Store
    from tests.stores.backends import Backend

MODELLED, OBSERVED = Grade.MODELLED, Grade.OBSERVED
LINARES = {"place": "linares"}


def _dry(slot: int, source: str = "aemet/5279X") -> Reading:
    """Return an hour of a station without humidity."""
    return Reading(hour(slot), {"temperature": 21.0, "pressure": 960.0}, OBSERVED, source)


def _damp(slot: int, grade: Grade, source: str) -> Reading:
    """Return the humidity of an hour, and a temperature that the other station has too."""
    return Reading(hour(slot), {"temperature": 19.0, "humidity": 55.0}, grade, source)


def test_what_is_missing_is_told_by_field(store: Store) -> None:
    """A slot is absent where any required field is, and each field has its own runs."""
    store.write(WEATHER, [weather(0, OBSERVED), weather(1, OBSERVED)], "run/a")
    store.write(WEATHER, [_dry(2), _dry(3), _dry(6)], "run/b")
    assert store.missing(WEATHER, hours(0, 8)) == [hours(2, 8)]
    assert store.missing_by_field(WEATHER, hours(0, 8)) == {
        "temperature": [hours(4, 6), hours(7, 8)],
        "humidity": [hours(2, 8)],
    }
    assert store.missing_by_field(WEATHER, hours(0, 2)) == {"temperature": [], "humidity": []}


def test_an_empty_store_misses_every_field(store: Store) -> None:
    """Also of a series with one required field."""
    assert store.missing_by_field(WEATHER, hours(0, 8)) == {
        "temperature": [hours(0, 8)],
        "humidity": [hours(0, 8)],
    }
    store.write(PVPC, prices([0, 2]), "run/a")
    assert store.missing_by_field(PVPC, hours(0, 3)) == {"price_eur_mwh": [hours(1, 2)]}


def test_two_stations_make_one_slot(store: Store) -> None:
    """Each value keeps its own source; what both measure stays with the first."""
    store.write(WEATHER, [_dry(0)], "run/a")
    assert store.write(WEATHER, [_damp(0, OBSERVED, "aemet/5281X")], "run/b") == 1
    (row,) = store.read(WEATHER, hours(0, 1))
    assert row == Row(
        hour(0),
        {"temperature": 21.0, "pressure": 960.0, "humidity": 55.0},
        OBSERVED,
        "aemet/5281X",
        "run/b",
        {
            "temperature": Origin("aemet/5279X", OBSERVED),
            "pressure": Origin("aemet/5279X", OBSERVED),
        },
    )
    assert store.missing_by_field(WEATHER, hours(0, 1)) == {"temperature": [], "humidity": []}
    assert store.lower_grade(WEATHER, hours(0, 1)) == []


def test_a_slot_is_as_good_as_its_worst_field_and_says_which_that_is(store: Store) -> None:
    """A modelled humidity under an observed temperature leaves the slot provisional."""
    store.write(WEATHER, [_dry(0), _dry(1)], "run/a")
    modelled = [_damp(n, MODELLED, "open_meteo") for n in range(3)]
    store.write(WEATHER, modelled, "run/b")
    assert store.lower_grade(WEATHER, hours(0, 3)) == [
        Graded(hours(0, 2), MODELLED, (("humidity", MODELLED),)),
        Graded(hours(2, 3), MODELLED),
    ]
    store.write(WEATHER, [_damp(0, OBSERVED, "aemet/5281X")], "run/c")
    assert store.lower_grade(WEATHER, hours(0, 1)) == []
    (row,) = store.read(WEATHER, hours(0, 1))
    assert (row.values["temperature"], row.values["humidity"]) == (21.0, 55.0)


def test_a_field_of_another_program_completes_a_slot(backend: Backend) -> None:
    """Its observed humidity counts before our modelled one, field by field."""
    store = backend.open()
    store.write(WEATHER, [_dry(0)], "run/a")
    store.write(WEATHER, [_damp(0, MODELLED, "open_meteo")], "run/b")
    backend.seed(WEATHER, point(hour(0.5), LINARES | {"sensor": "wall"}, {"humidity": 44.0}))
    assert store.lower_grade(WEATHER, hours(0, 1)) == []
    (row,) = store.read(WEATHER, hours(0, 1))
    assert (row.grade, row.values["temperature"], row.values["humidity"]) == (OBSERVED, 21.0, 44.0)


def test_a_merged_slot_can_be_undone_batch_by_batch(store: Store) -> None:
    """Each batch gives back what stood before it."""
    store.write(WEATHER, [_dry(0)], "run/a")
    before = store.read(WEATHER, hours(0, 1))
    store.write(WEATHER, [_damp(0, OBSERVED, "aemet/5281X")], "run/b")
    store.undo("run/b", [WEATHER])
    assert store.read(WEATHER, hours(0, 1)) == before
    store.undo("run/a", [WEATHER])
    assert store.read(WEATHER, hours(0, 1)) == []


def test_the_ledger_keeps_the_field_that_a_line_is_about(store: Store) -> None:
    """And the lines of one source that were asked since an instant, of every series."""
    early, late, half = hour(0), hour(0) + DAY, hours(0, 12)
    lines = [
        LedgerEntry(
            "w", "aemet.observations", "5279X", half, Outcome.NO_DATA, late, "e", "b/1", "humidity"
        ),
        LedgerEntry("w", "aemet.observations", "5279X", half, Outcome.FILLED, early, "", "b/1"),
        LedgerEntry("d", "aemet.daily", "5279X", hours(0, 24), Outcome.NOT_YET, late, "e", "b/2"),
        LedgerEntry("w", "aemet_two.hourly", None, hours(0, 24), Outcome.NO_DATA, late, "e", "b/2"),
    ]
    store.append_ledger(lines)
    assert store.entries("w") == [lines[0], lines[1], lines[3]]
    assert store.answers("aemet", late - HOUR) == [lines[0], lines[2]]
    assert store.answers("aemet", early) == lines[:3]
    assert store.answers("siar", early) == []
