"""What the embedded store's file is made of, and what is remembered of it beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.golden.compare import as_json, check, keep, names
from tests.golden.stories import build_books
from tests.golden.world import standing

if TYPE_CHECKING:
    from collections.abc import Mapping

_BOOKS = ("gapfill_ledger", "gapfill_blocks", "gapfill_learned")
_SCHEMA = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return what is in a store that was written to in every way, and the note beside it."""
    folder = tmp_path_factory.mktemp("sqlite")
    with pytest.MonkeyPatch.context() as patch, standing(folder, patch) as world:
        build_books(world)
        (note,) = (folder / "state").iterdir()
        with closing(sqlite3.connect(world.store)) as connection:
            connection.row_factory = sqlite3.Row
            return {
                "schema.sql": _schema(connection),
                "state_file.txt": f"{note}\n{note.read_text(encoding='utf-8')}",
                **{f"{name}.json": as_json(_rows(connection, name)) for name in _BOOKS},
                "gapfill_replaced.json": as_json(_rows(connection, "gapfill_replaced", 3)),
            }


def _schema(connection: sqlite3.Connection) -> str:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    parts = [
        f"-- {kind} {name}\n{sql.strip()};\n" for kind, name, sql in connection.execute(_SCHEMA)
    ]
    return "\n".join([f"PRAGMA user_version = {version};\n", *parts])


def _rows(connection: sqlite3.Connection, table: str, newest: int = -1) -> list[dict[str, object]]:
    query = f"SELECT * FROM {table} ORDER BY rowid DESC LIMIT {newest}"  # noqa: S608 - see _BOOKS
    return [dict(row) for row in connection.execute(query)]


def test_each_part_of_the_store_has_its_file(outputs: Mapping[str, str]) -> None:
    """And with `make golden` the files are written."""
    keep("sqlite", outputs)


@pytest.mark.parametrize("name", names("sqlite"))
def test_the_store_is_made_as_it_was(outputs: Mapping[str, str], name: str) -> None:
    """Byte for byte."""
    check("sqlite", name, outputs)
