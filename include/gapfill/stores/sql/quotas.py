"""The quotas of a SQL store: calls, blocks, and limits that were learned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from gapfill.domain.keys import BatchId
from gapfill.services.ports import Block, Usage
from gapfill.stores.sql.dialect import insert
from gapfill.stores.sql.folding import folded_since
from gapfill.stores.sql.rows import from_epoch, starts
from gapfill.stores.sql.tables import blocks, calls, learned


def record_call(
    connection: sa.Connection, source: str, at: datetime, batch: str, records: int
) -> None:
    """Note a call and its records."""
    line = {"source": source, "at": at.timestamp(), "batch": batch, "records": records}
    connection.execute(sa.insert(calls), line)


def count_calls_of(connection: sa.Connection, run: str) -> int:
    """Count the calls of the batches of a run."""
    return _count(connection, starts(calls.c.batch, BatchId.prefix(run)))


def count_calls_since(connection: sa.Connection, source: str, since: datetime) -> int:
    """Count a source's calls at ``since`` or later."""
    folded = folded_since(connection, source, since, "calls")
    return folded + _count(connection, calls.c.source == source, calls.c.at >= since.timestamp())


def usage_since(
    connection: sa.Connection, since: datetime, *, is_whole: bool = True
) -> dict[str, Usage]:
    """Return the calls at ``since`` or later and their records, by source.

    Args:
        connection: Where they are.
        since: First instant of a call.
        is_whole: Whether the books are of this release: an earlier one counted no records.
    """
    records = sa.func.sum(calls.c.records) if is_whole else sa.literal(0)
    query = (
        sa.select(calls.c.source, sa.func.count(), records)
        .where(calls.c.at >= since.timestamp())
        .group_by(calls.c.source)
    )
    return {name: Usage(n, int(records or 0)) for name, n, records in connection.execute(query)}


def sum_records_since(connection: sa.Connection, source: str, since: datetime) -> int:
    """Count the records of a source's calls at ``since`` or later."""
    query = sa.select(sa.func.sum(calls.c.records)).where(
        calls.c.source == source, calls.c.at >= since.timestamp()
    )
    folded = folded_since(connection, source, since, "records")
    return folded + int(connection.scalar(query) or 0)


def save_limits(
    connection: sa.Connection, subject: str, facts: Mapping[str, float], at: datetime
) -> None:
    """Note facts, in the place of what was known of the same."""
    for name, value in facts.items():
        values = {"subject": subject, "name": name, "value": value, "at": at.timestamp()}
        statement = insert(connection, learned).values(values)
        connection.execute(
            statement.on_conflict_do_update(index_elements=["subject", "name"], set_=values)
        )


def limits_since(connection: sa.Connection, since: datetime) -> dict[str, dict[str, float]]:
    """Return the facts learned at ``since`` or later, by subject and name."""
    facts: dict[str, dict[str, float]] = {}
    query = sa.select(learned).where(learned.c.at >= since.timestamp())
    for line in connection.execute(query):
        facts.setdefault(line.subject, {})[line.name] = line.value
    return facts


def block(connection: sa.Connection, one: Block) -> None:
    """Note a block, where none that lasts longer is noted."""
    values = {"source": one.source, "until": one.until.timestamp(), "reason": one.reason}
    statement = insert(connection, blocks).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=["source"],
        set_=values,
        where=statement.excluded.until > blocks.c.until,
    )
    connection.execute(statement)


def blocks_at(connection: sa.Connection, now: datetime) -> list[Block]:
    """Return the blocks in force, by name of the source."""
    query = sa.select(blocks).where(blocks.c.until > now.timestamp()).order_by(blocks.c.source)
    return [Block(b.source, from_epoch(b.until), b.reason) for b in connection.execute(query)]


def _count(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(calls).where(*where)
    return int(connection.scalar(query) or 0)
