"""The clean-up of a SQL store: old ledger lines and calls become summary rows.

The whole clean-up is one transaction. A kill therefore leaves either all lines or all summary rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from gapfill.domain.keys import ProductKey
from gapfill.domain.ledger import LedgerEntry
from gapfill.domain.ledger_folding import affordable, fold, is_affordable, whole_answers
from gapfill.errors import StoreError
from gapfill.services.ports import Folded
from gapfill.stores.sql.dialect import insert
from gapfill.stores.sql.ledger_rows import lines_of, rows_of, values_of
from gapfill.stores.sql.rows import starts, to_epoch
from gapfill.stores.sql.tables import (
    batch_times,
    calls,
    folded_calls,
    folded_ledger,
    has_folded,
    ledger,
    prepare_folded,
)

DAYS = 100
"""Maximum number of days whose calls are folded at once."""

ROWS = 5000
"""Maximum number of summary rows of one series and source that are folded again with new lines."""

SUBJECTS = 50
"""Maximum number of series and sources of one clean-up."""

_DAY_S = 86_400


class _Day(NamedTuple):
    """The calls of a source in a UTC day, as a row of ``folded_calls``."""

    source: str
    day: int
    calls: int
    records: int


def fold_old(connection: sa.Connection, before: datetime, limit: int, at_least: int) -> Folded:
    """Fold lines and calls, see the port; the caller commits.

    Raises:
        StoreError: If another process folds at the same time, in a database where a transaction
            does not hold the write lock from its start.
    """
    crowded, days = _crowded(connection, before, at_least), _old_days(connection, before)
    if not crowded and not days:
        return Folded()
    prepare_folded(connection)
    lines = 0
    for series, source in crowded[:SUBJECTS]:
        if lines >= limit:
            break
        lines += _fold_one(connection, series, source, before, limit - lines)
    return Folded(lines, _fold_calls(connection, days))


def _crowded(connection: sa.Connection, before: datetime, at_least: int) -> list[tuple[str, str]]:
    """Return each series and source with at least this number of old lines, the most first."""
    count = sa.func.count()
    query = (
        sa.select(ledger.c.series, ledger.c.product, count)
        .where(ledger.c.asked_at < before.timestamp())
        .group_by(ledger.c.series, ledger.c.product)
    )
    found: dict[tuple[str, str], int] = {}
    for series, product, number in connection.execute(query):
        key = series, ProductKey.parse(product).source
        found[key] = found.get(key, 0) + number
    ordered = sorted(found.items(), key=lambda item: -item[1])
    return [key for key, number in ordered if number >= at_least]


def _fold_one(
    connection: sa.Connection, series: str, source: str, before: datetime, limit: int
) -> int:
    def is_its(table: sa.Table) -> sa.ColumnElement[bool]:
        prefix = ProductKey.prefix(source)
        return sa.and_(table.c.series == series, starts(table.c.product, prefix))

    oldest = (
        sa.select(ledger.c.id)
        .where(is_its(ledger), ledger.c.asked_at < before.timestamp())
        .order_by(ledger.c.asked_at, ledger.c.id)
        .limit(limit)
    )
    found = sorted(lines_of(connection, ledger.c.id.in_(oldest)), key=lambda line: line[1].asked_at)
    lines = [line for _, line in found]
    whole = whole_answers(lines) if len(lines) == limit else len(lines)
    rows = rows_of(connection, is_its(folded_ledger)) if _is_few(connection, is_its) else []
    if rows and is_affordable(rows):
        connection.execute(sa.delete(folded_ledger).where(is_its(folded_ledger)))
    else:
        rows = []
    whole = affordable(rows, lines[:whole])
    lines = lines[:whole]
    connection.execute(sa.insert(folded_ledger), [values_of(row) for row in fold([*rows, *lines])])
    _keep_times(connection, lines)
    gone = [{"gone": number} for number, _ in found[:whole]]
    connection.execute(sa.delete(ledger).where(ledger.c.id == sa.bindparam("gone")), gone)
    return whole


def _is_few(connection: sa.Connection, is_its: Any) -> bool:  # noqa: ANN401 - a condition's maker
    rows = sa.select(folded_ledger.c.id).where(is_its(folded_ledger)).limit(ROWS + 1)
    return len(connection.execute(rows).all()) <= ROWS


def _keep_times(connection: sa.Connection, lines: Sequence[LedgerEntry]) -> None:
    """Keep when the batches of lines asked their source."""
    newest: dict[str, float] = {}
    for line in lines:
        newest[line.batch] = max(newest.get(line.batch, 0.0), line.asked_at.timestamp())
    statement = insert(connection, batch_times)
    statement = statement.on_conflict_do_update(
        index_elements=["batch"],
        set_={"asked_at": statement.excluded.asked_at},
        where=statement.excluded.asked_at > batch_times.c.asked_at,
    )
    connection.execute(statement, [{"batch": b, "asked_at": at} for b, at in newest.items()])


def _old_days(connection: sa.Connection, before: datetime) -> list[_Day]:
    """Return the oldest whole UTC days before an instant with calls, a day for each source."""
    oldest = connection.scalar(sa.select(sa.func.min(calls.c.at)))
    if oldest is None:
        return []
    end = min(to_epoch(before) // _DAY_S, int(oldest) // _DAY_S + DAYS) * _DAY_S
    day = (sa.cast(calls.c.at, sa.BigInteger) // _DAY_S).label("day")
    query = (
        sa.select(calls.c.source, day, sa.func.count(), sa.func.sum(calls.c.records))
        .where(calls.c.at < end)
        .group_by(calls.c.source, sa.text("day"))
    )
    return [
        _Day(source, n * _DAY_S, number, int(records or 0))
        for source, n, number, records in connection.execute(query)
    ]


def _fold_calls(connection: sa.Connection, days: Sequence[_Day]) -> int:
    """Fold the calls of days, and return their number."""
    if not days:
        return 0
    statement = insert(connection, folded_calls)
    statement = statement.on_conflict_do_update(
        index_elements=["source", "day"],
        set_={n: folded_calls.c[n] + statement.excluded[n] for n in ("calls", "records")},
    )
    connection.execute(statement, [day._asdict() for day in days])
    end = max(day.day for day in days) + _DAY_S
    gone = connection.execute(sa.delete(calls).where(calls.c.at < end)).rowcount
    if gone != sum(day.calls for day in days):
        message = "Another process folds the calls of the store: the next run tries again."
        raise StoreError(message)
    return gone


def folded_since(connection: sa.Connection, source: str, since: datetime, name: str) -> int:
    """Return the sum of ``calls`` or ``records`` of the folded days of a source from a time on."""
    if not has_folded(connection):
        return 0
    query = sa.select(sa.func.sum(folded_calls.c[name])).where(
        folded_calls.c.source == source, folded_calls.c.day >= since.timestamp()
    )
    return int(connection.scalar(query) or 0)
