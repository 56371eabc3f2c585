"""The schema of a catalogue file; ``catalog`` builds the domain's types from it."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Annotated, Literal

import pendulum
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _known_zone(name: str) -> str:
    if name not in pendulum.timezones():
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Madrid")
    return name


def _divides_a_day(step: timedelta) -> timedelta:
    if step <= timedelta(0) or timedelta(days=1) % step:
        raise ValueError("a resolution must divide a day, such as PT1H, PT15M or P1D")
    return step


ZoneName = Annotated[str, AfterValidator(_known_zone)]
Resolution = Annotated[timedelta, AfterValidator(_divides_a_day)]
LONGEST_NAME = 80
"""Characters: the label of a mapped task contains a series, and Airflow stores 250 characters."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$", max_length=LONGEST_NAME)]
GradeName = Literal["modelled", "provisional", "observed", "official"]


class SchemaModel(BaseModel):
    """Base of every part of the catalogue: frozen, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleEntry(SchemaModel):
    """When an event of a slot happens: a fixed time after its end, or at a local clock time.

    ``lag`` alone, or ``days`` from the slot's local day with ``at`` and ``zone``.
    """

    lag: timedelta | None = None
    days: int | None = None
    at: time | None = None
    zone: ZoneName | None = None

    @model_validator(mode="after")
    def _one_form(self) -> RuleEntry:
        clock = (self.days, self.at, self.zone)
        by_lag = self.lag is not None and clock == (None, None, None)
        by_clock = self.lag is None and None not in clock
        if not (by_lag or by_clock):
            raise ValueError("give either lag, or all of days, at and zone")
        return self


class StationEntry(SchemaModel):
    """A station of a source, with the UTC dates of its first day and of the first day without data.

    ``distance_km`` is its distance from the place, for people.
    """

    source: Name
    id: str = Field(min_length=1, max_length=LONGEST_NAME)
    from_: date = Field(alias="from")
    to: date | None = None
    distance_km: float | None = Field(default=None, ge=0)


class PlaceEntry(SchemaModel):
    """Where a series is measured."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    zone: ZoneName
    stations: tuple[StationEntry, ...] = ()


class ProductEntry(SchemaModel):
    """The facts of one product; see ``domain.product.Product``."""

    quantity: Name
    resolution: Resolution
    grade: GradeName
    span: timedelta = Field(gt=timedelta(0))
    available: RuleEntry
    grace: RuleEntry
    since: date | None = None
    window: timedelta | None = Field(default=None, gt=timedelta(0))
    last: int | None = Field(default=None, ge=1)
    official_after: timedelta | None = Field(default=None, gt=timedelta(0))
    day_zone: ZoneName | None = None
    publishes_days: bool = False
    needs_key: bool = False
    needs_login: bool = False
    by_station: bool = False
    hops: int = Field(default=1, ge=0, le=5)
    records: int = Field(default=0, ge=0)
    gives: tuple[Name, ...] = ()
    data: Name | None = None
    params: dict[str, str] = {}


class SourceEntry(SchemaModel):
    """An external API, its limits and its products in order of preference."""

    title: str
    connection: Name
    host: str = Field(pattern=r"^https?://")
    per_minute: int = Field(ge=1)
    per_day: int | None = Field(default=None, ge=1)
    opening_calls: int = Field(default=0, ge=0)
    products: dict[Name, ProductEntry] = Field(min_length=1)


class ZoneEntry(SchemaModel):
    """One row of a route."""

    sources: tuple[Name, ...] = Field(min_length=1)
    younger_than: timedelta | None = Field(default=None, gt=timedelta(0))
    current_month: bool = False


class EraEntry(SchemaModel):
    """A resolution from a local date on."""

    from_: date = Field(alias="from")
    resolution: Resolution


class FieldEntry(SchemaModel):
    """One field of a reading and its bounds."""

    unit: str
    min: float
    max: float
    required: bool = False
    wanted: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> FieldEntry:
        if self.min >= self.max:
            raise ValueError("min must be smaller than max")
        return self


class SeverityEntry(SchemaModel):
    """Longest durations that are still minor and moderate."""

    minor: timedelta = Field(gt=timedelta(0))
    moderate: timedelta = Field(gt=timedelta(0))


FORECASTS = {"data_type": ("forecast",), "data_source": ("aemet_daily", "aemet_forecast")}
"""Tags of points in which other programs store forecasts, or daily values in every hour."""


class SeriesEntry(SchemaModel):
    """One series; see ``domain.series.Series``."""

    group: Name
    quantity: Name
    measurement: Name
    tags: dict[Name, str] = Field(min_length=1)
    place: Name
    resolution: Resolution
    eras: tuple[EraEntry, ...] = ()
    route: Name
    target: GradeName
    default_grade: GradeName
    earliest: date
    fields: dict[Name, FieldEntry]
    due: RuleEntry | None = None
    overdue: RuleEntry | None = None
    severity: SeverityEntry | None = None
    exclude: dict[Name, tuple[str, ...]] = FORECASTS
    params: dict[str, str] = {}

    @model_validator(mode="after")
    def _has_required(self) -> SeriesEntry:
        if not any(field.required for field in self.fields.values()):
            raise ValueError("at least one field must be required: true")
        return self


class CatalogEntry(SchemaModel):
    """The whole file. ``sources`` adds sources without a package, or overrides a package."""

    places: dict[Name, PlaceEntry] = Field(min_length=1)
    sources: dict[Name, SourceEntry] = {}
    routes: dict[Name, tuple[ZoneEntry, ...]] = Field(min_length=1)
    series: dict[Name, SeriesEntry] = Field(min_length=1)
