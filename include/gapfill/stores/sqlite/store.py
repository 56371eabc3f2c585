"""The embedded store: one SQLite file through SQLAlchemy Core, safe with several processes.

A file that does not exist yet, in a folder that does, is an empty store; the first write
or ``verify`` makes it. Every write is one short ``BEGIN IMMEDIATE`` transaction, so that
a kill leaves all of it or nothing. What stands where: ``sqlite.schema``; how the file is
opened and what its errors mean: ``sqlite.connection``.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from gapfill.services.ports import StoreLocation
from gapfill.stores.sql import ledger
from gapfill.stores.sql.dialect import SqlDialect
from gapfill.stores.sql.store import SqlStore
from gapfill.stores.sql.tables import prepare_books
from gapfill.stores.sqlite.connection import WAIT_S, StoreFile
from gapfill.stores.sqlite.grouped import GroupedReads
from gapfill.stores.sqlite.one_series import SqliteGaps, SqliteInvalidValues
from gapfill.stores.sqlite.rows import read_points, upsert
from gapfill.stores.sqlite.schema import points_table, prepare

if TYPE_CHECKING:
    import sqlalchemy as sa


class SqliteStore(GroupedReads, SqlStore):
    """The store port (``services.ports.Store``) on a file.

    Attributes:
        path: The file.
    """

    dialect = SqlDialect(
        points_table, prepare, read_points, upsert, SqliteGaps, SqliteInvalidValues
    )

    def __init__(self, path: Path, *, wait_s: float = WAIT_S) -> None:
        self.path = path
        self._file = StoreFile(path, wait_s)

    @property
    def place(self) -> StoreLocation:
        """The file, with its folders."""
        return StoreLocation("sqlite", str(self.path.absolute()))

    def stamp(self) -> tuple[int, int] | None:
        """Return device and number of the file, ``None`` where there is none."""
        return self._file.identity()

    def verify(self) -> None:
        """Read, and commit a real write; raise where either fails."""
        with self._file.writing() as connection:
            prepare_books(connection)
            connection.exec_driver_sql("PRAGMA user_version = 1")  # writes the file's first page
        with self._file.reading() as connection:
            ledger.probe(connection)

    def close(self) -> None:
        """Give back connections; the store may be used again afterwards."""
        self._file.close()

    def _reading(self) -> AbstractContextManager[sa.Connection]:
        return self._file.reading()

    def _writing(self) -> AbstractContextManager[sa.Connection]:
        return self._file.writing()
