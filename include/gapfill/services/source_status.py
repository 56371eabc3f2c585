"""Status of the sources at one moment, read once for all series of a phase.

A phase is a detection, a plan, or the incident rules of a run. Each phase reads its own status, and
so includes the results of earlier fills and blocks by other processes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gapfill.domain.account_limits import SPAN, from_facts, narrow_product, narrow_source
from gapfill.domain.candidate import Candidate, Obstacle, RefusedRuns, Unusable
from gapfill.domain.grid import DAY
from gapfill.domain.interval import Interval, coarse, merge
from gapfill.domain.ledger import (
    ANY_WANTED,
    JUST_NOW,
    UNREACHED,
    LedgerEntry,
    Outcome,
    exclusions_from,
    key_refused,
    recent,
    without,
)
from gapfill.domain.product import Product, Source
from gapfill.domain.run_lookup import RunLookup
from gapfill.domain.series import Grade, Series, Station
from gapfill.domain.subscription import is_of_key, with_quota_of
from gapfill.services.key_limits import MEMORY, narrow_rate
from gapfill.services.ports import Block, LedgerQuery, LedgerSnapshot, Sources, Usage
from gapfill.services.source_availability import block_of
from gapfill.services.station_fields import never_reported

if TYPE_CHECKING:
    from gapfill.services.context import RunContext

BESIDE = timedelta(days=2)
"""The ledger is read for so much more on both sides: a slot can begin before a window."""

WINDOWS = 4
"""Maximum number of windows whose ledger is read: near ones are joined."""

TOGETHER = 250
"""Number of series whose ledgers are read at once and held in memory."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The status of the sources at one moment.

    Attributes:
        now: The clock.
        blocks: The blocks in force.
        learned: Learned facts of the sources, by subject and name.
        usage: Calls and records of the last 24 hours, by source; one without calls is absent.
        by_series: By series name, every product of its route in its state at that moment.
    """

    now: datetime
    blocks: Sequence[Block]
    learned: Mapping[str, Mapping[str, float]]
    usage: Mapping[str, Usage]
    by_series: Mapping[str, Sequence[Candidate]]

    def candidates(self, series: Series) -> Sequence[Candidate]:
        """Return every product of the route of a series; the status must include the series."""
        return self.by_series[series.name]

    def calls_left(self, source: Source) -> int | None:
        """Return the calls left of a source's daily quota, ``None`` for no quota."""
        if source.per_day is None:
            return None
        return source.per_day - self.usage.get(source.name, Usage()).calls


def read_status(
    context: RunContext, series: Sequence[Series], slots: Sequence[Interval] | None = None
) -> SourceStatus:
    """Read the status of the sources.

    Args:
        context: The installation.
        series: The series whose candidates are wanted.
        slots: Slots for which the candidates must be right, as sorted, disjoint intervals;
            ``None``: all slots.

    Raises:
        StoreError: If the ledger, the calls or the blocks cannot be read.
    """
    by_series: dict[str, Sequence[Candidate]] = {}
    query = LedgerQuery(context.now, context.now - MEMORY)
    if slots is not None:
        wide = merge(Interval(one.start - BESIDE, one.end + BESIDE) for one in slots)
        query = replace(query, windows=tuple(coarse(wide, WINDOWS)), is_ledger=bool(wide))
    books = _read(context, series[:TOGETHER], by_series, query)
    for n in range(TOGETHER, len(series), TOGETHER):
        _read(context, series[n : n + TOGETHER], by_series, query)
    return SourceStatus(context.now, books.blocks, books.limits, books.usage, by_series)


def _read(
    context: RunContext,
    group: Sequence[Series],
    by_series: dict[str, Sequence[Candidate]],
    query: LedgerQuery,
) -> LedgerSnapshot:
    """Read the books for some series, and add the candidates of each.

    Series of one place and route share their candidates, unless the ledger has lines of one.
    """
    books = context.store.ledger_snapshot(replace(query, series=tuple(group)))
    alike: dict[object, list[Candidate]] = {}
    for one in group:
        if books.entries.get(one.name) or books.refused.get(one.name):
            by_series[one.name] = _candidates(context, one, books)
            continue
        key = id(one.route), id(one.grid), id(one.place), one.quantity, one.params.get("geo_id")
        if key not in alike:
            alike[key] = _candidates(context, one, books)
        by_series[one.name] = alike[key]
    return books


