"""Finds prices that an earlier release wrote an hour early, and names the command to refresh them.

An earlier release stored prices of the Canary Islands at Madrid's instants. Their source is the
plain name of the API; now the source also names the electric system (``domain.tariff.origin``).
Nothing changes until a person runs the command.
"""

from __future__ import annotations

from gapfill.domain.formatting import count
from gapfill.domain.interval import Interval, iso
from gapfill.domain.series import Series
from gapfill.domain.tariff import has_own_clock, is_pvpc
from gapfill.services.context import RunContext


def shifted(context: RunContext, series: Series, window: Interval) -> tuple[str, ...]:
    """Return a sentence if slots of the window have the price of another hour.

    The store is read only for a series whose place has another clock than Madrid. The rows found
    are read again, because another, newer point of the same slot may count.

    Args:
        context: The installation.
        series: The series.
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
        f"{series.name}: {many} written by an earlier release, which used the clock of Madrid "
        f"instead of {series.place.zone}: each price is stored an hour early. Refresh them: "
        f"python -m gapfill heal --series {series.name} --start {start} --end {end} --refresh"
    )
    return (message,)
