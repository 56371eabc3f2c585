"""The file under the embedded store, from before it is there to after it was replaced."""

from __future__ import annotations

import os
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from gapfill.stores.sqlite.store import SqliteStore
from tests.builders import PVPC, hour, hours, price, prices

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


def test_constructing_and_reading_make_no_file(store: SqliteStore, path: Path) -> None:
    """The first run finds everything missing, and leaves nothing behind."""
    assert store.missing(PVPC, WINDOW) == [WINDOW]
    assert store.read(PVPC, WINDOW) == []
    assert list(path.parent.iterdir()) == []


def test_the_first_write_makes_the_file(store: SqliteStore, path: Path) -> None:
    """And closing leaves that one file, without the helpers."""
    store.write(PVPC, [price(0)], "run/a")
    store.close()
    assert list(path.parent.iterdir()) == [path]


def test_verify_makes_the_file_and_proves_that_it_can_be_written(
    store: SqliteStore, path: Path
) -> None:
    """What is proved is a write that was committed."""
    store.verify()
    assert path.stat().st_size > 0


def test_reading_leaves_the_file_as_it_was(path: Path) -> None:
    """To the byte and the time, with nothing beside it."""
    writer = SqliteStore(path)
    writer.write(PVPC, prices([0, 2]), "run/a")
    writer.close()
    before = path.read_bytes(), path.stat().st_mtime_ns
    reader = SqliteStore(path)
    assert reader.missing(PVPC, WINDOW) == [hours(1, 2)]
    assert reader.entries("pvpc") == []
    reader.close()
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert list(path.parent.iterdir()) == [path]


def test_the_file_alone_is_the_whole_store_between_writes(
    store: SqliteStore, tmp_path: Path
) -> None:
    """A copy of it is a backup, even while connections are open."""
    store.write(PVPC, prices([0, 2]), "run/a")
    assert store.newest(PVPC) == hour(2)
    store.write(PVPC, prices([1]), "run/b")
    copy = tmp_path / "copy.db"
    shutil.copy(store.path, copy)
    assert SqliteStore(copy).missing(PVPC, WINDOW) == []


def test_a_file_put_back_from_a_copy_is_read_anew(store: SqliteStore, tmp_path: Path) -> None:
    """A connection to the old file would go on telling what it held."""
    store.write(PVPC, prices([0]), "run/a")
    copy = tmp_path / "copy.db"
    shutil.copy(store.path, copy)
    store.write(PVPC, prices([1, 2]), "run/b")
    assert store.missing(PVPC, WINDOW) == []
    copy.replace(store.path)
    assert store.missing(PVPC, WINDOW) == [hours(1, 3)]
    store.write(PVPC, prices([1]), "run/c")
    assert store.missing(PVPC, WINDOW) == [hours(2, 3)]


def test_a_file_that_was_removed_is_an_empty_store(store: SqliteStore) -> None:
    """It is the same as one that was never there."""
    store.write(PVPC, prices([0]), "run/a")
    store.path.unlink()
    assert store.missing(PVPC, WINDOW) == [WINDOW]
    store.write(PVPC, prices([1]), "run/b")
    assert store.missing(PVPC, WINDOW) == [hours(0, 1), hours(2, 3)]


def test_a_file_of_no_bytes_is_an_empty_store(store: SqliteStore, path: Path) -> None:
    """That is what a kill at the very first moment leaves."""
    path.touch()
    assert store.missing(PVPC, WINDOW) == [WINDOW]
    assert store.write(PVPC, [price(0)], "run/a") == 1


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "what?.db", "ñ#1.db"])
def test_odd_file_names_are_file_names(tmp_path: Path, name: str) -> None:
    """A name is never read as part of an address."""
    store = SqliteStore(tmp_path / name)
    store.write(PVPC, [price(0)], "run/a")
    assert store.newest(PVPC) == hour(0)
    store.close()
    assert [found.name for found in tmp_path.iterdir()] == [name]


def test_a_database_of_somebody_else_is_a_store_without_readings(
    store: SqliteStore, path: Path
) -> None:
    """Its tables are left alone, beside ours."""
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (x)")
    assert store.missing(PVPC, WINDOW) == [WINDOW]
    assert store.blocks(hour(0)) == []
    store.write(PVPC, [price(0)], "run/a")
    assert other.execute("SELECT count(*) FROM theirs").fetchone() == (0,)
    other.close()


def test_a_store_may_be_used_on_both_sides_of_a_fork(store: SqliteStore) -> None:
    """Airflow forks its tasks; each side has connections of its own."""
    store.write(PVPC, prices([0]), "run/a")
    child = os.fork()
    if child == 0:
        store.write(PVPC, prices([1]), "run/b")
        os._exit(0 if store.missing(PVPC, WINDOW) == [hours(2, 3)] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.missing(PVPC, WINDOW) == [hours(2, 3)]
