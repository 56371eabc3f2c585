"""A store that held readings and holds none: an error in every process, never a first use."""

from __future__ import annotations

import inspect
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.errors import StoreError
from gapfill.orchestration.store_memory import FileMemory
from gapfill.services.ports import Store
from gapfill.services.store_guard import GuardedStore
from gapfill.stores.sqlite.store import SqliteStore
from tests.builders import PVPC, WEATHER, hour, hours, price, prices

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WINDOW = hours(0, 3)

CALLS: dict[str, Callable[[Store], object]] = {
    "verify": lambda store: store.verify(),
    "missing_by_field": lambda store: store.missing_by_field(PVPC, WINDOW),
    "newest": lambda store: store.newest(PVPC),
    "read": lambda store: store.read(PVPC, WINDOW),
    "write": lambda store: store.write(PVPC, [price(0)], "run/b"),
    "import_rows": lambda store: store.import_rows(PVPC, []),
    "undo": lambda store: store.undo("run/a", [PVPC]),
    "entries": lambda store: store.entries("pvpc"),
    "record_call": lambda store: store.record_call("ree", hour(0), "run/b"),
}


class Bench:
    """A folder for the store, another one for the memory, and what was told."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "volume" / "store.db"
        self.path.parent.mkdir()
        self.state = folder / "state"
        self.told: list[str] = []

    def open(self) -> Store:
        """Return the store as a new process opens it."""
        memory = FileMemory(self.state, self.told.append)
        store = GuardedStore(SqliteStore(self.path), memory, [PVPC], self.told.append)
        return cast("Store", store)

    def fill(self) -> None:
        """Store three prices."""
        store = self.open()
        store.write(PVPC, prices([0, 1, 2]), "run/a")
        store.close()
        self.told.clear()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Return a place for a store."""
    return Bench(tmp_path)


def parameters(method: Callable[..., object]) -> list[str]:
    """Return the parameters that a method names, keywords that it hands on left out."""
    return [
        p.name for p in inspect.signature(method).parameters.values() if p.kind is not p.VAR_KEYWORD
    ]


def moved(bench: Bench) -> None:
    """Take the file away."""
    bench.path.rename(bench.path.with_name("elsewhere.db"))


def unmounted(bench: Bench) -> None:
    """Leave an empty folder."""
    bench.path.parent.rename(bench.path.parent.with_name("elsewhere"))
    bench.path.parent.mkdir()


def removed(bench: Bench) -> None:
    """Take the folder too."""
    shutil.rmtree(bench.path.parent)


def covered(bench: Bench) -> None:
    """Put a file where the folder was."""
    shutil.rmtree(bench.path.parent)
    bench.path.parent.touch()


@pytest.mark.parametrize(
    "name", [n for n in vars(GuardedStore) if n != "forget" and not n.startswith("_")]
)
def test_the_guard_is_asked_as_the_port_says(name: str) -> None:
    """Whoever has a store need not know that it is guarded."""
    taken, port = parameters(getattr(GuardedStore, name)), parameters(getattr(Store, name))
    handed_on = {"write": ["replace", "entries"]}
    assert [*taken, *handed_on.get(name, [])] == port


def test_what_lies_ahead_is_not_the_newest(bench: Bench) -> None:
    """Nor is it remembered as what the store held."""
    plain = SqliteStore(bench.path)
    plain.write(PVPC, prices([0, 1, 2, 90_000]), "run/a")
    plain.close()
    store = bench.open()
    assert store.newest(PVPC, hour(10)) == hour(2)
    moved(bench)
    with pytest.raises(StoreError, match="until 2026-01-01T02:00Z is gone"):
        bench.open().verify()


@pytest.mark.parametrize("lose", [moved, unmounted, removed, covered])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_file_that_is_gone_is_an_error_of_whatever_is_asked(
    bench: Bench, lose: Callable[[Bench], None], call: Callable[[Store], object]
) -> None:
    """In another process than the one that saw it; nothing is made in its place."""
    bench.fill()
    lose(bench)
    store = bench.open()
    with pytest.raises(StoreError, match="is gone"):
        call(store)
    with pytest.raises(StoreError) as caught:
        call(store)
    assert str(caught.value) == (
        "The store that had readings until 2026-01-01T02:00Z is gone: there is no file "
        f"{bench.path} (connection gapfill_store). Restore it, or mount its volume; "
        "nothing is written until then. To start again with an empty store: python -m "
        "gapfill forget-store, "
        f"or delete {next(bench.state.iterdir())}."
    )
    assert not bench.path.exists()
    assert bench.told == []


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_empty_file_in_its_place_is_an_error_too(
    bench: Bench, call: Callable[[Store], object]
) -> None:
    """It stays as it is."""
    bench.fill()
    bench.path.unlink()
    bench.path.touch()
    with pytest.raises(StoreError, match=r"until 2026-01-01T02:00Z is empty: no series has"):
        call(bench.open())
    assert bench.path.stat().st_size == 0


def test_a_file_that_goes_while_it_is_in_use_is_not_made_again(bench: Bench) -> None:
    """By the process that has used it all along."""
    bench.fill()
    store = bench.open()
    assert store.newest(PVPC) == hour(2)
    moved(bench)
    with pytest.raises(StoreError, match="is gone"):
        store.write(PVPC, [price(5)], "run/b")
    with pytest.raises(StoreError, match="is gone"):
        store.missing_by_field(PVPC, WINDOW)
    assert not bench.path.exists()
    bench.path.with_name("elsewhere.db").rename(bench.path)
    assert store.write(PVPC, [price(5)], "run/b") == 1


