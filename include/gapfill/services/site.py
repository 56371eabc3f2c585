"""Everything a use case works with: the catalogue, the store, the sources and the clock."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gapfill.domain.allowance import SPAN, from_facts, narrow_product, narrow_source
from gapfill.domain.candidate import Candidate, Obstacle, Unusable
from gapfill.domain.ledger import ANY_WANTED, UNREACHED, as_read, key_refused, recent, rule, without
from gapfill.domain.resolution import DAY
from gapfill.domain.series import Grade
from gapfill.domain.subscription import is_of_key, with_quota_of
from gapfill.services.ports import Inquiry, Usage
from gapfill.services.refusals import block_of
from gapfill.services.station_fields import never_reported
from gapfill.services.tempo import MEMORY, narrow_pace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from gapfill.catalog import Catalog
    from gapfill.domain.interval import Interval
    from gapfill.domain.ledger import Entry
    from gapfill.domain.product import Product, Source
    from gapfill.domain.series import Series, Station
    from gapfill.services.ports import Sources, Store


@dataclass(frozen=True, slots=True)
class Site:
    """One installation at one instant.

    Attributes:
        catalog: Its series and sources.
        store: Where readings live.
        sources: The APIs as they are set up here.
        now: The clock, read once.
        sleep: Waits so many seconds of real time.
        monotonic: Real seconds, for pauses between calls.
        started: What it said when the clock was read.
    """

    catalog: Catalog
    store: Store
    sources: Sources
    now: datetime
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    started: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keep when the clock was read."""
        object.__setattr__(self, "started", self.monotonic())

    def moment(self) -> datetime:
        """Return this moment, which may be long after ``now``."""
        return self.now + timedelta(seconds=self.monotonic() - self.started)

    def in_seconds(self, seconds: float) -> datetime:
        """Return the instant so many seconds from this moment, which may be long after ``now``.

        It is a whole second, never too early.
        """
        return self.now + timedelta(seconds=math.ceil(self.monotonic() - self.started + seconds))

    def candidates(self, series: Series) -> list[Candidate]:
        """Return every product of the series' route in its present state.

        Raises:
            StoreError: If the ledger, the calls or the blocks cannot be read.
        """
        books = self.store.books(Inquiry(self.now, self.now - MEMORY, series))
        entries = [as_read(entry) for entry in books.entries]
        blocks, learned = books.blocks, books.learned
        found: list[Candidate] = []
        for known_source, known_product, station in self.catalog.products_of(series):
            if not is_of_key(known_source, known_product, learned.get(known_source.name, {})):
                continue
            source, product = narrow(known_source, known_product, learned)
            source = narrow_pace(source, learned, self.sources, self.now)
            station_id = station.id if station else None
            asked = [e for e in entries if e.product == product.key and e.station == station_id]
            named = {e.field for e in asked if e.field is not None}
            fields = product.gives if ANY_WANTED in named else ()
            by_field = {
                name: [e for e in asked if e.field in (None, name) or _is_any(e, product, name)]
                for name in (named | set(fields)) - {ANY_WANTED}
            }
            plain = [e for e in asked if e.field is None]
            proves = product.grade >= Grade.OBSERVED
            block = block_of(blocks, product)
            found.append(
                Candidate(
                    source=source,
                    product=product,
                    station=station,
                    obstacle=self._obstacle(series, product, station),
                    blocked_until=block.until if block else None,
                    block_reason=block.reason if block else "",
                    quota_left=_quota_left(
                        source, product, learned, books.usage.get(source.name, Usage())
                    ),
                    rulings=rule(plain, proves=proves),
                    field_rulings={
                        name: rule(lines, proves=proves) for name, lines in by_field.items()
                    },
                    recent=tuple(recent(plain, self.now)),
                    field_recent={
                        name: tuple(recent(lines, self.now)) for name, lines in by_field.items()
                    },
                    unreached=tuple(recent(plain, self.now, UNREACHED)),
                    key_refused=tuple(key_refused(plain, self.now)),
                    without={n: tuple(without(lines, n)) for n, lines in by_field.items()},
                    never=never_reported(product, station, learned, self.now),
                    held=self._held(product, station),
                    unusable=self._unusable(product, station),
                    refused=tuple(books.refused),
                )
            )
        return found

    def calls_left(self, source: Source) -> int | None:
        """Return the calls left of a source's daily quota, ``None`` for no quota."""
        if source.per_day is None:
            return None
        return source.per_day - self.store.calls_since(source.name, self.now - DAY)

    def _held(self, product: Product, station: Station | None) -> tuple[Interval, ...] | None:
        if product.hops or station is None or self.sources.obstacle(product):
            return None
        held = self.sources.held(product, station)
        return None if held is None else tuple(held)

    def _unusable(self, product: Product, station: Station | None) -> tuple[Unusable, ...]:
        if product.hops or station is None or self.sources.obstacle(product):
            return ()
        return tuple(self.sources.unusable(product, station))

    def _obstacle(
        self, series: Series, product: Product, station: Station | None
    ) -> Obstacle | None:
        if product.by_station and station is None:
            return Obstacle(
                f"place {series.place.name} has no {product.source} station in the catalogue"
            )
        return self.sources.obstacle(product)


def _quota_left(
    source: Source, product: Product, learned: Mapping[str, Mapping[str, float]], used: Usage
) -> int | None:
    """Return the calls left of the day, where records are counted too as if each were long."""
    limits = [] if source.per_day is None else [source.per_day - used.calls]
    records_day = learned.get(source.name, {}).get("records_day")
    if records_day and product.records:
        left = int(records_day) - used.records
        records = product.records * (product.span // product.resolution)
        limits.append(left // records + source.opening_calls)
    return max(0, min(limits)) if limits else None


def _is_any(entry: Entry, product: Product, name: str) -> bool:
    return entry.field == ANY_WANTED and name in product.gives


def narrow(
    source: Source, product: Product, learned: Mapping[str, Mapping[str, float]]
) -> tuple[Source, Product]:
    """Return a source and its product within what was learned of the account and the spans."""
    facts = learned.get(source.name)
    if facts:
        allowance = from_facts(facts)
        source, product = narrow_source(source, allowance), narrow_product(product, allowance)
    span = learned.get(product.key, {}).get(SPAN)
    if span:
        product = replace(product, span=min(product.span, timedelta(seconds=span)))
    return with_quota_of(source, product), product
