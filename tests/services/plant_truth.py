"""What each slot of a plant's store is worth, computed sample by sample.

It follows the sentences of design.md's sections 3 and 7; nothing of it is computed by the code
under test.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HOUR = timedelta(hours=1)
FIRST = datetime(2024, 2, 19, tzinfo=UTC)
NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
WHOLE_NUMBERS = datetime(2024, 2, 26, tzinfo=UTC), datetime(2024, 3, 4, tzinfo=UTC)
"""A week, and so a shard, in which every program writes humidity as whole numbers."""

NEVER = [datetime(2024, 3, 6, hour, tzinfo=UTC) for hour in (3, 4)]
"""No source has these hours."""

MODELLED_ONLY = [datetime(2024, 3, 6, hour, tzinfo=UTC) for hour in (5, 6, 7)]
"""SIAR has not got these, Open-Meteo has."""

HOLES = {
    *NEVER,
    *MODELLED_ONLY,
    *(datetime(2024, 3, 13, 20, tzinfo=UTC) + n * HOUR for n in range(30)),
}
OWN_BUT_BAD = [datetime(2024, 3, 14, hour, tzinfo=UTC) for hour in range(6)]
"""Of the holes: a program wrote an absurd temperature, with the very tags of the series."""

OBSERVED, MODELLED, OFFICIAL = 30, 10, 40

OWN_TAGS = {
    "weather_data": {"place": "linares"},
    "energy_prices": {"market": "pvpc", "geo": "8741"},
}


@dataclass(frozen=True)
class Sample:
    """One point that some program wrote.

    Attributes:
        measurement: Where.
        tags: Its tags.
        at: When, to the second.
        fields: What it wrote; an ``int`` is stored as a whole number.
        grade: ``gapfill_grade``, where Gapfill wrote it.
        source: ``gapfill_source``, likewise.
        batch: ``gapfill_batch``, likewise.
        kept: Source and grade of fields that are from another source, likewise.
    """

    measurement: str
    tags: Mapping[str, str]
    at: datetime
    fields: Mapping[str, float]
    grade: int | None = None
    source: str | None = None
    batch: str | None = None
    kept: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def kept_text(self) -> str | None:
        """Return ``kept`` as it is stored."""
        return ";".join(f"{n}:{s}:{g}" for n, (s, g) in sorted(self.kept.items())) or None


class Kind(NamedTuple):
    """What the truth needs to know of a series: the catalogue's numbers, written once more."""

    measurement: str
    bounds: dict[str, tuple[float, float]]
    required: tuple[str, ...]
    excluded: dict[str, tuple[str, ...]]
    target: int
    default: int
    due: datetime
    end: datetime


WEATHER = Kind(
    "weather_data",
    {
        "temperature": (-40, 60),
        "humidity": (0, 100),
        "pressure": (500, 1100),
        "wind_speed": (0, 100),
        "wind_direction": (0, 360),
        "wind_gust": (0, 150),
        "precipitation": (0, 400),
        "solar_radiation": (0, 1500),
    },
    ("temperature", "humidity"),
    {"data_type": ("forecast",), "data_source": ("aemet_daily", "aemet_forecast")},
    OBSERVED,
    OBSERVED,
    datetime(2024, 3, 20, 11, tzinfo=UTC),
    datetime(2024, 3, 20, 13, tzinfo=UTC),
)
PRICES = Kind(
    "energy_prices",
    {"price_eur_mwh": (-1000, 10000), "price_eur_kwh": (-1, 10)},
    ("price_eur_mwh",),
    {},
    OFFICIAL,
    OFFICIAL,
    datetime(2024, 3, 20, 23, tzinfo=UTC),
    datetime(2024, 3, 21, 23, tzinfo=UTC),
)
KINDS = {"weather_hourly": WEATHER, "pvpc": PRICES}


@dataclass
class Truth:
    """What one slot comes to: by field its value, source and grade."""

    of: dict[str, tuple[float, str, int]] = field(default_factory=dict)

    def state(self, kind: Kind, slot: datetime) -> str:
        """Return the state of the slot."""
        grades = [self.of[name][2] for name in kind.required if name in self.of]
        if len(grades) == len(kind.required):
            return "complete" if min(grades) >= kind.target else "provisional"
        return "missing" if slot < kind.due else "pending"

    def take(self, source: str, grade: int, values: Mapping[str, float]) -> None:
        """Take what a source answered where there is no value, or one of a lower grade."""
        for name, value in values.items():
            if name not in self.of or self.of[name][2] < grade:
                self.of[name] = value, source, grade


