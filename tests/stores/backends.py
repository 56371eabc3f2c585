"""The stores the contract suite runs against; a second one joins with a line in ``BACKENDS``."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from gapfill.domain.interval import Interval
from gapfill.stores.influxdb import line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.points import read_points as influxdb_points
from gapfill.stores.influxdb.store import InfluxStore
from gapfill.stores.points import parse_tags
from gapfill.stores.sqlite.connection import StoreFile
from gapfill.stores.sqlite.rows import read_points as sqlite_points
from gapfill.stores.sqlite.store import SqliteStore
from tests.stores.influxdb.engine import engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from gapfill.domain.series import Series
    from gapfill.services.ports import Store
    from gapfill.stores.points import Point

EVER = Interval(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))

_PROVENANCE = ("grade", "source", "batch", "kept")


class Backend(Protocol):
    """One kind of store, and a way to put points of others into it."""

    def open(self) -> Store:
        """Return the store; a second call returns another one on the same database."""

    def seed(self, series: Series, *points: Point) -> None:
        """Write points into the series' measurement, past the store and its rules."""

    def overwrite(self, series: Series, point: Point) -> None:
        """Write a point over the one of the same tags and instant, as its owner does."""

    def points(self, series: Series) -> list[Point]:
        """Return every point that counts for the series."""

    def another(self) -> Backend:
        """Return an empty database of the same kind."""

    def close(self) -> None:
        """Give everything back."""


class SqliteBackend:
    """The embedded store, in a file of a test's own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.db"
        self._opened: list[SqliteStore] = []

    def open(self) -> SqliteStore:
        """Return the store on the test's file."""
        self._opened.append(SqliteStore(self.path))
        return self._opened[-1]

    def seed(self, series: Series, *points: Point) -> None:
        """Insert the points as any program could that knows the table."""
        self.open().verify()
        names = [field.name for field in series.fields]
        columns = ["tags", "slot", *names, *(f"gapfill_{name}" for name in _PROVENANCE)]
        lines = [
            [
                point.tags,
                int(point.instant.timestamp()),
                *(point.values.get(name) for name in names),
                *(getattr(point, name) for name in _PROVENANCE),
            ]
            for point in points
        ]
        fields = ", ".join(f"{name} REAL" for name in names)
        connection = sqlite3.connect(self.path)
        with connection:
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {series.measurement} (tags TEXT NOT NULL, "
                f"slot INTEGER NOT NULL, {fields}, gapfill_grade INTEGER, gapfill_source TEXT, "
                "gapfill_batch TEXT, gapfill_kept TEXT, PRIMARY KEY (tags, slot)) WITHOUT ROWID"
            )
            connection.executemany(
                f"INSERT INTO {series.measurement} ({', '.join(columns)}) "  # noqa: S608 - the tests' own names
                f"VALUES ({', '.join('?' for _ in columns)})",
                lines,
            )
        connection.close()

    def overwrite(self, series: Series, point: Point) -> None:
        """Delete the point, and insert it anew."""
        connection = sqlite3.connect(self.path)
        with connection:
            connection.execute(
                f"DELETE FROM {series.measurement} WHERE tags = ? AND slot = ?",  # noqa: S608 - likewise
                (point.tags, int(point.instant.timestamp())),
            )
        connection.close()
        self.seed(series, point)

    def points(self, series: Series) -> list[Point]:
        """Return every point that counts for the series."""
        with StoreFile(self.path, 5.0).reading() as connection:
            return sqlite_points(connection, series, [EVER])

    def another(self) -> SqliteBackend:
        """Return an empty file in a folder of its own."""
        folder = self.path.parent / "another"
        folder.mkdir()
        return SqliteBackend(folder)

    def close(self) -> None:
        """Close every store that was opened."""
        for store in self._opened:
            store.close()


_numbers = count()


class InfluxBackend:
    """InfluxDB on a real server, in a bucket of a test's own, with a space in its name."""

    def __init__(self, _folder: Path) -> None:
        self.engine = engine()
        self.bucket = f"test {next(_numbers)}"
        self.engine.make_bucket(self.bucket)
        self._opened: list[InfluxStore] = []

    def open(self) -> InfluxStore:
        """Return the store on the test's bucket."""
        self._opened.append(InfluxStore(self.engine.access(self.bucket)))
        return self._opened[-1]

    def seed(self, series: Series, *points: Point) -> None:
        """Write the points as any program could, at their very nanosecond."""
        self.engine.write(self.bucket, [line for p in points for line in _lines(series, p)])

    def overwrite(self, series: Series, point: Point) -> None:
        """Write it: InfluxDB takes fields over those that stand."""
        self.seed(series, point)

    def points(self, series: Series) -> list[Point]:
        """Return every point that counts for the series."""
        return influxdb_points(InfluxClient(self.engine.access(self.bucket)), series, [EVER])

    def another(self) -> InfluxBackend:
        """Return an empty bucket."""
        return InfluxBackend(Path())

    def close(self) -> None:
        """Close every store that was opened, and drop the bucket."""
        for store in self._opened:
            store.close()
        self.engine.drop_bucket(self.bucket)


def _lines(series: Series, point: Point) -> list[str]:
    values: dict[str, float | None] = dict(point.values)
    fields = line_protocol.numbers({n: v for n, v in values.items() if v is not None})
    fields += [
        line_protocol.field(f"gapfill_{name}", getattr(point, name))
        for name in _PROVENANCE
        if getattr(point, name) is not None
    ]
    head = line_protocol.head(series.measurement, parse_tags(point.tags))
    return [f"{head} {','.join(fields)} {to_ns(point.instant)}"] if fields else []


BACKENDS: dict[str, Callable[[Path], Backend]] = {
    "influxdb": InfluxBackend,
    "sqlite": SqliteBackend,
}

KINDS = [
    pytest.param(kind, marks=pytest.mark.server) if kind == "influxdb" else kind
    for kind in sorted(BACKENDS)
]
"""For parametrized tests: those that need a server say so."""
