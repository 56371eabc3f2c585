"""What goes wrong with a file, and what is said of it: every use, every fault."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from gapfill.errors import StoreError
from gapfill.stores.sqlite.store import SqliteStore
from tests.builders import PVPC, hour, hours, price, prices, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WINDOW = hours(0, 3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a store may be."""
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """Return a store that does not wait long for others."""
    made = SqliteStore(path, wait_s=0.2)
    yield made
    made.close()


Use = Callable[[SqliteStore], object]

USES: dict[str, Use] = {
    "verify": lambda store: store.verify(),
    "missing": lambda store: store.missing(PVPC, WINDOW),
    "lower_grade": lambda store: store.lower_grade(PVPC, WINDOW),
    "newest": lambda store: store.newest(PVPC),
    "read": lambda store: store.read(PVPC, WINDOW),
    "write": lambda store: store.write(PVPC, [price(0)], "run/a"),
    "import_rows": lambda store: store.import_rows(PVPC, [row(0)]),
    "batch_slots": lambda store: store.batch_slots("run/a"),
    "undo": lambda store: store.undo("run/a", [PVPC]),
    "entries": lambda store: store.entries("pvpc"),
    "outcomes": lambda store: store.outcomes("run", "ree"),
    "record_call": lambda store: store.record_call("ree", hour(0), "run/a"),
    "calls_of": lambda store: store.calls_of("run"),
    "calls_since": lambda store: store.calls_since("ree", hour(0)),
    "blocks": lambda store: store.blocks(hour(0)),
}


@pytest.fixture(params=USES)
def use(request: pytest.FixtureRequest) -> Use:
    """Return each use of a store in turn."""
    return USES[request.param]


def says(store: SqliteStore, use: Use) -> str:
    """Return the sentence of the error that a use of the store must end in."""
    with pytest.raises(StoreError) as caught:
        use(store)
    return str(caught.value)


def test_a_missing_folder_is_an_error(tmp_path: Path, use: Use) -> None:
    """Whoever mistyped the path must not see an empty store."""
    said = says(SqliteStore(tmp_path / "away" / "store.db"), use)
    assert said == (
        f"The store {tmp_path}/away/store.db (connection gapfill_store) cannot be used: its "
        "folder does not exist; make the folder, or name another file."
    )


def test_a_folder_is_an_error(tmp_path: Path, use: Use) -> None:
    """The sentence says so, and what to name instead."""
    assert "it is a folder; name a file in it." in says(SqliteStore(tmp_path), use)


def test_a_file_that_is_no_database_is_an_error(store: SqliteStore, path: Path, use: Use) -> None:
    """It is left as it was."""
    path.write_text("This is a shopping list. " * 100)
    said = says(store, use)
    assert "file is not a database; point the connection gapfill_store at another file." in said
    assert path.read_text().startswith("This is a shopping list.")


def test_a_damaged_file_is_an_error(store: SqliteStore, path: Path, use: Use) -> None:
    """Whatever can be read of it, it is not taken for all there is."""
    store.write(PVPC, prices(range(2000)), "run/a")
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    assert "malformed; restore it from a copy" in says(store, use)


def test_a_locked_file_is_read_but_not_written(store: SqliteStore, path: Path) -> None:
    """Others' writing never stops a reader; a writer waits, then says who is in the way."""
    store.write(PVPC, prices([0, 2]), "run/a")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert store.missing(PVPC, WINDOW) == [hours(1, 2)]
        said = says(store, lambda s: s.write(PVPC, [price(1)], "run/b"))
        assert "database is locked; another process holds it; find it with `fuser`" in said
        assert "locked" in says(store, lambda s: s.verify())
    finally:
        holder.close()
    assert store.write(PVPC, [price(1)], "run/b") == 1


def test_a_full_disk_is_an_error_and_nothing_is_half_written(store: SqliteStore) -> None:
    """What was written before stands."""
    store.write(PVPC, prices([0]), "run/a")
    store.close()

    @sa.event.listens_for(sa.pool.Pool, "connect")
    def _fill_up(connection: sqlite3.Connection, _entry: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # SQLite keeps what there is, and adds none

    try:
        said = says(store, lambda s: s.write(PVPC, prices(range(5000)), "run/b"))
    finally:
        sa.event.remove(sa.pool.Pool, "connect", _fill_up)
    assert "disk is full; free some space and run it again" in said
    store.close()
    assert store.missing(PVPC, WINDOW) == [hours(1, 3)]
    assert store.batch_slots("run/b") == {}
