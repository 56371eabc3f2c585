"""The tables that every SQL store has, as another database than SQLite gets them."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest
import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from gapfill.stores.sql.dialect import insert
from gapfill.stores.sql.rows import from_epoch, to_epoch
from gapfill.stores.sql.tables import blocks, ledger, replaced

SQLITE, POSTGRESQL = (
    sa.make_url(f"{kind}://").get_dialect()() for kind in ("sqlite", "postgresql")
)


@pytest.mark.parametrize("dialect,integer", [(SQLITE, "INTEGER"), (POSTGRESQL, "BIGINT")])
def test_seconds_are_stored_beyond_2038(dialect: sa.Dialect, integer: str) -> None:
    """PostgreSQL's INTEGER ends there, SQLite's does not."""
    assert f"slot {integer} NOT NULL" in str(CreateTable(replaced).compile(dialect=dialect))
    assert f'"end" {integer} NOT NULL' in str(CreateTable(ledger).compile(dialect=dialect))
    assert to_epoch(from_epoch(2**31)) == to_epoch(datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC))


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL])
def test_a_conflict_is_the_dialects_own(dialect: sa.Dialect) -> None:
    """The statement comes from the database that the connection is to."""
    connection = cast("sa.Connection", SimpleNamespace(dialect=dialect))
    statement = insert(connection, blocks).values(source="ree").on_conflict_do_nothing()
    said = str(statement.compile(dialect=dialect))
    assert said.startswith("INSERT INTO gapfill_blocks (source) VALUES (")
    assert said.endswith("ON CONFLICT DO NOTHING")
