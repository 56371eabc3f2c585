"""What is known of each source now: whether it answers, what it refuses, and what is left.

Everything comes from the store and the set-up; no source is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from gapfill.domain.candidate import Obstacle
from gapfill.domain.formatting import count, short
from gapfill.domain.grid import DAY
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.product import Source
from gapfill.services.key_limits import MEMORY, narrow_rate
from gapfill.services.ports import Block, LedgerQuery, LedgerSnapshot, Usage

if TYPE_CHECKING:
    from gapfill.services.context import RunContext

ANSWERED = (Outcome.FILLED, Outcome.NO_DATA, Outcome.UNPROVEN, Outcome.NOT_YET)
"""Outcomes of a request that the source answered in a usable form."""

FAILING = (Outcome.UNREACHED, Outcome.FAILED)
"""Outcomes of a request without a usable answer."""


class SourceState(StrEnum):
    """What a source does, as far as is known; nothing is assumed of a source not asked lately.

    Attributes:
        UP: It answered the last request of the last 24 hours.
        DOWN: It did not, or its answer could not be used.
        REFUSED: It may not be called now: it refused, or the calls of its day are spent.
        SETUP: It needs a connection or a setting.
        PAUSED: The operator does not want it.
        BROKEN: Its set-up is there and cannot be used.
        NOT_ASKED: It can be asked, and was not in the last 24 hours.
    """

    UP = "up"
    DOWN = "down"
    REFUSED = "refused"
    SETUP = "setup"
    PAUSED = "paused"
    BROKEN = "broken"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class ProductObstacle:
    """Why one product of a source cannot be asked.

    Attributes:
        product: Name of the product within its source.
        needs: Id of the connection, or name of the setting, that would set it up; may be empty.
        reason: The reason; it continues a sentence that begins with the product.
    """

    product: str
    needs: str
    reason: str


@dataclass(frozen=True, slots=True)
class SourceOverview:
    """What is known of one source.

    Attributes:
        source: Catalogue name.
        title: Name for people.
        connection: Id of its Airflow connection.
        state: What it does.
        sentence: The state in a sentence.
        series: Series whose route names it.
        not_set_up: Its products that cannot be asked, with what they need.
        last_answer: When it answered last, within 24 hours; ``None``: not in that time.
        down_since: First of its failures in a row, within 24 hours; ``None``: it does not fail.
        error: Why the last request failed, without secrets; empty if it did not.
        refused_until: When it may be called again; ``None`` if it may be called now.
        refusal: Text of the refusal.
        calls: Calls of the last 24 hours.
        calls_left: Calls left of its quota of 24 hours; ``None``: no such quota.
        records_left: Records left of the account's day; ``None``: no such quota is known.
        per_minute: Calls a minute that Gapfill makes at most; ``None``: it is not an API.
        is_learned: Whether refusals taught a lower rate than the catalogue has.
    """

    source: str
    title: str
    connection: str
    state: SourceState
    sentence: str
    series: tuple[str, ...] = ()
    not_set_up: tuple[ProductObstacle, ...] = ()
    last_answer: datetime | None = None
    down_since: datetime | None = None
    error: str = ""
    refused_until: datetime | None = None
    refusal: str = ""
    calls: int = 0
    calls_left: int | None = None
    records_left: int | None = None
    per_minute: float | None = None
    is_learned: bool = False


def look_at_sources(context: RunContext) -> list[SourceOverview]:
    """Return what is known of every source of the catalogue, in its order.

    Raises:
        StoreError: If the ledger, the calls or the blocks cannot be read.
    """
    books = context.store.ledger_snapshot(LedgerQuery(context.now, context.now - MEMORY))
    used_by: dict[str, list[str]] = {}
    for series in context.catalog.series.values():
        for name in dict.fromkeys(s.name for s, _, _ in context.catalog.products_of(series)):
            used_by.setdefault(name, []).append(series.name)
    return [
        _look(context, source, books, tuple(used_by.get(source.name, ())))
        for source in context.catalog.sources.values()
    ]


def _look(
    context: RunContext, source: Source, books: LedgerSnapshot, series: tuple[str, ...]
) -> SourceOverview:
    obstacles = [(p, o) for p in source.products if (o := context.sources.obstacle(p))]
    is_usable = len(obstacles) < len(source.products)
    day = context.store.answers(source.name, context.now - DAY)
    asked = sorted((e for e in day if e.asked_at <= context.now), key=lambda e: e.asked_at)
    answered = max((e.asked_at for e in asked if e.outcome in ANSWERED), default=None)
    failing = _failing(asked)
    used = books.usage.get(source.name, Usage())
    calls_left, records_left = _left(source, books, used)
    block = _block(books.blocks, source)
    limited = narrow_rate(source, books.limits, context.sources, context.now)
    found = SourceOverview(
        source=source.name,
        title=source.title,
        connection=source.connection,
        state=SourceState.NOT_ASKED,
        sentence="",
        series=series,
        not_set_up=tuple(ProductObstacle(p.name, o.needs, o.sentence) for p, o in obstacles),
        last_answer=answered,
        down_since=failing[0].asked_at if failing else None,
        error=failing[-1].evidence if failing else "",
        refused_until=block.until if block else None,
        refusal=block.reason if block else "",
        calls=used.calls,
        calls_left=calls_left,
        records_left=records_left,
        per_minute=60 / limited.pause_s if any(p.hops for p in source.products) else None,
        is_learned=limited.key_rate is not None,
    )
    obstacle = None if is_usable or not obstacles else obstacles[0][1]
    state = _state(found, obstacle)
    return replace(found, state=state, sentence=_sentence(found, state, obstacle))


def _failing(asked: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Return the failures after the last answer, oldest first."""
    found: list[LedgerEntry] = []
    for entry in asked:
        if entry.outcome in ANSWERED:
            found = []
        elif entry.outcome in FAILING:
            found.append(entry)
    return found


