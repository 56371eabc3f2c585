"""What a source offers: the facts of each product, one record each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gapfill.domain.civil import days_of
from gapfill.domain.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from gapfill.domain.civil import Rule
    from gapfill.domain.series import Grade


@dataclass(frozen=True, slots=True)
class Source:
    """An external API.

    Attributes:
        name: Catalogue name.
        title: Name for people.
        connection: Id of its Airflow connection.
        host: Public root URL.
        per_minute: Ceiling of calls a minute.
        per_day: Ceiling of calls in 24 hours; ``None`` for none.
        products: Its products, preferred first.
    """

    name: str
    title: str
    connection: str
    host: str
    per_minute: int
    per_day: int | None
    products: tuple[Product, ...] = ()

    @property
    def pause_s(self) -> float:
        """Seconds between two calls."""
        return 60 / self.per_minute


@dataclass(frozen=True, slots=True)
class Product:
    """One kind of answer of a source.

    Attributes:
        source: Catalogue name of the source.
        name: Catalogue name, such as ``observations``.
        quantity: What it measures; serves series of the same quantity.
        resolution: Spacing of its slots.
        grade: Grade of its readings.
        span: Longest stretch one request may ask for.
        available: When it has a slot.
        grace: Until when an empty answer means "not yet".
        since: First instant it has data for.
        window: Slots that start longer ago than this are gone; ``None``: history stays.
        day_zone: Time zone of its days where requests are made of whole days.
        publishes_days: Whether it publishes whole days: what lacks from one gets no verdict.
        needs_key: Whether it needs credentials in its connection.
        by_station: Whether its requests name a station.
        hops: Calls on the bill of one request.
        params: What its requests name, such as ``indicator``.
    """

    source: str
    name: str
    quantity: str
    resolution: timedelta
    grade: Grade
    span: timedelta
    available: Rule
    grace: Rule
    since: datetime
    window: timedelta | None = None
    day_zone: str | None = None
    publishes_days: bool = False
    needs_key: bool = False
    by_station: bool = False
    hops: int = 1
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return ``source.name``, unique in the catalogue."""
        return f"{self.source}.{self.name}"

    def fits(self, start: datetime, end: datetime) -> bool:
        """Tell whether one request may ask for ``[start, end)``.

        It may be no longer than the span; where requests are made of whole days,
        it may touch no more days than the span has.
        """
        if end - start > self.span:
            return False
        if self.day_zone is None:
            return True
        return len(days_of(Interval(start, end), self.day_zone)) <= max(self.span.days, 1)
