"""Limits of an account at a source, as the source reports them, and their effect on requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from gapfill.domain.product import Product, Source

SPAN = "span_s"
"""Name of the fact that a product was refused a span; its value is the longest span left, in s."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """Limits of an account. ``None``: the source does not report it.

    Attributes:
        calls_minute: Calls a minute.
        calls_day: Calls a day.
        records_minute: Records a minute.
        records_day: Records a day.
        calls_today: Calls counted so far today.
        records_now: Records counted so far in this minute.
        records_today: Records counted so far today.
    """

    calls_minute: int | None = None
    calls_day: int | None = None
    records_minute: int | None = None
    records_day: int | None = None
    calls_today: int = 0
    records_now: int = 0
    records_today: int = 0


def to_facts(allowance: AccountLimits) -> dict[str, float]:
    """Return the known limits as facts, to store them."""
    named = {name: getattr(allowance, name) for name in _LIMITS}
    return {name: float(limit) for name, limit in named.items() if limit is not None}


def from_facts(facts: Mapping[str, float]) -> AccountLimits:
    """Return the limits from stored facts."""
    return AccountLimits(**{name: int(facts[name]) for name in _LIMITS if name in facts})


_LIMITS = ("calls_minute", "calls_day", "records_minute", "records_day")


def narrow_source(source: Source, allowance: AccountLimits) -> Source:
    """Return a source with the rate of the account, if the account has one."""
    return replace(
        source,
        per_minute=allowance.calls_minute or source.per_minute,
        per_day=allowance.calls_day or source.per_day,
        records_per_minute=allowance.records_minute,
    )


def narrow_product(product: Product, allowance: AccountLimits) -> Product:
    """Return a product with a span whose answers fit the account's limit of records.

    The span of a product with requests of whole days stays at least one day.
    """
    limits = [n for n in (allowance.records_minute, allowance.records_day) if n is not None]
    if not product.records or not limits:
        return product
    slots = max(1, min(limits) // product.records)
    span = min(product.span, slots * product.resolution)
    if product.day_zone is not None:
        span = max(_DAY, timedelta(days=span.days))
    return replace(product, span=span)
