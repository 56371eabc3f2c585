"""Removes what an earlier release copied of other programs' values, once a person says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.interval import Interval
from gapfill.services.detect import last_expected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gapfill.domain.flaw import Copies
    from gapfill.domain.series import Series
    from gapfill.services.site import Site


class Tidied(NamedTuple):
    """What tidying one series came to.

    Attributes:
        series: Catalogue name.
        copies: The copies that were there.
        removed: From how many slots they were removed; 0 in a dry run.
    """

    series: str
    copies: Copies
    removed: int


def tidy(site: Site, names: Sequence[Series], batch: str | None) -> list[Tidied]:
    """Find the copies in each series' own points, and remove them.

    Nothing of another program is changed, and nothing that is read: a copy does not count.

    Args:
        site: The installation.
        names: Which series.
        batch: Id of what ``undo`` puts back; ``None`` for a dry run, which writes nothing.

    Raises:
        StoreError: If the store cannot be read or written; doing it again goes on.
    """
    if batch is not None:
        site.store.verify()
    found: list[Tidied] = []
    for series in names:
        window = _window(site, series)
        copies = site.store.copies(series, window)
        removed = site.store.remove_copies(series, window, batch) if batch and copies.slots else 0
        found.append(Tidied(series.name, copies, removed))
    return found


def _window(site: Site, series: Series) -> Interval:
    """Return all slots in which something may have been written."""
    end: datetime = max(last_expected(site, series), series.grid.end_of(series.earliest))
    return Interval(series.earliest, end)
