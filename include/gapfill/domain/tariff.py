"""PVPC follows the local clock of the place: the price that is published for 10:00 holds at 10:00.

REE publishes one table of prices for each day of Madrid. In the Canary Islands, whose clock is
an hour behind, the row of 10:00 is the price of 10:00 there, an hour later in UTC. Both clocks
change at the same instant, so that their days have the same number of hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from gapfill.domain.local_time import AtClock, Rule, day_start, local_date
from gapfill.domain.product import Product
from gapfill.domain.series import Series

MADRID = "Europe/Madrid"
"""Time zone of everything that REE publishes, for every place."""

_CANARY, _CEUTA = "Atlantic/Canary", "Africa/Ceuta"


class System(NamedTuple):
    """An electric system, for which REE publishes PVPC.

    Attributes:
        name: For people.
        zones: IANA time zones of its places, the recommended one first.
    """

    name: str
    zones: tuple[str, ...]


SYSTEMS: Mapping[str, System] = {
    "8741": System("Península", (MADRID,)),
    "8742": System("Canarias", (_CANARY,)),
    "8743": System("Baleares", (MADRID,)),
    "8744": System("Ceuta", (MADRID, _CEUTA)),
    "8745": System("Melilla", (MADRID, _CEUTA)),
}
"""The electric systems by ``geo_id``."""

_INDICATOR, _ARCHIVE = "1001", "70"


def is_pvpc(params: Mapping[str, str]) -> bool:
    """Return whether a product with these params is PVPC: indicator 1001 or archive 70.

    A product of REE without an ``indicator`` is asked for 1001.
    """
    is_indicator = params.get("indicator", _INDICATOR) == _INDICATOR
    return is_indicator and params.get("archive", _ARCHIVE) == _ARCHIVE


def zone_of(series: Series, product: Product) -> str:
    """Return the time zone of the hours and days of a price product's rows for a series.

    That is the zone of the place for PVPC, and Madrid's for other prices, such as the market price.
    """
    is_tariff = is_pvpc(product.params) and series.params.get("geo_id") in SYSTEMS
    return series.place.zone if is_tariff else MADRID


def has_own_clock(series: Series) -> bool:
    """Return whether the clock of a PVPC series' place differs from Madrid's."""
    is_tariff = series.params.get("geo_id") in SYSTEMS
    return is_tariff and series.place.zone not in {MADRID, _CEUTA}


def origin(series: Series, product: Product) -> str:
    """Return the source that a product's readings of a series name, without a station.

    For a clock other than Madrid's it is ``ree/8742``: earlier releases, which ignored that
    clock, wrote ``ree``, and each price an hour early.
    """
    if is_pvpc(product.params) and has_own_clock(series):
        return f"{product.source}/{series.params['geo_id']}"
    return product.source


def localize(product: Product, series: Series) -> Product:
    """Return a product as it serves a series: its days are those of the place's clock.

    The time of publication does not change: the prices of the local day D are published on the
    evening of D−1 in Madrid.
    """
    before, zone = product.day_zone, zone_of(series, product)
    if before is None or before == zone or not has_own_clock(series):
        return product
    return replace(
        product,
        day_zone=zone,
        since=day_start(local_date(product.since, before), zone),
        available=of_days_in(zone, product.available),
        grace=of_days_in(zone, product.grace),
    )


def of_days_in(zone: str, rule: Rule) -> Rule:
    """Return a rule for the days of a zone, at the same clock time."""
    return replace(rule, day_zone=zone) if isinstance(rule, AtClock) else rule


def to_local(instant: datetime, zone: str) -> datetime:
    """Return the instant at which a zone's clock shows the Madrid time of a published row.

    Rows are counted from the start of their day: on an autumn day with 25 rows, row n is hour n in
    both zones.
    """
    if zone == MADRID:
        return instant
    day = local_date(instant, MADRID)
    return instant + (day_start(day, zone) - day_start(day, MADRID))