def _candidates(context: RunContext, series: Series, books: LedgerSnapshot) -> list[Candidate]:
    """Return every product of a series' route in the state that the books give it."""
    learned = books.limits
    refused = RefusedRuns(books.refused.get(series.name, ()))
    entries: dict[tuple[str, str | None], list[LedgerEntry]] = {}
    for entry in books.entries.get(series.name, ()):
        entries.setdefault((entry.product, entry.station), []).append(entry)
    found: list[Candidate] = []
    for known_source, known_product, station in context.catalog.products_of(series):
        if not is_of_key(known_source, known_product, learned.get(known_source.name, {})):
            continue
        source, product = narrow(known_source, known_product, learned)
        source = narrow_rate(source, learned, context.sources, context.now)
        block = block_of(books.blocks, product)
        used = books.usage.get(source.name, Usage())
        candidate = Candidate(
            source=source,
            product=product,
            station=station,
            obstacle=_obstacle(context.sources, series, product, station),
            blocked_until=block.until if block else None,
            block_reason=block.reason if block else "",
            quota_left=_quota_left(source, product, learned, used),
            never=never_reported(product, station, learned, context.now),
            held=_held(context.sources, product, station),
            unusable=RunLookup(_unusable(context.sources, product, station)),
            refused=refused,
        )
        asked = entries.get((product.key, station.id if station else None))
        found.append(_with_ledger(candidate, asked, context.now) if asked else candidate)
    return found


def _with_ledger(candidate: Candidate, asked: Sequence[LedgerEntry], now: datetime) -> Candidate:
    """Return a candidate with the state from its lines of the ledger."""
    product = candidate.product
    named = {e.field for e in asked if e.field is not None}
    fields = product.gives if ANY_WANTED in named else ()
    by_field = {
        name: [e for e in asked if e.field in (None, name) or _is_any(e, product, name)]
        for name in (named | set(fields)) - {ANY_WANTED}
    }
    plain = [e for e in asked if e.field is None]
    proves = product.grade >= Grade.OBSERVED
    return replace(
        candidate,
        rulings=exclusions_from(plain, proves=proves),
        field_rulings={
            name: exclusions_from(lines, proves=proves) for name, lines in by_field.items()
        },
        recent=tuple(recent(plain, now)),
        field_recent={name: tuple(recent(lines, now)) for name, lines in by_field.items()},
        just_now=tuple(recent(asked, now, within=JUST_NOW)),
        in_vain=tuple(recent(plain, now, within=DAY)),
        silent=tuple(recent(plain, now, (Outcome.NOT_YET,), within=DAY)),
        unreached=tuple(recent(plain, now, UNREACHED)),
        key_refused=tuple(key_refused(plain, now)),
        without={name: tuple(without(lines, name)) for name, lines in by_field.items()},
    )


def narrow(
    source: Source, product: Product, learned: Mapping[str, Mapping[str, float]]
) -> tuple[Source, Product]:
    """Return a source and its product within the learned limits of the account and the spans."""
    facts = learned.get(source.name)
    if facts:
        allowance = from_facts(facts)
        source, product = narrow_source(source, allowance), narrow_product(product, allowance)
    span = learned.get(product.key, {}).get(SPAN)
    if span:
        product = replace(product, span=min(product.span, timedelta(seconds=span)))
    return with_quota_of(source, product), product


def _quota_left(
    source: Source, product: Product, learned: Mapping[str, Mapping[str, float]], used: Usage
) -> int | None:
    """Return the calls left of the day; for a quota of records, as if each call were long."""
    limits = [] if source.per_day is None else [source.per_day - used.calls]
    records_day = learned.get(source.name, {}).get("records_day")
    if records_day and product.records:
        left = int(records_day) - used.records
        records = product.records * (product.span // product.resolution)
        limits.append(left // records + source.opening_calls)
    return max(0, min(limits)) if limits else None


def _is_any(entry: LedgerEntry, product: Product, name: str) -> bool:
    return entry.field == ANY_WANTED and name in product.gives


def _held(
    sources: Sources, product: Product, station: Station | None
) -> tuple[Interval, ...] | None:
    if product.hops or station is None or sources.obstacle(product):
        return None
    held = sources.available_intervals(product, station)
    return None if held is None else tuple(held)


def _unusable(sources: Sources, product: Product, station: Station | None) -> tuple[Unusable, ...]:
    if product.hops or station is None or sources.obstacle(product):
        return ()
    return tuple(sources.unusable(product, station))


def _obstacle(
    sources: Sources, series: Series, product: Product, station: Station | None
) -> Obstacle | None:
    if product.by_station and station is None:
        return Obstacle(
            f"place {series.place.name} has no {product.source} station in the catalogue"
        )
    return sources.obstacle(product)
