"""Sources and their products: one record of facts each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gapfill.domain.grid import Grid
from gapfill.domain.keys import ProductKey
from gapfill.domain.local_time import Rule, local_date
from gapfill.domain.series import Grade

_DAY = timedelta(days=1)
_LONGEST_DAY = timedelta(hours=25)
_MOMENT = timedelta(microseconds=1)


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
        opening_calls: Calls that a caller makes before its first request, such as for a token.
        records_per_minute: Limit of the account, in records a minute; ``None``: no such limit.
        key_rate: Calls a minute that the key allows, learned from refusals, if lower; may be a
            fraction.
        products: Its products, preferred first.
    """

    name: str
    title: str
    connection: str
    host: str
    per_minute: int
    per_day: int | None
    opening_calls: int = 0
    records_per_minute: int | None = None
    key_rate: float | None = None
    products: tuple[Product, ...] = ()

    @property
    def pause_s(self) -> float:
        """Seconds between two calls."""
        return 60 / (self.key_rate or self.per_minute)


@dataclass(frozen=True, slots=True)
class Product:
    """One kind of data of a source.

    Attributes:
        source: Catalogue name of the source.
        name: Catalogue name, such as ``observations``.
        quantity: What it measures; it serves series of the same quantity.
        resolution: Spacing of its slots.
        grade: Grade of its readings while the source may still correct them.
        span: Longest interval that one request may ask for.
        available: When it has a slot.
        grace: Until when an empty answer means "not yet".
        since: First instant it has data for.
        window: It keeps slots younger than this; ``None``: history stays.
        last: It keeps only this number of newest slots; ``None``: no such limit.
        official_after: Readings are official once their slot started this long ago.
        day_zone: Time zone of its days, if its requests are for whole days.
        publishes_days: Whether it publishes whole days: a slot missing from one is not marked as
            "no data".
        needs_key: Whether it needs credentials in its connection.
        needs_login: Whether it needs a login in addition to the key.
        by_station: Whether its requests name a station.
        hops: Calls of one request; 0 if it is not an API.
        records: Records per slot that count in the source's quota; 0 for none.
        gives: Wanted fields that it has; it is asked for their missing values.
        data: Name of the data that it publishes, empty if no other product has the same. If one
            product does not have a slot, there is no need to set up others with the same data.
        params: Parameters of its requests, such as ``indicator``.
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
    last: int | None = None
    official_after: timedelta | None = None
    day_zone: str | None = None
    publishes_days: bool = False
    needs_key: bool = False
    needs_login: bool = False
    by_station: bool = False
    hops: int = 1
    records: int = 0
    gives: tuple[str, ...] = ()
    data: str = ""
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return ``source.name``, unique in the catalogue."""
        return str(ProductKey(self.source, self.name))

    @property
    def published(self) -> str:
        """Return the name of the data that it publishes: its own key if it is the only product."""
        return self.data or self.key

    @property
    def is_last_resort(self) -> bool:
        """Whether it is asked only if no observed product can serve.

        Its grade is low, and it costs one call per slot or is paid by the call.
        """
        is_dear = self.span <= self.resolution or "requires_extra" in self.params
        return self.grade < Grade.OBSERVED and is_dear

    def grade_at(self, slot: datetime, now: datetime) -> Grade:
        """Return the grade of a reading of a slot that is fetched now."""
        is_final = self.official_after is not None and now - slot >= self.official_after
        return Grade.OFFICIAL if is_final else self.grade

    def kept_from(self, at: datetime) -> datetime | None:
        """Return the earliest slot that it still has at an instant; ``None``: all of them."""
        if self.last is not None:
            grid = Grid.of(self.resolution)
            return self.available.until(at, grid) - self.last * self.resolution
        return None if self.window is None else at - self.window + _MOMENT

    def keeps(self, slot: datetime, at: datetime) -> bool:
        """Return whether it still has a slot at an instant; a slot of the window's age is gone."""
        kept_from = self.kept_from(at)
        return kept_from is None or slot >= kept_from

    def fits(self, start: datetime, end: datetime) -> bool:
        """Return whether one request may ask for ``[start, end)``.

        It may not be longer than the span. If requests are for whole days, it may not touch more
        days than the span has. A span of a day is one whole day, so that a day of 25 hours is one
        request too.
        """
        if self.day_zone is None:
            return end - start <= self.span
        if end - start > max(self.span, _LONGEST_DAY):
            return False
        last = local_date(end - _MOMENT, self.day_zone)
        days = (last - local_date(start, self.day_zone)).days + 1
        is_one_day = days == 1 and self.span >= _DAY
        return is_one_day or (days <= max(self.span.days, 1) and end - start <= self.span)
