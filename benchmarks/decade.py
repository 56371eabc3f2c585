"""Ten years of twenty series in a real store, each with 724 gaps of its own."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import yaml

from benchmarks.conftest import END, HOUR, START, holes
from gapfill import catalog
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.stores.sqlite.store import SqliteStore
from tools.shipped import shipped_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from gapfill.domain.series import Series

SERIES = 20
HOURS = int((END - START) / HOUR)


def plant(folder: Path) -> dict[str, str]:
    """Make catalogue and store in a folder, and return what names them to an Airflow."""
    file, store = folder / "catalog.yaml", folder / "store.db"
    file.write_text(_catalog(), encoding="utf-8")
    _seed(store, catalog.load(file).series)
    connection = {"conn_type": "sqlite", "host": str(store)}
    return {
        "AIRFLOW_CONN_GAPFILL_STORE": json.dumps(connection),
        "GAPFILL_CATALOG": str(file),
        "GAPFILL_LOCKS": str(folder / "locks"),
        "GAPFILL_STATE": str(folder / "state"),
        "GAPFILL_NOW": END.isoformat(),
    }


def _catalog() -> str:
    """Return the shipped one, with prices of twenty places since ten years."""
    text = shipped_text()
    document = yaml.safe_load(re.sub(r"(since|earliest): 2021-06-01", r"\1: 2016-01-01", text))
    pvpc = document["series"]["pvpc"]
    document["series"] = {
        f"pvpc_{n:02}": {**pvpc, "tags": {**pvpc["tags"], "geo": str(n)}} for n in range(SERIES)
    }
    return yaml.safe_dump(document, allow_unicode=True)


def _seed(file: Path, known: Mapping[str, Series]) -> None:
    """Write one whole series, copy it for the others, and cut the holes of each."""
    first, *others = known.values()
    store = SqliteStore(file)
    readings = list(_readings())
    for begin in range(0, HOURS, 5000):
        store.write(first, readings[begin : begin + 5000], "seed")
    store.close()
    rng = random.Random(20)
    with closing(sqlite3.connect(file)) as database, database:
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({first.measurement})")]
        rest = ", ".join(columns[1:])
        for series in others:
            database.execute(
                f"INSERT INTO {series.measurement} SELECT ?, {rest} FROM {first.measurement} "  # noqa: S608 - constants
                "WHERE tags = ?",
                (_tags(series), _tags(first)),
            )
        for series in known.values():
            database.executemany(
                f"DELETE FROM {series.measurement} WHERE tags = ? AND slot = ?",  # noqa: S608 - constants
                [(_tags(series), int((START + n * HOUR).timestamp())) for n in holes(rng)],
            )


def _readings() -> Iterator[Reading]:
    for n in range(HOURS):
        yield Reading(START + n * HOUR, {"price_eur_mwh": n % 300 / 2}, Grade.OFFICIAL, "ree")


def _tags(series: Series) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(series.tags.items()))
