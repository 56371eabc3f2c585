"""Which fields a station never reports, as its own rows show.

Not every station measures everything, and no list of the API says so. Where all rows of a
long answer are without a field, other stations and sources are asked for it first for half a
day. The first row that has the field, be it a value
that cannot be believed, ends that at once. It is no verdict on any slot.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gapfill.domain.product import Product
    from gapfill.domain.series import Series, Station
    from gapfill.services.ports import QuotaStore
    from gapfill.sources.model import Answer

ROWS = 10
"""Rows of one answer, all without a field, after which a station counts as one without it."""

RECHECK = timedelta(hours=11)
"""How long others are asked for such a field first: then one more answer shows it again, within
the twelve hours for which AEMET keeps an hour."""

_PREFIX = "never_"


def never_reported(
    product: Product,
    station: Station | None,
    learned: Mapping[str, Mapping[str, float]],
    now: datetime,
) -> frozenset[str]:
    """Return the fields that a station never reports, by what was learned of it."""
    facts = learned.get(_subject(product, station), {})
    since = (now - RECHECK).timestamp()
    return frozenset(
        name.removeprefix(_PREFIX)
        for name, at in facts.items()
        if name.startswith(_PREFIX) and at > since
    )


def learn_fields(
    store: QuotaStore,
    series: Series,
    product: Product,
    station: Station | None,
    answer: Answer,
    now: datetime,
    learned: dict[str, dict[str, float]],
) -> None:
    """Note which fields all rows of an answer are without, and which are there after all.

    Args:
        store: Where it is noted.
        series: The series that was asked for.
        product: The product that answered.
        station: The station; nothing is learned of a product that has none.
        answer: What it answered. A value that was not believed is a report all the same: the
            station has the field.
        now: The clock.
        learned: What is known, by subject and name; it is brought up to date.

    Raises:
        StoreError: If the store cannot be written.
    """
    readings = answer.readings
    if station is None or not readings:
        return
    names = told_fields(series, product)
    there = {name for reading in readings for name in reading.values}
    there |= {rejected.field for rejected in answer.rejected}
    without = [name for name in names if name not in there]
    if len(readings) < ROWS:
        without = []
    facts_known = learned.get(_subject(product, station), {})
    since = (now - RECHECK).timestamp()
    facts = {_PREFIX + n: 0.0 for n in names if n in there and facts_known.get(_PREFIX + n)}
    facts |= {
        _PREFIX + n: now.timestamp() for n in without if facts_known.get(_PREFIX + n, 0.0) <= since
    }
    if facts:
        store.save_limits(_subject(product, station), facts, now)
        learned.setdefault(_subject(product, station), {}).update(facts)


def told_fields(series: Series, product: Product) -> list[str]:
    """Return the fields that a row of a product tells of: there, or not there."""
    return [f.name for f in series.fields if f.required or f.name in product.gives]


def _subject(product: Product, station: Station | None) -> str:
    return f"{product.key}@{station.id}" if station else product.key
