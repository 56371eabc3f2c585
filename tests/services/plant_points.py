"""A plant's points in a store of each kind, written and read past the store's own code."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tests.services.plant_history import line
from tests.services.plant_truth import KINDS
from tests.stores.backends import InfluxBackend, SqliteBackend

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.services.plant_truth import Sample
    from tests.stores.backends import Backend

Points = dict[tuple[str, str, int], dict[str, Any]]
"""Every point of both measurements: measurement, tags and second, and all that stands in it."""


def seed(backend: Backend, samples: list[Sample]) -> None:
    """Write the samples as their programs did, past the store."""
    if isinstance(backend, InfluxBackend):
        lines = [line(sample) for sample in samples]
        backend.engine.write(backend.bucket, lines, "s")
        return
    assert isinstance(backend, SqliteBackend)
    backend.open().verify()
    with closing(sqlite3.connect(backend.path)) as connection, connection:
        for kind in KINDS.values():
            fields = ", ".join(f"{name} REAL" for name in kind.bounds)
            connection.execute(
                f"CREATE TABLE {kind.measurement} (tags TEXT NOT NULL, slot INTEGER NOT NULL, "
                f"{fields}, gapfill_grade INTEGER, gapfill_source TEXT, gapfill_batch TEXT, "
                "gapfill_kept TEXT, PRIMARY KEY (tags, slot)) WITHOUT ROWID"
            )
        for one in samples:
            said = {
                "tags": tags_of(one.tags),
                "slot": int(one.at.timestamp()),
                **one.fields,
                "gapfill_grade": one.grade,
                "gapfill_source": one.source,
                "gapfill_batch": one.batch,
                "gapfill_kept": one.kept_text,
            }
            marks = ", ".join("?" for _ in said)
            connection.execute(
                f"INSERT INTO {one.measurement} ({', '.join(said)}) VALUES ({marks})",  # noqa: S608 - the tests' own names
                list(said.values()),
            )


def tags_of(tags: Mapping[str, str]) -> str:
    """Return tags as the embedded store has them."""
    return ",".join(f"{key}={said}" for key, said in sorted(tags.items()))


def points_of(backend: Backend) -> Points:
    """Return every point of both measurements, whoever wrote it, past the store."""
    found: Points = {}
    for kind in KINDS.values():
        for tags, at, row in _rows(backend, kind.measurement):
            fields = {name: said for name, said in row.items() if said not in (None, "")}
            found[kind.measurement, tags, at] = fields
    return found


def _rows(backend: Backend, measurement: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
    if isinstance(backend, InfluxBackend):
        query = f'SELECT * FROM "{measurement}" GROUP BY *'  # noqa: S608 - the tests' own names
        for one in backend.engine.tables(backend.bucket, query):
            for values in one["values"]:
                row = dict(zip(one["columns"], values, strict=True))
                yield tags_of({k: v for k, v in one["tags"].items() if v}), row.pop("time"), row
        return
    assert isinstance(backend, SqliteBackend)
    with closing(sqlite3.connect(backend.path)) as connection:
        connection.row_factory = sqlite3.Row
        for found in connection.execute(f"SELECT * FROM {measurement}"):  # noqa: S608 - likewise
            row = dict(found)
            yield row.pop("tags"), row.pop("slot"), row
