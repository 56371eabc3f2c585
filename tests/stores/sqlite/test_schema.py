"""The tables of the embedded store: what changes in the catalogue, and what may not be named."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.reading import Reading
from gapfill.domain.series import Field, Grade
from gapfill.errors import ConfigError
from gapfill.stores.sqlite import gap_sql as queries
from gapfill.stores.sqlite.conditions import complete_slot
from gapfill.stores.sqlite.store import SqliteStore
from tests.builders import PVPC, SPOT, hour, hours, price, prices, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PER_KWH = Field("price_eur_kwh", "€/kWh", -1, 10)
PER_MWH = Field("price_eur_mwh", "€/MWh", -1000, 10000, required=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Return an empty store."""
    made = SqliteStore(tmp_path / "store.db")
    yield made
    made.close()


def rows_in(store: SqliteStore, query: str) -> list[tuple[object, ...]]:
    """Return what any program sees in the file."""
    connection = sqlite3.connect(store.path)
    found = connection.execute(query).fetchall()
    connection.close()
    return found


def test_a_point_is_a_row_that_anybody_can_read(store: SqliteStore) -> None:
    """Tags in one text, the slot in seconds, a column per field, provenance beside them."""
    store.write(PVPC, [price(0)], "run/a")
    assert rows_in(store, "SELECT * FROM energy_prices") == [
        ("geo=8741,market=pvpc", 1767225600, 50.0, None, 40, "ree", "run/a", None)
    ]


def test_a_field_that_the_catalogue_gains_becomes_a_column(store: SqliteStore) -> None:
    """What was written before is read without it, before and after the first value."""
    before = replace(PVPC, fields=(PER_MWH,))
    store.write(before, [price(0)], "run/a")
    assert store.read(PVPC, hours(0, 2)) == [row(0)]
    values = {"price_eur_mwh": 50.0, "price_eur_kwh": 0.05}
    store.write(PVPC, [Reading(hour(1), values, Grade.OFFICIAL, "ree")], "run/b")
    assert [dict(r.values) for r in store.read(PVPC, hours(0, 2))] == [
        {"price_eur_mwh": 50.0},
        values,
    ]


def test_a_required_field_that_the_catalogue_gains_is_missing_everywhere(
    store: SqliteStore,
) -> None:
    """A slot without it is no longer complete, whether or not its column is there yet."""
    store.write(replace(PVPC, fields=(PER_MWH,)), prices([0, 1]), "run/a")
    changed = replace(PVPC, fields=(PER_MWH, replace(PER_KWH, required=True)))
    assert store.missing(changed, hours(0, 2)) == [hours(0, 2)]
    assert store.newest(changed) is None
    values = {"price_eur_mwh": 50.0, "price_eur_kwh": 0.05}
    store.write(changed, [Reading(hour(1), values, Grade.OFFICIAL, "ree")], "run/b")
    assert store.missing(changed, hours(0, 2)) == [hours(0, 1)]


def test_a_field_that_the_catalogue_lost_keeps_its_values(store: SqliteStore) -> None:
    """Writing a slot again leaves columns alone that the series does not have."""
    values = {"price_eur_mwh": 50.0, "price_eur_kwh": 0.05}
    store.write(PVPC, [Reading(hour(0), values, Grade.OBSERVED, "ree")], "run/a")
    store.write(replace(PVPC, fields=(PER_MWH,)), [price(0, 60.0)], "run/b")
    assert rows_in(store, "SELECT price_eur_mwh, price_eur_kwh FROM energy_prices") == [
        (60.0, 0.05)
    ]


@pytest.mark.parametrize("name", ["tags", "Slot", "gapfill_grade", "gapfill_ledger", "sqlite_x"])
def test_names_that_the_store_needs_itself_are_refused(store: SqliteStore, name: str) -> None:
    """A wrong catalogue is a person's to mend."""
    with pytest.raises(ConfigError, match=f"{name!r}, a name that the embedded store needs"):
        store.missing(replace(PVPC, fields=(replace(PER_MWH, name=name),)), hours(0, 1))
    with pytest.raises(ConfigError, match=f"{name!r}, a name that the embedded store needs"):
        store.write(replace(PVPC, measurement=name), [price(0)], "run/a")


def test_names_of_sql_are_names_as_any_other(store: SqliteStore) -> None:
    """They are quoted wherever they stand."""
    fields = (replace(PER_MWH, name="select"), replace(PER_KWH, name="start", required=True))
    odd = replace(PVPC, measurement="order", fields=fields)
    values = {"select": 1.0, "start": 2.0}
    store.write(odd, [Reading(hour(1), values, Grade.MODELLED, "x")], "run/a")
    assert store.missing(odd, hours(0, 3)) == [hours(0, 1), hours(2, 3)]
    assert [r.interval for r in store.lower_grade(odd, hours(0, 3))] == [hours(1, 2)]
    assert store.newest(odd) == hour(1)
    assert [r.values for r in store.read(odd, hours(0, 3))] == [values]


