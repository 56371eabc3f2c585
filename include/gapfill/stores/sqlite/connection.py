"""The file of the embedded store: how it is opened, and what its errors mean.

A file in a writable place is opened for reading and writing, and reads set ``query_only``: only
then does SQLite remove its two helper files (``-wal``, ``-shm``) when the store is closed. In a
read-only place SQLite cannot make these files, so a cleanly closed file is read as immutable there.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from gapfill.errors import StoreError, StoreUnreachable

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

WAIT_S = 30.0
"""How long a statement waits for another process's transaction before it fails."""

_NEXT_STEP = {
    sqlite3.SQLITE_BUSY: "another process holds it; find it with `fuser`, or run it again later",
    sqlite3.SQLITE_LOCKED: "another process holds it; find it with `fuser`, or run it again later",
    sqlite3.SQLITE_NOTADB: "point the connection gapfill_store at another file",
    sqlite3.SQLITE_CORRUPT: "restore it from a copy, or save what can be read with "
    "`sqlite3 FILE .recover`",
    sqlite3.SQLITE_FULL: "free some space and run it again; nothing was half written",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable for this user",
    sqlite3.SQLITE_CANTOPEN: "check that this user may read and write the file and its folder",
    sqlite3.SQLITE_IOERR: "check the disk and its space, then run it again",
}
"""By primary result code; see https://www.sqlite.org/rescode.html."""


_PARTIAL = (sqlite3.SQLITE_CORRUPT,)
"""Codes of errors that may affect only a part of the file."""


class _Mode(Enum):
    """How the file is opened."""

    WRITING = auto()
    READING = auto()
    READING_LOG = auto()
    READING_ALONE = auto()
    ABSENT = auto()


_URI = {
    _Mode.WRITING: "?mode=rw",
    _Mode.READING: "?mode=rw",
    _Mode.READING_LOG: "?mode=ro",
    _Mode.READING_ALONE: "?mode=ro&immutable=1",
}


