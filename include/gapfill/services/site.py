"""Everything a use case works with: the catalogue, the store, the sources and the clock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gapfill.domain.candidate import Candidate
from gapfill.domain.interval import merge
from gapfill.domain.ledger import recent, rule
from gapfill.domain.resolution import DAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from gapfill.catalog import Catalog
    from gapfill.domain.product import Product, Source
    from gapfill.domain.series import Series, Station
    from gapfill.services.ports import Block, Sources, Store


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
    """

    catalog: Catalog
    store: Store
    sources: Sources
    now: datetime
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def candidates(self, series: Series) -> list[Candidate]:
        """Return every product of the series' route as it stands now.

        Raises:
            StoreError: If the ledger, the calls or the blocks cannot be read.
        """
        entries = self.store.entries(series.name)
        blocks = {block.source: block for block in self.store.blocks(self.now)}
        found: list[Candidate] = []
        for source, product, station in self.catalog.products_of(series):
            asked = [
                e
                for e in entries
                if e.product == product.key and e.station == (station.id if station else None)
            ]
            found.append(
                Candidate(
                    source=source,
                    product=product,
                    station=station,
                    obstacle=self._obstacle(series, product, station),
                    blocked_until=_until(blocks.get(source.name)),
                    block_reason=blocks[source.name].reason if source.name in blocks else "",
                    quota_left=self.quota_left(source),
                    rulings=rule(asked),
                    recent=tuple(merge(recent(asked, self.now))),
                )
            )
        return found

    def quota_left(self, source: Source) -> int | None:
        """Return the calls left of a source's daily quota, ``None`` for no quota."""
        if source.per_day is None:
            return None
        return max(0, source.per_day - self.store.calls_since(source.name, self.now - DAY))

    def _obstacle(self, series: Series, product: Product, station: Station | None) -> str | None:
        if product.by_station and station is None:
            return f"place {series.place.name} has no {product.source} station in the catalogue"
        return self.sources.obstacle(product)


def _until(block: Block | None) -> datetime | None:
    return block.until if block else None