@pytest.mark.parametrize("step", [3600, 900])
def test_counting_complete_slots_reads_their_index_alone(store: SqliteStore, step: int) -> None:
    """Ten years of whole rows would take four times as long; an era has an index of its own."""
    store.write(SPOT, [price(0)], "run/a")
    plan = rows_in(
        store,
        "EXPLAIN QUERY PLAN SELECT count(*) FROM energy_prices WHERE tags = 'x' AND slot >= 0 "  # noqa: S608 - a number
        f"AND slot < 9 AND {complete_slot(SPOT.fields, step)}",
    )
    index = f"energy_prices with price_eur_mwh -1000.0 to 10000.0 every {step} s"
    assert plan[0][3] == (
        f"SEARCH energy_prices USING COVERING INDEX {index} (tags=? AND slot>? AND slot<?)"
    )


def test_looking_for_upgrades_reads_their_index_alone(store: SqliteStore) -> None:
    """A complete series costs a seek."""
    store.write(PVPC, [price(0)], "run/a")
    plan = rows_in(
        store,
        "EXPLAIN QUERY PLAN SELECT DISTINCT slot FROM energy_prices WHERE tags IN ('x', 'y') "
        "AND slot >= 0 AND slot < 9 AND coalesce(gapfill_grade, 40) < 40",
    )
    assert "USING COVERING INDEX energy_prices below 40 else 40" in str(plan[0][3])


def test_a_file_of_an_earlier_release_gets_the_books_it_lacks(tmp_path: Path) -> None:
    """Its ledger counts meanwhile, and its calls keep their lines."""
    path = tmp_path / "old.db"
    store = SqliteStore(path)
    store.record_call("siar", PVPC.earliest, "run/a")
    store.close()
    with sqlite3.connect(path) as old:
        old.execute("DROP TABLE gapfill_learned")
        old.execute("ALTER TABLE gapfill_calls DROP COLUMN records")
    old.close()
    again = SqliteStore(path)
    assert (again.calls_of("run"), again.load_limits(PVPC.earliest)) == (1, {})
    assert again.records_since("siar", PVPC.earliest) == 0
    again.record_call("siar", PVPC.earliest, "run/b", 48)
    again.save_limits("siar", {"calls_day": 100}, PVPC.earliest)
    assert (again.calls_of("run"), again.records_since("siar", PVPC.earliest)) == (2, 48)
    assert again.load_limits(PVPC.earliest) == {"siar": {"calls_day": 100}}


def test_flaws_are_counted_in_an_index_of_their_own(store: SqliteStore) -> None:
    """Where every value counts, that costs a seek, however long the history is."""
    store.write(PVPC, [price(0)], "run/a")
    statement = queries.query(queries.FLAWS, PVPC, fields=PVPC.fields)
    said = statement.replace(":asked", "'[]'")
    plan = " ".join(str(line[3]) for line in rows_in(store, f"EXPLAIN QUERY PLAN {said}"))
    index = "energy_prices beyond price_eur_mwh -1000.0 to 10000.0, price_eur_kwh -1.0 to 10.0"
    assert f"USING COVERING INDEX {index} (tags=? AND slot>? AND slot<?)" in plan
    assert plan.count("energy_prices USING") == 1


def test_a_file_of_an_earlier_release_is_read_right_and_gets_its_indexes_with_a_write(
    store: SqliteStore,
) -> None:
    """Until then the index that knows no bounds must not count what is beyond them."""
    store.write(PVPC, prices(range(100)), "run/a")
    old = "energy_prices with price_eur_mwh every 3600 s"
    with sqlite3.connect(store.path) as connection:
        names = "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'energy%'"
        fresh = sorted(name for (name,) in connection.execute(names))
        for name in fresh:
            connection.execute(f'DROP INDEX "{name}"')
        connection.execute(
            f'CREATE INDEX "{old}" ON energy_prices (tags, slot, price_eur_mwh) '
            "WHERE price_eur_mwh IS NOT NULL AND slot % 3600 = 0"
        )
        slot = int(hour(50).timestamp())
        connection.execute("UPDATE energy_prices SET price_eur_mwh = 1e6 WHERE slot = ?", (slot,))
    connection.close()
    assert store.missing(PVPC, hours(0, 100)) == [hours(50, 51)]
    assert store.flaws(PVPC, hours(0, 100)).values == 1
    again = SqliteStore(store.path)
    assert again.write(PVPC, [price(50)], "run/b") == 1
    again.close()
    assert sorted(str(name) for (name,) in rows_in(store, names)) == fresh
    assert store.missing(PVPC, hours(0, 100)) == []
