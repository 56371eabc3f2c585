"""The books of one moment, read in one request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.domain.resolution import DAY
from gapfill.services.ports import Books, Usage
from gapfill.stores import influxdb_books as books
from gapfill.stores import influxdb_refused as refused
from gapfill.stores import influxdb_text as text

if TYPE_CHECKING:
    from datetime import datetime

    from gapfill.services.ports import Inquiry
    from gapfill.stores.influxdb_server import Server


def read_books(server: Server, inquiry: Inquiry) -> Books:
    """Return what the books say, all of it asked at once."""
    statements = [
        books.blocks_question(inquiry.now),
        books.learned_question(inquiry.since),
        _usage(inquiry.now - DAY),
    ]
    if inquiry.series:
        statements += [refused.question(inquiry.series)]
    if inquiry.series and inquiry.is_ledger:
        statements += [books.ledger_question(f'"series" = {text.value(inquiry.series.name)}')]
    if inquiry.run:
        statements += [books.outcomes_question(inquiry.run, inquiry.source)]
    answers = iter(server.ask(statements, "ns"))
    blocks, learned, usage = next(answers), next(answers), next(answers)
    told = next(answers) if inquiry.series else []
    is_asked = inquiry.series and inquiry.is_ledger
    return Books(
        blocks=books.blocks_from(blocks),
        learned=books.learned_from(learned),
        usage={
            table.tags["source"]: Usage(int(row["calls"]), int(row["records"] or 0))
            for table in usage
            for row in table.dicts()
        },
        entries=books.entries_from(next(answers)) if is_asked else [],
        outcomes=books.outcomes_from(next(answers), inquiry.run) if inquiry.run else [],
        refused=refused.standing(server, inquiry.series, told) if inquiry.series else [],
    )


def _usage(since: datetime) -> str:
    what = 'count("records") AS calls, sum("records") AS records'
    return text.select(what, books.CALLS, books.since_condition(since), by='"source"')
