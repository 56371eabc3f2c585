"""A series: one catalogue entry, with its fields, grid, due rule and target."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from gapfill.domain.grid import Grid
from gapfill.domain.interval import Interval
from gapfill.domain.local_time import Rule
from gapfill.domain.severity import Severity, Thresholds


class Grade(IntEnum):
    """Quality of a reading; a greater number is better."""

    MODELLED = 10
    PROVISIONAL = 20
    OBSERVED = 30
    OFFICIAL = 40

    @property
    def label(self) -> str:
        """Return the word shown to people and in JSON."""
        return self.name.lower()


class State(StrEnum):
    """State of an expected slot; each slot is in exactly one."""

    COMPLETE = "complete"
    PROVISIONAL = "provisional"
    MISSING = "missing"
    PENDING = "pending"
    UNFILLABLE = "unfillable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a reading.

    Attributes:
        name: Name in the store, with its unit if the catalogue has it in the name.
        unit: Unit of the stored value, for people.
        minimum: Smallest believable value, in ``unit``.
        maximum: Largest believable value, in ``unit``.
        required: Whether a slot without it is missing.
        wanted: Whether a missing value of it is planned as an enrichment.
    """

    name: str
    unit: str
    minimum: float
    maximum: float
    required: bool = False
    wanted: bool = False

    def is_reading(self, value: object) -> bool:
        """Return whether a stored value counts: a finite number within the bounds."""
        return (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and self.minimum <= value <= self.maximum
        )


@dataclass(frozen=True, slots=True)
class Station:
    """A station of a source at a place.

    Attributes:
        source: Its source.
        id: The source's own id, such as ``5279X``.
        reach: ``[from, to)`` of its data.
        distance_km: Its distance from the place; ``None`` if the catalogue does not say.
    """

    source: str
    id: str
    reach: Interval
    distance_km: float | None = None

    @property
    def label(self) -> str:
        """Return its id, with the distance if that is known: ``5281X (13 km)``."""
        return self.id if self.distance_km is None else f"{self.id} ({self.distance_km:g} km)"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a series is measured.

    Attributes:
        name: Catalogue name.
        latitude: Degrees north.
        longitude: Degrees east.
        zone: IANA time zone of its civil days.
        stations: Its stations; those of one source in the order in which they are asked.
    """

    name: str
    latitude: float
    longitude: float
    zone: str
    stations: tuple[Station, ...] = ()


@dataclass(frozen=True, slots=True)
class Zone:
    """One row of a route: its slots, and their sources in order.

    Attributes:
        sources: Catalogue names, best first.
        younger_than: Takes slots whose age, from their start, is less than this.
        current_month: Takes slots of the local month of now.
    """

    sources: tuple[str, ...]
    younger_than: timedelta | None = None
    current_month: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """One catalogue entry.

    Attributes:
        name: Catalogue name, such as ``pvpc``.
        group: ``ree`` or ``weather``.
        quantity: What is measured; products of the same quantity can serve it.
        measurement: Measurement in the store.
        tags: Tags of its points; tags and slot identify a point.
        exclude: Tag values of points that do not belong to it, such as ``data_type=forecast``.
        place: Where it is measured.
        grid: Its slots.
        fields: Its fields, required ones first.
        target: Grade at which a slot is complete.
        default_grade: Grade of a point without provenance.
        earliest: Start of the first expected slot.
        due: When a slot is due; ``None``: after the smallest lag of its products.
        overdue: When lateness raises an alert; ``None``: by product.
        route: Zones in order; the first zone of a slot names its sources.
        thresholds: Severity thresholds.
        params: Parameters for its sources, such as ``geo_id``.
    """

    name: str
    group: str
    quantity: str
    measurement: str
    tags: Mapping[str, str]
    place: Place
    grid: Grid
    fields: tuple[Field, ...]
    target: Grade
    default_grade: Grade
    earliest: datetime
    route: tuple[Zone, ...]
    due: Rule | None = None
    overdue: Rule | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    exclude: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the fields without which a slot is missing."""
        return tuple(f.name for f in self.fields if f.required)

    def field(self, name: str) -> Field | None:
        """Return the field of this name, ``None`` if the series has none."""
        return next((f for f in self.fields if f.name == name), None)

    def severity_of(self, gap: Interval) -> Severity:
        """Return the severity of a gap of whole slots."""
        return self.thresholds.of(gap.duration)
