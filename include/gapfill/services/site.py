"""Everything a use case works with: the catalogue, the store, the sources and the clock."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gapfill.domain.allowance import SPAN, from_facts, narrow_product, narrow_source
from gapfill.domain.candidate import Candidate
from gapfill.domain.interval import merge
from gapfill.domain.ledger import recent, rule
from gapfill.domain.resolution import DAY
from gapfill.domain.series import Grade
from gapfill.services.tempo import MEMORY, narrow_pace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from gapfill.catalog import Catalog
    from gapfill.domain.interval import Interval
    from gapfill.domain.product import Product, Source
    from gapfill.domain.series import Series, Station
    from gapfill.services.ports import Sources, Store

    Offer = tuple[Source, Product, Station | None]

WANTED = "#wanted"
"""Ends the product's key in ledger lines about wanted fields."""


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
        """Return every product of the series' route as it stands now.

        Raises:
            StoreError: If the ledger, the calls or the blocks cannot be read.
        """
        offered = self.catalog.products_of(series)
        return self._standing(series, offered, "")

    def enrichers(self, series: Series) -> list[Candidate]:
        """Return the products that observe a wanted field, as they stand for enrichments.

        What a source does not have of a wanted field rules it out for that field only, so
        the ledger keeps those answers apart.

        Raises:
            StoreError: As ``candidates``.
        """
        offered = [
            offer
            for offer in self.catalog.products_of(series)
            if offer[1].gives and offer[1].grade >= Grade.OBSERVED
        ]
        return self._standing(series, offered, WANTED)

    def _standing(self, series: Series, offered: Sequence[Offer], suffix: str) -> list[Candidate]:
        entries = self.store.entries(series.name)
        blocks = {block.source: block for block in self.store.blocks(self.now)}
        learned = self.store.learned(self.now - MEMORY)
        found: list[Candidate] = []
        for known_source, known_product, station in offered:
            source, product = narrow(known_source, known_product, learned)
            source = narrow_pace(source, learned, self.sources, self.now)
            key, station_id = product.key + suffix, station.id if station else None
            asked = [e for e in entries if e.product == key and e.station == station_id]
            block = blocks.get(source.name)
            found.append(
                Candidate(
                    source=source,
                    product=product,
                    station=station,
                    obstacle=self._obstacle(series, product, station),
                    blocked_until=block.until if block else None,
                    block_reason=block.reason if block else "",
                    quota_left=self._quota_left(source, product, learned),
                    rulings=rule(asked),
                    recent=tuple(merge(recent(asked, self.now))),
                    held=self._held(product, station),
                )
            )
        return found

    def calls_left(self, source: Source) -> int | None:
        """Return the calls left of a source's daily quota, ``None`` for no quota."""
        if source.per_day is None:
            return None
        return source.per_day - self.store.calls_since(source.name, self.now - DAY)

    def _quota_left(
        self, source: Source, product: Product, learned: Mapping[str, Mapping[str, float]]
    ) -> int | None:
        """Return the calls left of the day, where records are counted too as if each were long."""
        calls = self.calls_left(source)
        limits = [] if calls is None else [calls]
        records_day = learned.get(source.name, {}).get("records_day")
        if records_day and product.records:
            left = int(records_day) - self.store.records_since(source.name, self.now - DAY)
            records = product.records * (product.span // product.resolution)
            limits.append(left // records + source.opening_calls)
        return max(0, min(limits)) if limits else None

    def _held(self, product: Product, station: Station | None) -> tuple[Interval, ...] | None:
        if product.hops or station is None or self.sources.obstacle(product):
            return None
        held = self.sources.held(product, station)
        return None if held is None else tuple(held)

    def _obstacle(self, series: Series, product: Product, station: Station | None) -> str | None:
        if product.by_station and station is None:
            return f"place {series.place.name} has no {product.source} station in the catalogue"
        return self.sources.obstacle(product)


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
    return source, product
