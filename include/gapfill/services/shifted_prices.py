"""Finds prices that an earlier release wrote an hour early, and names the command to refresh them.

An earlier release stored prices of the Canary Islands at Madrid's instants. Their source is the
plain name of the API; now the source also names the electric system (``domain.tariff.origin``).
Nothing changes until a person runs the command.
"""

from __future__ import annotations

from collections.abc import Sequence

from gapfill.domain.formatting import count
from gapfill.domain.interval import Interval, iso
from gapfill.domain.series import Series
from gapfill.domain.tariff import has_own_clock, is_pvpc
from gapfill.errors import StoreError
from gapfill.services.context import RunContext
from gapfill.services.each_series import ask_each, good
from gapfill.services.ports import Each, SeriesSources, SeriesWindow


def shifted(context: RunContext, windows: Sequence[SeriesWindow]) -> Each[tuple[str, ...]]:
    """Return a sentence for each series with prices of another hour in its window.

    The store is read only for series whose place has another clock than Madrid; others have no
    answer. The rows found are read again, because another, newer point of the same slot may count.
    """
    asked = [
        SeriesSources(series, names, window)
        for series, window in windows
        if has_own_clock(series) and (names := _plain_names(context, series))
    ]
    if not asked:
        return {}
    errors: dict[str, StoreError] = {}
    runs = good(ask_each(context.store.of_source_each, asked), errors)
    found: dict[str, tuple[str, ...] | StoreError] = {**errors}
    for series, sources, _ in asked:
        if runs.get(series.name):
            try:
                found[series.name] = _sentences(context, series, sources, runs[series.name])
            except StoreError as exc:
                found[series.name] = exc
    return found


def _plain_names(context: RunContext, series: Series) -> tuple[str, ...]:
    products = [product for _, product, _ in context.catalog.products_of(series)]
    return tuple(dict.fromkeys(p.source for p in products if is_pvpc(p.params)))


def _sentences(
    context: RunContext, series: Series, names: Sequence[str], runs: Sequence[Interval]
) -> tuple[str, ...]:
    """Return the sentence about a series whose points of some sources are in these runs.

    Raises:
        StoreError: If the store cannot be read.
    """
    slots = [row.slot for row in context.store.read(series, *runs) if row.source in names]
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
