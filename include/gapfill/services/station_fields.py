"""Which fields a station never reports, as its own rows show.

Not every station measures everything, and no list of the API says so. A field that many rows
in a row were without, and none had, is not asked of that station any more. The count starts
anew with the first row that has the field: the station is asked for its other fields anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gapfill.domain.product import Product
    from gapfill.domain.reading import Reading
    from gapfill.domain.series import Series, Station
    from gapfill.services.ports import Store

ROWS = 10
"""Rows without a field after which a station counts as one that never reports it."""

_PREFIX = "rows_without_"


def never_reported(
    product: Product, station: Station | None, learned: Mapping[str, Mapping[str, float]]
) -> frozenset[str]:
    """Return the fields that a station never reports, by what was learned of it."""
    facts = learned.get(_subject(product, station), {})
    return frozenset(
        name.removeprefix(_PREFIX)
        for name, rows in facts.items()
        if name.startswith(_PREFIX) and rows >= ROWS
    )


def learn_fields(
    store: Store,
    series: Series,
    product: Product,
    station: Station | None,
    readings: Sequence[Reading],
    now: datetime,
    since: datetime,
) -> None:
    """Count the rows of one answer that are without a field, and note what changed.

    Args:
        store: Where it is noted.
        series: The series that was asked for.
        product: The product that answered.
        station: The station; nothing is learned of a product that has none.
        readings: The rows of the answer that have any value.
        now: The clock.
        since: What was learned before this is forgotten.

    Raises:
        StoreError: If the store cannot be read or written.
    """
    if station is None or not readings:
        return
    subject = _subject(product, station)
    names = [f.name for f in series.fields if f.required or f.name in product.gives]
    without = {name: sum(name not in reading.values for reading in readings) for name in names}
    known = store.learned(since).get(subject, {})
    facts: dict[str, float] = {}
    for name, rows in without.items():
        before = known.get(_PREFIX + name, 0.0)
        if rows < len(readings):
            if before:
                facts[_PREFIX + name] = 0.0
        elif before < ROWS:
            facts[_PREFIX + name] = min(before + rows, float(ROWS))
    if facts:
        store.learn(subject, facts, now)


def _subject(product: Product, station: Station | None) -> str:
    return f"{product.key}@{station.id}" if station else product.key
