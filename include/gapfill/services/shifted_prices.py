"""Finds prices that an earlier release wrote an hour early, and says how to refresh them.

Until prices followed the local clock of their place, those of the Canary Islands were stored at
Madrid's instants. Their source is the plain name of the API; since then it names the electric
system too (``domain.tariff.origin``). Nothing is changed before somebody asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.domain.formatting import count
from gapfill.domain.interval import iso
from gapfill.domain.tariff import has_own_clock, is_pvpc

if TYPE_CHECKING:
    from gapfill.domain.interval import Interval
    from gapfill.domain.series import Series
    from gapfill.services.context import RunContext


def shifted(context: RunContext, series: Series, window: Interval) -> tuple[str, ...]:
    """Return a sentence where slots of the window hold the price of another hour.

    The store is asked only for a series whose place has another clock than Madrid. The rows
    that it names are read again, as among several points of a slot the one that counts may
    be newer.

    Args:
        context: The installation.
        series: Whose slots.
        window: ``[start, end)`` of whole slots.

    Raises:
        StoreError: If the store cannot be read.
    """
    if not has_own_clock(series):
        return ()
    products = [product for _, product, _ in context.catalog.products_of(series)]
    names = tuple(dict.fromkeys(p.source for p in products if is_pvpc(p.params)))
    slots = [
        row.slot
        for run in (context.store.of_source(series, names, window) if names else ())
        for row in context.store.read(series, run)
        if row.source in names
    ]
    if not slots:
        return ()
    many = count(len(slots), "slot", "was", "were")
    start, end = iso(slots[0]), iso(series.grid.end_of(slots[-1]))
    message = (
        f"{series.name}: {many} written by an earlier release, which took the clock of Madrid for "
        f"that of {series.place.zone}: each price stands an hour early. Refresh them: "
        f"python -m gapfill heal --series {series.name} --start {start} --end {end} --refresh"
    )
    return (message,)
