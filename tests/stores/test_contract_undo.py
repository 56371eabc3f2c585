"""What every store remembers of a batch, and how it takes one back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.reading import Origin, Reading, Replace, Row
from gapfill.domain.series import Grade
from gapfill.errors import StoreError
from gapfill.services.ports import Batch, Undone
from tests.builders import PVPC, WEATHER, hour, hours, point, price, prices, row, weather

if TYPE_CHECKING:
    from gapfill.services.ports import Store
    from tests.stores.backends import Backend

KNOWN = (PVPC, WEATHER)


def test_a_batch_counts_its_slots_by_series(store: Store) -> None:
    """A run's account is made of what its batches wrote."""
    store.write(PVPC, prices([3, 1]), "run/a")
    store.write(WEATHER, [weather(2, Grade.OBSERVED)], "run/a")
    store.write(PVPC, prices([7]), "run/b")
    assert store.batch_slots("run/a") == {"pvpc": [hour(1), hour(3)], "weather_hourly": [hour(2)]}
    assert store.batch_slots("run/c") == {}


def test_a_batch_still_counts_slots_that_were_replaced_since(store: Store) -> None:
    """A later batch takes nothing from the account of an earlier one."""
    store.write(PVPC, [price(0, 1.0)], "run/a")
    store.write(PVPC, [price(0, 2.0)], "run/b", replace=Replace.EQUAL)
    assert store.batch_slots("run/a") == {"pvpc": [hour(0)]}
    assert store.batch_slots("run/b") == {"pvpc": [hour(0)]}


def test_undo_removes_what_was_added_and_restores_what_was_replaced(store: Store) -> None:
    """Every value and its provenance is there again as it was before."""
    store.write(WEATHER, [weather(0, Grade.MODELLED, "open_meteo", solar_radiation=9.0)], "run/a")
    store.write(WEATHER, [weather(0, Grade.PROVISIONAL, "openweathermap")], "run/b")
    before = store.read(WEATHER, hours(0, 2))
    assert before[0].kept == {"solar_radiation": Origin("open_meteo", Grade.MODELLED)}
    store.write(WEATHER, [weather(n, Grade.OBSERVED, pressure=970.0) for n in (0, 1)], "run/c")
    assert store.undo("run/c", KNOWN) == Undone(restored=1, removed=1, left=0)
    assert store.read(WEATHER, hours(0, 2)) == before
    assert store.batch_slots("run/c") == {}


def test_undo_leaves_what_a_later_batch_replaced(store: Store) -> None:
    """Once that batch is undone too, the first one can be."""
    store.write(PVPC, [price(0, 1.0), price(1, 1.0)], "run/a")
    store.write(PVPC, [price(0, 2.0)], "run/b", replace=Replace.EQUAL)
    assert store.undo("run/a", KNOWN) == Undone(restored=0, removed=1, left=1)
    assert store.read(PVPC, hours(0, 2)) == [row(0, 2.0, "run/b")]
    assert store.undo("run/b", KNOWN) == Undone(restored=1, removed=0, left=0)
    assert store.read(PVPC, hours(0, 2)) == [row(0, 1.0)]
    assert store.undo("run/a", KNOWN) == Undone(restored=0, removed=1, left=0)
    assert store.read(PVPC, hours(0, 2)) == []


def test_undo_goes_back_to_before_the_first_try(store: Store) -> None:
    """A batch that wrote a slot twice, first half of it, has one thing to put back."""
    half = Reading(hour(0), {"temperature": 1.0}, Grade.OBSERVED, "aemet")
    assert store.write(WEATHER, [half], "run/a") == 1
    assert store.write(WEATHER, [weather(0, Grade.OBSERVED)], "run/a") == 1
    assert store.undo("run/a", KNOWN) == Undone(restored=0, removed=1, left=0)
    assert store.read(WEATHER, hours(0, 1)) == []


def test_undo_of_an_unknown_batch_does_nothing(store: Store) -> None:
    """Nor does a second undo."""
    store.write(PVPC, [price(0)], "run/a")
    assert store.undo("run/x", KNOWN) == Undone(0, 0, 0)
    assert store.undo("run/a", KNOWN) == Undone(0, 1, 0)
    assert store.undo("run/a", KNOWN) == Undone(0, 0, 0)


def test_undo_takes_back_what_was_put(store: Store) -> None:
    """An import is a batch as any other."""
    store.write(PVPC, [price(0, 1.0)], "run/a")
    store.import_rows(PVPC, [row(0, 2.0, "import/b"), row(1, 2.0, "import/b")])
    assert store.undo("import/b", KNOWN) == Undone(restored=1, removed=1, left=0)
    assert store.read(PVPC, hours(0, 2)) == [row(0, 1.0)]


