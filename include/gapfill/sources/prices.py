"""Shared by REE's two price APIs: requests of whole days, local clocks, and prices in two units.

Both APIs publish a table for each Madrid day, with Madrid's instants, whatever the place. PVPC
applies at the same hour of the place's own clock (``domain.tariff``): the parsers return rows
at Madrid's instants, and ``answer_of`` moves them to the place's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from gapfill.domain.interval import Interval
from gapfill.domain.local_time import day_interval, days_of
from gapfill.domain.tariff import MADRID, localize, to_local, zone_of
from gapfill.errors import ConfigError
from gapfill.sources.json_reader import instant_of
from gapfill.sources.model import Answer, Ask, RawRow, Rejected, assess, check, malformed, number
from gapfill.sources.rows import bad

DIGITS = 2
"""Decimal places of a price in €/MWh."""

_HOUR = timedelta(hours=1)
_MWH, _KWH = "price_eur_mwh", "price_eur_kwh"
_KWH_PER_MWH = 1000


class Days(NamedTuple):
    """The whole days of a request.

    Attributes:
        first: First date.
        last: Last date, included.
        interval: The same as ``[start, end)`` in UTC, on Madrid's clock as in the answer.
    """

    first: date
    last: date
    interval: Interval


def query_bounds(first: date, last: date) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return the query's bounds: local time without offset; both APIs include the end."""
    return ("start_date", f"{first}T00:00"), ("end_date", f"{last}T23:59")


def whole_days(ask: Ask) -> Days:
    """Return the published days with the requested slots, by the clock of the prices."""
    days = days_of(ask.interval, zone_of(ask.series, ask.product))
    return Days(days[0], days[-1], _interval(days, MADRID))


def _interval(days: Sequence[date], zone: str) -> Interval:
    return Interval(day_interval(days[0], zone).start, day_interval(days[-1], zone).end)


def geo_id(ask: Ask) -> str:
    """Return the API's number of the place, a parameter of the series in the catalogue.

    Raises:
        ConfigError: If it is missing.
    """
    if "geo_id" not in ask.series.params:
        raise ConfigError(
            f"Series {ask.series.name} cannot be asked of {ask.product.source}: "
            "add geo_id to its params in the catalogue."
        )
    return ask.series.params["geo_id"]


def price_values(ask: Ask, record: Mapping[str, object]) -> dict[str, object]:
    """Return the price of a row of either API in its fields, see ``in_both_units``."""
    return in_both_units(ask, record.get("value"))


def in_both_units(ask: Ask, given: object) -> dict[str, object]:
    """Return the fields of a price in €/MWh; with the one in €/kWh if the price is valid."""
    values: dict[str, object] = {_MWH: given}
    known = ask.series.field(_MWH)
    price = assess(known, given)[0] if known else None
    if price is not None:
        values[_KWH] = price / _KWH_PER_MWH
    return values


def time_of(record: Mapping[str, object]) -> datetime:
    """Return the time of a row of either API: a text with its offset.

    Raises:
        BadRow: If it is missing or cannot be read.
    """
    instant = instant_of(record.get("datetime"))
    if instant is None:
        raise bad(record, "datetime", "a time with an offset")
    return instant


def same_id(given: object, wanted: str) -> bool:
    """Return whether an id, a number or a text, is the wanted one."""
    if isinstance(given, str):
        return given.strip() == wanted
    return number(given) is not None and number(given) == number(wanted)


def answer_of(
    ask: Ask, rows: Sequence[RawRow], status: int, dropped: Sequence[Rejected] = ()
) -> Answer:
    """Move the rows of a request of whole days to the place's clock, and check them.

    Args:
        ask: The request.
        rows: Readable rows at Madrid's instants.
        status: HTTP status, for the evidence.
        dropped: Unreadable rows, likewise.

    Raises:
        MalformedPayload: If the rows are not of the requested days, not of the series'
            resolution, or of two places at once.
    """
    ask = replace(ask, product=localize(ask.product, ask.series))
    zone = zone_of(ask.series, ask.product)
    days = _interval(days_of(ask.interval, zone), zone)
    moved = [row._replace(instant=to_local(row.instant, zone)) for row in rows]
    _refuse_coarser(ask, moved, days)
    evidence = f"HTTP {status}: {len(rows)} values"
    put_off = [
        one if one.slot is None else replace(one, slot=to_local(one.slot, zone)) for one in dropped
    ]
    return check(ask, moved, days, evidence, dropped=put_off, digits=DIGITS)


def _refuse_coarser(ask: Ask, rows: Sequence[RawRow], allowed: Interval) -> None:
    """Refuse hourly values for a series of quarter-hours: a mean is not the quarter's price.

    Quarter-hours for an hourly series lie off its grid, which ``check`` refuses.
    """
    for stretch, step in ask.series.grid.stretches(allowed):
        instants = [row.instant for row in rows if row.instant in stretch]
        if step < _HOUR and instants and all(instant.minute == 0 for instant in instants):
            raise malformed(ask, f"its rows are an hour apart, those of the series {step}")