def _block(blocks: Sequence[Block], source: Source) -> Block | None:
    """Return the longest block of the source, ``None`` if only some of its products are blocked."""
    whole = [block for block in blocks if block.source == source.name]
    of_product = {block.source: block for block in blocks}
    if not whole and source.products:
        own = [of_product.get(product.key) for product in source.products]
        whole = [block for block in own if block] if all(own) else []
    return max(whole, key=lambda block: block.until, default=None)


def _left(source: Source, books: LedgerSnapshot, used: Usage) -> tuple[int | None, int | None]:
    """Return the calls and the records that are left of the day."""
    calls = None if source.per_day is None else max(0, source.per_day - used.calls)
    records_day = books.limits.get(source.name, {}).get("records_day")
    records = None if records_day is None else max(0, int(records_day) - used.records)
    return calls, records


def _state(found: SourceOverview, obstacle: Obstacle | None) -> SourceState:
    if obstacle is not None:
        if obstacle.is_broken:
            return SourceState.BROKEN
        return SourceState.SETUP if obstacle.needs else SourceState.PAUSED
    if found.refused_until or 0 in (found.calls_left, found.records_left):
        return SourceState.REFUSED
    if found.down_since:
        return SourceState.DOWN
    return SourceState.UP if found.last_answer else SourceState.NOT_ASKED


def _sentence(found: SourceOverview, state: SourceState, obstacle: Obstacle | None) -> str:
    """Return the state for people; it begins with the title of the source."""
    if obstacle is not None:
        return f"{found.title} {obstacle.sentence}"
    if found.refused_until:
        why = f": {found.refusal.rstrip('.')}" if found.refusal else ""
        return f"{found.title} is not asked until {short(found.refused_until)}{why}"
    if state is SourceState.REFUSED:
        what = "calls" if found.calls_left == 0 else "records"
        return f"{found.title} is not asked: the {what} of its day are spent"
    if found.down_since:
        last = found.last_answer
        before = f"; it answered last at {short(last)}" if last else ""
        why = f": {found.error.rstrip('.')}" if found.error else ""
        return f"{found.title} has failed since {short(found.down_since)}{why}{before}"
    if found.last_answer:
        left = "" if found.calls_left is None else f"; {count(found.calls_left, 'call')} left today"
        return f"{found.title} answered at {short(found.last_answer)}{left}"
    return f"{found.title} was not asked in the last 24 hours"
