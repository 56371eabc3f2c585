"""The true prices of a series, for comparing with a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill_sandbox import world
from gapfill_sandbox.api import Truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime


def price_truth(indicator: int, geo: int) -> Truth:
    """Return the true prices of an indicator, of one place unless the query names ``geo``."""

    def rows(
        query: Mapping[str, str], start: datetime, end: datetime
    ) -> Iterable[tuple[datetime, Sequence[float]]]:
        place = int(query.get("geo", geo))
        for slot in world.slots_in(start, end, indicator):
            yield slot, (world.price(place, slot, indicator),)

    return Truth(("price_eur_mwh",), rows)
