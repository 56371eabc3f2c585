"""Many series of one file: a damaged one, a damaged table, and lists cut into pieces."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import StoreError, StoreUnreachable
from gapfill.services.ports import SeriesWindow
from gapfill.stores.sqlite import grouped, members
from gapfill.stores.sqlite.store import SqliteStore
from gapfill.stores.tag_index import TagIndex
from tests.builders import PVPC, WEATHER, hours, prices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    import sqlalchemy as sa

MANY = [replace(PVPC, name=f"s{n}", tags={"geo": str(n)}) for n in range(7)]
DAY = hours(0, 24)
ASKED = [SeriesWindow(one, DAY) for one in (*MANY, WEATHER)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Return a store in which the n-th of seven series has no n-th hour."""
    made = SqliteStore(tmp_path / "store.db")
    for n, one in enumerate(MANY):
        made.write(one, prices(h for h in range(24) if h != n), "run/a")
    yield made
    made.close()


def damage(store: SqliteStore, condition: str) -> None:
    """Let SQLite fail at the rows of a condition."""
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("ALTER TABLE energy_prices RENAME TO sound")
        rest = "price_eur_mwh, price_eur_kwh, gapfill_grade, gapfill_source, gapfill_batch"
        connection.execute(
            "CREATE VIEW energy_prices AS SELECT tags, "  # noqa: S608 - the test's own
            f"CASE WHEN {condition} THEN abs(-9223372036854775807 - 1) ELSE slot END AS slot, "
            f"{rest}, gapfill_kept FROM sound"
        )


def expected(n: int) -> dict[str, object]:
    """Return what the n-th series is without."""
    return {"price_eur_mwh": [hours(n, n + 1)]}


def test_a_series_that_cannot_be_read_hides_no_other(store: SqliteStore) -> None:
    """Each other one has its answer, and the error says why."""
    damage(store, "tags = 'geo=3'")
    found = store.missing_by_field_each(ASKED)
    error = found.pop("s3")  # type: ignore[attr-defined]  # a dict, so that the rest can be compared
    assert isinstance(error, StoreError)
    assert "integer overflow" in str(error)
    assert found == {f"s{n}": expected(n) for n in range(7) if n != 3} | {
        "weather_hourly": {"temperature": [DAY], "humidity": [DAY]}
    }


def test_a_measurement_that_cannot_be_read_hides_no_other(store: SqliteStore) -> None:
    """The series of another table have their answers."""
    damage(store, "1")
    found = store.missing_by_field_each(ASKED)
    assert [name for name, answer in found.items() if isinstance(answer, StoreError)] == [
        one.name for one in MANY
    ]
    assert found["weather_hourly"] == {"temperature": [DAY], "humidity": [DAY]}


def test_a_file_that_is_none_is_opened_once(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each series has the same error, and no other one waits."""
    store.close()
    store.path.write_bytes(b"This is not a database. " * 400)
    opened = store._file.reading
    count: list[int] = []

    def counted() -> AbstractContextManager[sa.Connection]:
        count.append(1)
        return opened()

    monkeypatch.setattr(store._file, "reading", counted)
    monkeypatch.setattr(grouped, "TOGETHER", 2)
    found = store.lower_grade_each(ASKED)
    assert found.keys() == {one.series.name for one in ASKED}
    assert {type(answer) for answer in found.values()} == {StoreUnreachable}
    assert len(count) == 1


@pytest.mark.parametrize("entries,slots", [(1, 10**9), (3, 10**9), (10**9, 1), (10**9, 50)])
def test_lists_of_any_length_give_the_same(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, entries: int, slots: int
) -> None:
    """Cut by series, by entries or by slots."""
    monkeypatch.setattr(grouped, "TOGETHER", 3)
    monkeypatch.setattr(members, "AT_ONCE", entries)
    monkeypatch.setattr(members, "SLOTS_AT_ONCE", slots)
    found = store.missing_by_field_each(ASKED[:7])
    assert found == {f"s{n}": expected(n) for n in range(7)}
    assert store.newest_each([]) == {}


def test_tag_sets_of_a_series_are_found_among_thousands() -> None:
    """Its own first; then those without its tags, and those with more."""
    texts = [f"geo={n},market=pvpc" for n in range(5000)]
    index = TagIndex([*texts, "", "market=pvpc", "geo=7,market=pvpc,unit=eur", "geo=7,market=spot"])
    series = replace(PVPC, tags={"geo": "7", "market": "pvpc"})
    own = ["geo=7,market=pvpc", "", "geo=7,market=pvpc,unit=eur", "market=pvpc"]
    assert index.own(series) == own
    index.add("unit=eur")
    assert index.own(series) == [*own, "unit=eur"]
    assert "unit=eur" in index
    assert len(index) == 5005