class StoreFile:
    """One SQLite file, opened lazily and safely with several processes.

    Attributes:
        path: The file.
        wait_s: How long to wait for other processes.
    """

    def __init__(self, path: Path, wait_s: float = WAIT_S) -> None:
        self.path = path
        self.wait_s = wait_s
        self._engines: dict[_Mode, sa.Engine] = {}
        self._process = os.getpid()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection that sees one state of the store; without a file it has no tables.

        Raises:
            StoreError: If the file cannot be read.
        """
        mode = self._mode()
        with self._said(), self._engine(mode).connect() as connection:
            stamp = self._stamp()
            _run(connection, "BEGIN")
            yield connection
            if mode is _Mode.READING_ALONE and self._stamp() != stamp:
                raise self._error("it changed while it was read", "run it again")

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Yield a connection in one transaction that holds the write lock from its start.

        Raises:
            StoreError: If the file cannot be written; nothing of the transaction is stored.
        """
        self._check_writable()
        with self._said():
            if not self.path.exists():
                self.path.touch()
            with self._engine(_Mode.WRITING).connect() as connection:
                _keep_log_beside(connection)
                _run(connection, "BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.commit()
                except BaseException:
                    connection.invalidate()  # this rolls back, and forgets the prepared tables
                    raise
                self._empty_log(connection)

    def _empty_log(self, connection: sa.Connection) -> None:
        """Write committed changes into the file itself, unless another connection reads now.

        Then the file alone is the whole store. While nothing runs, it can be copied, or replaced
        by a copy, even if connections are open.
        """
        _run(connection, "PRAGMA busy_timeout = 0")
        with suppress(sqlite3.OperationalError):  # committed changes are safe in the log
            _run(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
        _run(connection, f"PRAGMA busy_timeout = {int(self.wait_s * 1000)}")

    def close(self) -> None:
        """Close all connections."""
        is_ours = self._process == os.getpid()
        for engine in self._engines.values():
            engine.dispose(close=is_ours)
        self._engines.clear()
        self._process = os.getpid()

    def _engine(self, mode: _Mode) -> sa.Engine:
        if self._process != os.getpid():  # SQLite's connections must not be used after a fork
            self.close()
        if mode not in self._engines:
            self._engines[mode] = self._make_engine(mode)
        return self._engines[mode]

    def _make_engine(self, mode: _Mode) -> sa.Engine:
        uri = ":memory:"
        if mode is not _Mode.ABSENT:
            uri = self.path.resolve().as_uri() + _URI[mode]

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(
                uri, uri=True, timeout=self.wait_s, isolation_level=None, check_same_thread=False
            )

        is_pooled = mode not in (_Mode.ABSENT, _Mode.READING_ALONE)  # these see no later change
        pool = sa.QueuePool if is_pooled else sa.NullPool
        engine = sa.create_engine("sqlite://", creator=connect, poolclass=pool)

        @sa.event.listens_for(engine, "connect")
        def _prepare(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
            entry.info["file"] = self.identity()
            cursor = connection.cursor()
            cursor.execute("PRAGMA synchronous = NORMAL")  # consistent after a power cut, in WAL
            if mode is not _Mode.WRITING:
                cursor.execute("PRAGMA query_only = ON")
            cursor.execute("SELECT name FROM sqlite_master").fetchall()  # fails if not a database
            cursor.close()

        @sa.event.listens_for(engine, "checkout")
        def _same_file(_: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: object) -> None:
            if entry.info["file"] != self.identity():
                raise sa.exc.DisconnectionError  # replaced, for example by a copy: open it again

        return engine

    def identity(self) -> tuple[int, int] | None:
        """Return what identifies the file; another file in its place differs. ``None``: no file.

        Raises:
            StoreError: If the file cannot be examined.
        """
        with self._said():
            found = self._stat()
            return found and (found.st_dev, found.st_ino)

    def _stamp(self) -> tuple[int, int] | None:
        found = self._stat()
        return found and (found.st_mtime_ns, found.st_size)

    def _stat(self) -> os.stat_result | None:
        try:
            return self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _mode(self) -> _Mode:
        self._check_place()
        if not self.path.exists():
            return _Mode.ABSENT
        if os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK):
            return _Mode.READING
        log = self.path.with_name(f"{self.path.name}-wal")
        return _Mode.READING_LOG if log.exists() and log.stat().st_size else _Mode.READING_ALONE

    def _check_place(self) -> None:
        if self.path.is_dir():
            raise self._error("it is a folder", "name a file in it")
        if not self.path.parent.is_dir():
            raise self._error("its folder does not exist", "make the folder, or name another file")

    def _check_writable(self) -> None:
        self._check_place()
        for place in (self.path, self.path.parent):
            if place.exists() and not os.access(place, os.W_OK):
                what = "it" if place == self.path else f"its folder {place}"
                raise self._error(f"{what} is read-only", _NEXT_STEP[sqlite3.SQLITE_READONLY])

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Turn an error of the database or the disk into a sentence with the next step."""
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error) as exc:
            cause = exc.orig if isinstance(exc, sa.exc.DBAPIError) else exc
            code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
            step = _NEXT_STEP.get(code, "see docs/how_to/runbook.md, StoreError")
            kind = StoreUnreachable if code in _NEXT_STEP and code not in _PARTIAL else StoreError
            raise self._error(str(cause), step, kind) from exc
        except OSError as exc:
            raise self._error(f"{exc.strerror}", "check the file and its folder") from exc

    def _error(
        self, problem: str, step: str, kind: type[StoreError] = StoreUnreachable
    ) -> StoreError:
        return kind(
            f"The store {self.path} (connection gapfill_store) cannot be used: {problem}; {step}."
        )


def _keep_log_beside(connection: sa.Connection) -> None:
    """Switch to a write-ahead log, with which others can read during a write.

    The switch needs exclusive access for a moment. If another connection prevents that, the
    transaction is as safe without the log, and a later one switches.
    """
    with suppress(sqlite3.OperationalError):
        _run(connection, "PRAGMA journal_mode = WAL")


def _run(connection: sa.Connection, statement: str) -> None:
    """Run a statement without SQLAlchemy, which would take longer than SQLite itself."""
    connection.connection.cursor().execute(statement)