def test_reading_is_enough_to_remember(bench: Bench) -> None:
    """A store that was filled before there was a memory is known after one look."""
    plain = SqliteStore(bench.path)
    plain.write(PVPC, prices([0, 1, 2]), "run/a")
    plain.close()
    bench.open().newest(PVPC)
    moved(bench)
    with pytest.raises(StoreError, match="until 2026-01-01T02:00Z is gone"):
        bench.open().verify()


def test_a_first_use_is_told_once(bench: Bench) -> None:
    """By the call that made the file."""
    store = bench.open()
    assert store.missing_by_field(PVPC, WINDOW) == {"price_eur_mwh": [WINDOW]}
    assert bench.told == []
    store.verify()
    store.write(PVPC, [price(0)], "run/a")
    store.close()
    bench.open().verify()
    assert bench.told == [f"A new store was created: file {bench.path} (connection gapfill_store)."]


def test_a_store_that_its_own_undo_has_emptied_may_be_empty(bench: Bench) -> None:
    """Nobody has lost anything."""
    bench.fill()
    store = bench.open()
    assert store.undo("run/a", [PVPC]).removed == 3
    assert store.newest(PVPC) is None
    store.close()
    assert bench.open().missing_by_field(PVPC, WINDOW) == {"price_eur_mwh": [WINDOW]}
    bench.path.unlink()
    bench.open().verify()


def test_an_undo_that_leaves_something_leaves_the_memory(bench: Bench) -> None:
    """The file is looked for as before."""
    bench.fill()
    store = bench.open()
    store.write(PVPC, [price(5)], "run/b")
    store.undo("run/a", [PVPC])
    assert store.newest(PVPC) == hour(5)
    store.close()
    moved(bench)
    with pytest.raises(StoreError, match="until 2026-01-01T05:00Z is gone"):
        bench.open().verify()


def test_a_catalogue_of_other_series_finds_nothing_lost(bench: Bench) -> None:
    """What is remembered are points of a measurement with tags, not a file that may not change."""
    from tests.builders import SPOT

    bench.fill()
    memory = FileMemory(bench.state)
    store = GuardedStore(SqliteStore(bench.path), memory, [SPOT], bench.told.append)
    assert store.newest(SPOT) is None


def test_a_store_that_is_forgotten_may_begin_anew(bench: Bench) -> None:
    """Once; then it is remembered again."""
    bench.fill()
    bench.path.unlink()
    memory = FileMemory(bench.state)
    place = SqliteStore(bench.path).place
    assert (memory.forget(place), memory.forget(place)) == (True, False)
    bench.open().verify()
    bench.fill()
    bench.path.unlink()
    with pytest.raises(StoreError, match="is gone"):
        bench.open().verify()


def test_what_two_processes_saw_is_remembered_together(bench: Bench) -> None:
    """The later slot counts, whoever wrote last."""
    memory, place = FileMemory(bench.state), SqliteStore(bench.path).place
    memory.keep(place, {"a": hour(5)})
    memory.keep(place, {"a": hour(2), "b": hour(1)})
    assert memory.seen(place) == {"a": hour(5), "b": hour(1)}
    assert [path.suffix for path in bench.state.iterdir()] == [".json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"newest": 3}', '{"newest": {"a": "x"}}'])
def test_a_memory_that_cannot_be_read_is_said_and_stops_nobody(bench: Bench, text: str) -> None:
    """It is written anew."""
    memory, place = FileMemory(bench.state, bench.told.append), SqliteStore(bench.path).place
    bench.state.mkdir()
    from pathlib import Path

    Path(memory.where(place)).write_text(text)
    assert memory.seen(place) == {}
    assert "cannot be read" in bench.told[0]
    memory.keep(place, {"a": hour(5)})
    assert memory.seen(place) == {"a": hour(5)}


def test_a_folder_that_cannot_be_made_is_said_and_stops_nobody(bench: Bench) -> None:
    """A file is in its place."""
    bench.state.touch()
    bench.fill()
    bench.open().newest(PVPC)
    assert bench.told[-1] == (
        f"What the store holds cannot be remembered in {bench.state} (File exists), so a lost "
        "store would be taken for a new one: set GAPFILL_STATE to a folder that lasts and can be "
        "written."
    )


def test_readings_without_a_required_field_are_no_loss(bench: Bench) -> None:
    """A store of partial readings has no newest slot, and is not empty."""
    memory = FileMemory(bench.state)
    half = Reading(hour(0), {"temperature": 1.0}, Grade.OBSERVED, "aemet")
    for _ in range(2):
        store = GuardedStore(SqliteStore(bench.path), memory, [WEATHER], bench.told.append)
        store.write(WEATHER, [half], "run/a")
        assert store.newest(WEATHER) is None
        store.close()
    assert memory.seen(SqliteStore(bench.path).place) == {}


def test_a_field_that_is_required_from_now_on_is_no_loss(bench: Bench) -> None:
    """What stands at the newest slot that was seen is a reading, whole or not."""
    memory = FileMemory(bench.state)
    only = replace(WEATHER, fields=WEATHER.fields[:1])
    store = GuardedStore(SqliteStore(bench.path), memory, [only], bench.told.append)
    store.write(only, [Reading(hour(0), {"temperature": 1.0}, Grade.OBSERVED, "a")], "run/a")
    store.close()
    again = GuardedStore(SqliteStore(bench.path), memory, [WEATHER], bench.told.append)
    assert again.newest(WEATHER) is None
