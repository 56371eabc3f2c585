"""A store where its user may not write: it is read all the same, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gapfill.errors import StoreError
from gapfill.stores.sqlite.store import SqliteStore
from tests.builders import PVPC, hour, hours, price, prices
from tests.stores.nobody import as_nobody, readable_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from gapfill.domain.interval import Interval

WINDOW = hours(0, 3)


@pytest.fixture
def closed() -> Iterator[Path]:
    """Return a store of two prices that was closed, where everybody may read it."""
    with readable_folder() as folder:
        made = SqliteStore(folder / "store.db")
        made.write(PVPC, prices([0, 2]), "run/a")
        made.close()
        yield made.path


@pytest.mark.parametrize(
    "modes, what",
    [((0o444, 0o555), "it"), ((0o444, 0o777), "it"), ((0o666, 0o555), "its folder")],
    ids=["file and folder", "only the file", "only the folder"],
)
def test_a_read_only_store_is_read_and_refuses_to_be_written(
    closed: Path, modes: tuple[int, int], what: str
) -> None:
    """The file is in WAL mode, whose helpers cannot be made there; nothing is left behind."""
    closed.chmod(modes[0])
    closed.parent.chmod(modes[1])

    def use() -> tuple[list[Interval], datetime | None, list[str], list[str]]:
        store = SqliteStore(closed)
        found = store.missing(PVPC, WINDOW), store.newest(PVPC)
        said = []
        for use in (store.verify, lambda: store.write(PVPC, [price(1)], "run/b")):
            with pytest.raises(StoreError) as caught:
                use()
            said.append(str(caught.value))
        store.close()
        return found[0], found[1], said, [found.name for found in closed.parent.iterdir()]

    absent, newest, said, files = as_nobody(use)
    assert (absent, newest) == ([hours(1, 2)], hour(2))
    assert files == ["store.db"]
    assert all(f"{what} " in sentence and "is read-only; make the" in sentence for sentence in said)


def test_a_read_only_place_without_a_file_is_empty_and_cannot_be_written() -> None:
    """The first run says so before it asks anybody."""
    with readable_folder() as folder:
        folder.chmod(0o555)
        store = SqliteStore(folder / "store.db")
        assert as_nobody(lambda: store.missing(PVPC, WINDOW)) == [WINDOW]
        with pytest.raises(StoreError, match=f"its folder {folder} is read-only"):
            as_nobody(store.verify)


def test_a_reader_without_rights_sees_what_the_writer_has_committed(closed: Path) -> None:
    """A writer with an open store leaves its helpers readable beside the file."""
    writer = SqliteStore(closed)
    writer.write(PVPC, [price(1)], "run/b")
    assert as_nobody(lambda: SqliteStore(closed).missing(PVPC, WINDOW)) == []
    writer.close()


def test_a_log_that_cannot_be_read_is_an_error_not_an_old_state(closed: Path) -> None:
    """After a kill, a copy on read-only media lacks what only the log beside it holds."""
    log = closed.with_name("store.db-wal")
    log.write_bytes(b"\x37\x7f\x06\x82" + b"\0" * 4000)
    closed.parent.chmod(0o555)
    with pytest.raises(StoreError, match="unable to open database file; check that this user may"):
        as_nobody(lambda: SqliteStore(closed).missing(PVPC, WINDOW))
