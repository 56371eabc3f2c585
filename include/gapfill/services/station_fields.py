"""Fields that a station never reports, as its own rows show.

Not every station measures everything, and the API has no list of the fields. If a field is missing
from all rows of a long answer, other stations and sources are asked for it first for half a day.
The first row with the field, even with a value that cannot be believed, ends that at once. It
never marks a slot as "no data".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from gapfill.domain.product import Product
from gapfill.domain.series import Series, Station
from gapfill.services.ports import QuotaStore
from gapfill.sources.model import Answer, Ask

ROWS = 10
"""Number of rows without a field in one answer after which the station counts as without it."""

RECHECK = timedelta(hours=11)
"""How long other sources are asked for such a field first. After that one more answer shows it
again, within the twelve hours for which AEMET keeps an hour."""

_PREFIX = "never_"


def never_reported(
    product: Product,
    station: Station | None,
    learned: Mapping[str, Mapping[str, float]],
    now: datetime,
) -> frozenset[str]:
    """Return the fields that a station never reports, from learned facts."""
    facts = learned.get(_subject(product, station), {})
    since = (now - RECHECK).timestamp()
    return frozenset(
        name.removeprefix(_PREFIX)
        for name, at in facts.items()
        if name.startswith(_PREFIX) and at > since
    )


def learn_fields(
    store: QuotaStore,
    ask: Ask,
    answer: Answer,
    learned: dict[str, dict[str, float]],
) -> None:
    """Store which fields are missing from all rows of an answer, and which are present again.

    Args:
        store: The store of the facts.
        ask: The request; nothing is learned for a product without stations.
        answer: The answer. A value that was not believed counts as reported: the station has the
            field.
        learned: Known facts, by subject and name; updated.

    Raises:
        StoreError: If the store cannot be written.
    """
    readings = answer.readings
    if ask.station is None or not readings:
        return
    names = told_fields(ask.series, ask.product)
    subject = _subject(ask.product, ask.station)
    there = {name for reading in readings for name in reading.values}
    there |= {rejected.field for rejected in answer.rejected}
    without = [name for name in names if name not in there]
    if len(readings) < ROWS:
        without = []
    facts_known = learned.get(subject, {})
    since = (ask.now - RECHECK).timestamp()
    facts = {_PREFIX + n: 0.0 for n in names if n in there and facts_known.get(_PREFIX + n)}
    facts |= {
        _PREFIX + n: ask.now.timestamp()
        for n in without
        if facts_known.get(_PREFIX + n, 0.0) <= since
    }
    if facts:
        store.save_limits(subject, facts, ask.now)
        learned.setdefault(subject, {}).update(facts)


def told_fields(series: Series, product: Product) -> list[str]:
    """Return the fields that a row of a product can have, so that an absent one is known."""
    return [f.name for f in series.fields if f.required or f.name in product.gives]


def _subject(product: Product, station: Station | None) -> str:
    return f"{product.key}@{station.id}" if station else product.key