def slots_of(kind: Kind) -> list[datetime]:
    """Return the expected slots."""
    return [FIRST + n * HOUR for n in range(int((kind.end - FIRST) / HOUR))]


def truth(kind: Kind, samples: Iterable[Sample]) -> dict[datetime, Truth]:
    """Return what each expected slot is worth by the samples alone."""
    by_slot: dict[datetime, list[Sample]] = {}
    for sample in samples:
        if counts(kind, sample):
            hour = sample.at.replace(minute=0, second=0, microsecond=0)
            by_slot.setdefault(hour, []).append(sample)
    return {slot: _worth(kind, by_slot.get(slot, [])) for slot in slots_of(kind)}


def counts(kind: Kind, sample: Sample) -> bool:
    """Tell whether a sample is of the series at all."""
    own = OWN_TAGS[kind.measurement]
    return (
        sample.measurement == kind.measurement
        and all(sample.tags.get(key, said) == said for key, said in own.items())
        and not any(sample.tags.get(key) in said for key, said in kind.excluded.items())
    )


def flaws(kind: Kind, samples: Iterable[Sample]) -> list[tuple[datetime, str, float]]:
    """Return the values within the expected slots that do not count, in order of time."""
    found = [
        (sample.at, name, value)
        for sample in samples
        if counts(kind, sample) and FIRST <= sample.at < kind.end
        for name, value in sample.fields.items()
        if not _is_good(kind, name, value)
    ]
    fields = list(kind.bounds)
    return sorted(found, key=lambda flaw: (flaw[0], fields.index(flaw[1])))


def ahead(kind: Kind, samples: Iterable[Sample]) -> list[datetime]:
    """Return the instants of points after the last expected slot, in order."""
    return sorted(one.at for one in samples if counts(kind, one) and one.at >= kind.end)


def _worth(kind: Kind, samples: list[Sample]) -> Truth:
    found = Truth()
    for name in kind.bounds:
        having = []
        for one in samples:
            if name in one.fields and _is_good(kind, name, one.fields[name]):
                row = one.source or "unknown", kind.default if one.grade is None else one.grade
                source, grade = one.kept.get(name, row)
                having.append((one, source, grade))
        fresh = [h for h in having if not (h[0].batch and h[1] == "unknown")]
        own = OWN_TAGS[kind.measurement]
        ranked = sorted(
            fresh or having, key=lambda h: (h[2], h[1] != "unknown", h[0].at, h[0].tags != own)
        )
        if ranked:
            one, source, grade = ranked[-1]
            found.of[name] = float(one.fields[name]), source, grade
    return found


def _is_good(kind: Kind, name: str, value: float) -> bool:
    low, high = kind.bounds[name]
    return low <= value <= high


def siar(slot: datetime) -> dict[str, float]:
    """Return what SIAR says of an hour: nothing that the plant ever wrote."""
    return {"temperature": -9.5, "humidity": 3.25, "solar_radiation": 1001.0 + slot.hour}


def model(slot: datetime) -> dict[str, float]:
    """Return what Open-Meteo says of an hour."""
    return {"temperature": -20.5, "humidity": 2.25 + slot.hour / 100}


def ree(slot: datetime) -> dict[str, float]:
    """Return what REE says of an hour."""
    return {"price_eur_mwh": 900.0 + slot.hour, "price_eur_kwh": 0.9}


def healed(name: str, before: dict[datetime, Truth]) -> dict[datetime, Truth]:
    """Return what the slots are worth once every source was asked for all that it has."""
    for slot, found in before.items():
        if name == "pvpc":
            if slot < PRICES.due:
                found.take("ree", OFFICIAL, ree(slot))
        elif slot in NEVER or slot >= WEATHER.due:
            continue
        elif slot in MODELLED_ONLY or slot + 3 * HOUR > NOW:  # SIAR is two hours late
            if found.state(WEATHER, slot) == "missing":
                found.take("open_meteo", MODELLED, model(slot))
        else:
            found.take("siar/J17", OBSERVED, siar(slot))
    return before