def test_undo_leaves_points_of_others_alone(backend: Backend) -> None:
    """What was theirs before is theirs again."""
    backend.seed(PVPC, point(hour(0), PVPC.tags, {"price_eur_mwh": 1.0}, grade=10))
    backend.seed(PVPC, point(hour(0.5), {"market": "pvpc"}, {"price_eur_mwh": 3.0}, grade=20))
    store = backend.open()
    before = store.read(PVPC, hours(0, 1))
    assert store.write(PVPC, [price(0, 2.0)], "run/a") == 1
    assert store.undo("run/a", KNOWN) == Undone(restored=1, removed=0, left=0)
    assert store.read(PVPC, hours(0, 1)) == before
    assert before == [Row(hour(0), {"price_eur_mwh": 3.0}, Grade.PROVISIONAL)]


def test_undo_removes_our_own_point_from_beside_one_of_others(backend: Backend) -> None:
    """Theirs is at the same instant with other tags: it was never replaced."""
    backend.seed(PVPC, point(hour(0), {"market": "pvpc"}, {"price_eur_mwh": 1.0}, grade=10))
    store = backend.open()
    before = store.read(PVPC, hours(0, 1))
    assert store.write(PVPC, [price(0, 2.0)], "run/a") == 1
    assert store.undo("run/a", KNOWN) == Undone(restored=0, removed=1, left=0)
    assert store.read(PVPC, hours(0, 1)) == before


def test_undo_refuses_a_series_that_the_catalogue_no_longer_has(store: Store) -> None:
    """All of a batch is undone or nothing, and the sentence says what to do."""
    store.write(PVPC, [price(0)], "run/a")
    store.write(WEATHER, [weather(0, Grade.OBSERVED)], "run/a")
    with pytest.raises(StoreError, match="weather_hourly, which is not in the catalogue"):
        store.undo("run/a", [PVPC])
    assert store.batch_slots("run/a") == {"pvpc": [hour(0)], "weather_hourly": [hour(0)]}
    assert store.missing(PVPC, hours(0, 1)) == []


def test_an_empty_store_has_no_batches(store: Store) -> None:
    """None that could be undone, none that was."""
    assert store.batches() == []
    assert store.undone_batches() == set()


def test_batches_say_what_they_wrote_and_when_they_asked(store: Store) -> None:
    """One that asked nobody, as an import, has no instant."""
    batch = "gap_detection/manual__1/pvpc:ree.pvpc:20260101T0100Z-20260101T0400Z"
    store.write(PVPC, prices([3, 1]), batch)
    store.write(WEATHER, [weather(2, Grade.OBSERVED)], batch)
    store.import_rows(PVPC, [row(7, 2.0, "import__1")])
    asked = Interval(hour(1), hour(4))
    for seconds in (1, 2):
        at = hour(30).replace(second=seconds)
        store.append_ledger(
            [LedgerEntry("pvpc", "ree.pvpc", None, asked, Outcome.FILLED, at, "", batch)]
        )
    assert sorted(store.batches()) == [
        Batch(batch, "pvpc", 2, hour(1), hour(3), hour(30).replace(second=2)),
        Batch(batch, "weather_hourly", 1, hour(2), hour(2), hour(30).replace(second=2)),
        Batch("import__1", "pvpc", 1, hour(7), hour(7), None),
    ]
    runs = {found.run for found in store.batches() if found.series == "pvpc"}
    assert runs == {"gap_detection/manual__1", "import__1"}


def test_what_was_undone_is_known_and_listed_no_more(backend: Backend) -> None:
    """By other processes too; what a later batch holds can still be undone."""
    store = backend.open()
    store.write(PVPC, [price(0, 1.0), price(1, 1.0)], "run/a")
    store.write(PVPC, [price(0, 2.0)], "run/b", replace=Replace.EQUAL)
    assert store.undo("run/x", KNOWN) == Undone(0, 0, 0)
    assert store.undone_batches() == set()
    store.undo("run/a", KNOWN)
    assert backend.open().batches() == [
        Batch("run/a", "pvpc", 1, hour(0), hour(0), None),
        Batch("run/b", "pvpc", 1, hour(0), hour(0), None),
    ]
    assert backend.open().undone_batches() == {"run/a"}
    store.undo("run/b", KNOWN)
    store.undo("run/a", KNOWN)
    assert backend.open().batches() == []
    assert backend.open().undone_batches() == {"run/a", "run/b"}


def test_rows_that_an_import_takes_in_as_nobodys_are_of_no_batch(store: Store) -> None:
    """They cannot be undone, so they are not listed."""
    store.import_rows(PVPC, [Row(hour(0), {"price_eur_mwh": 1.0}, Grade.OFFICIAL)])
    assert len(store.read(PVPC, hours(0, 1))) == 1
    assert store.batches() == []
