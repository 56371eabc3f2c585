"""What the demo plays with weather: what is stored, what lacks, and what must be there in the end.

Worked out by hand from the facts of the sources (design, sections 3 and 4), without
Gapfill's code. All instants are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

from tools.demo.world import DAY, HOUR, LATER, Hole, fewest_requests, steps, utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

HOURLY, DAILY = "weather_hourly", "weather_daily"

MODELLED, PROVISIONAL, OBSERVED, OFFICIAL = 10, 20, 30, 40
GRADES = {
    MODELLED: "modelled",
    PROVISIONAL: "provisional",
    OBSERVED: "observed",
    OFFICIAL: "official",
}

SIAR, AEMET, OPENWEATHERMAP, OPEN_METEO = "siar/J17", "aemet/5279X", "openweathermap", "open_meteo"
NEIGHBOUR = "aemet/5281X"
NEIGHBOUR_SINCE = date(2022, 1, 1)
"""The second station of AEMET, 13 km away: it gives humidity, which the plant's own does not.
Here its data begin later, so that no station has the days of the outage."""

NAMES = {AEMET: "Linares", NEIGHBOUR: "Bailén, 13 km away"}
"""Of stations, for people."""

RADIATION = "solar_radiation"
WANTED: Mapping[str, Sequence[str]] = {HOURLY: (RADIATION,), DAILY: (RADIATION, "et0")}
"""What is wanted and never a gap."""

REQUIRED = {HOURLY: ("temperature", "humidity"), DAILY: ("temperature_mean",)}
EARLIEST = {HOURLY: utc(2023, 12, 31, 23), DAILY: utc(2018, 6, 13, 0)}
"""2024-01-01 in Madrid, and the date on which the plant's station began."""
STEP = {HOURLY: HOUR, DAILY: DAY}

OUTAGE = (utc(2021, 8, 10, 0), utc(2021, 8, 15, 0))
"""Days that the station did not measure: neither SIAR nor AEMET has them."""

EARLIER_HOURS = (utc(2025, 11, 18, 4), utc(2025, 11, 18, 16))
"""Hours that both stations of AEMET gave two days before the first run."""

SIAR_OUTAGE = (utc(2025, 10, 24, 22), utc(2025, 10, 26, 23))
"""Hours that SIAR lacks: 25 and 26 October in Madrid, 24 and 25 hours."""

FIVE_WEEKS = utc(2025, 10, 16, 17)
"""When the machine went off."""

SIAR_TO, AEMET_FROM, AEMET_TO = (utc(2025, 11, 20, hour) for hour in (4, 4, 16))
"""At the first run: AEMET has its last twelve hours, SIAR serves what is before them."""

DAYS_OFF = (utc(2025, 11, 3, 0), utc(2025, 11, 11, 0))
AEMET_DAYS_TO, SIAR_DAYS_TO = utc(2025, 11, 15, 0), utc(2025, 11, 20, 0)
"""At both runs: AEMET publishes a day five days late, SIAR on the evening after it."""

SIAR_FINAL_TO = utc(2025, 10, 21, 0)
"""SIAR's days are official once they are 31 days old."""

WAITING, NOW_SLOT = utc(2025, 11, 20, 18), utc(2025, 11, 20, 19)
"""At the second run: an hour that nobody has yet, and the hour of now."""

FAULTS = (
    "ree:429,after=8,times=1,retry_after=4",
    "aemet:429,from=2025-11-01,to=2025-11-14,times=1,retry_after=900",
    "aemet:outage,from=2021-08-10,to=2021-08-14",
    "siar:outage,from=2021-08-10,to=2021-08-14",
    "siar:outage,from=2025-10-25,to=2025-10-26",
)
"""What goes wrong at the simulated APIs."""

SIAR_PER_MINUTE = 300
"""Calls that the simulated SIAR account may make: ten times the usual, to save a minute."""


class Seed(NamedTuple):
    """What a stored slot is.

    Attributes:
        source: Whose truth it holds.
        grade: How good it is.
        lacks: Fields that are left out.
    """

    source: str
    grade: int
    lacks: Sequence[str] = ()


def holes(series: str) -> list[Hole]:
    """Return what the store lacks, oldest first; the last hour is the one of the second run."""
    if series == HOURLY:
        return [
            Hole("the first night of all", EARLIEST[HOURLY], utc(2024, 1, 1, 5)),
            Hole("a week", utc(2024, 7, 8, 0), utc(2024, 7, 15, 0)),
            Hole("one hour", utc(2025, 2, 3, 11), utc(2025, 2, 3, 12)),
            Hole("a month", FIVE_WEEKS, EARLIER_HOURS[0]),
            Hole("two days until now", EARLIER_HOURS[1], NOW_SLOT + HOUR),
        ]
    return [
        Hole("the station's first days", EARLIEST[DAILY], utc(2018, 6, 16, 0), DAY),
        Hole("a month", utc(2020, 2, 1, 0), utc(2020, 3, 1, 0), DAY),
        Hole("station out of order", *OUTAGE, DAY),
        Hole("a week in November", *DAYS_OFF, DAY),
        Hole("the last days", AEMET_DAYS_TO, SIAR_DAYS_TO, DAY),
    ]


def worse(series: str) -> list[tuple[Hole, Seed]]:
    """Return what is stored and could be better: a lower grade, or a wanted field that lacks."""
    if series == HOURLY:
        return [
            (
                Hole("modelled", utc(2025, 9, 10, 0), utc(2025, 9, 11, 6)),
                Seed(OPEN_METEO, MODELLED),
            ),
            (
                Hole("provisional", utc(2025, 9, 12, 8), utc(2025, 9, 12, 13)),
                Seed(OPENWEATHERMAP, PROVISIONAL),
            ),
            (
                Hole("without radiation", utc(2025, 5, 20, 6), utc(2025, 5, 20, 18)),
                Seed(NEIGHBOUR, OBSERVED, WANTED[HOURLY]),
            ),
        ]
    return [
        (
            Hole("without radiation and ET0", utc(2023, 5, 1, 0), utc(2023, 5, 5, 0), DAY),
            Seed(AEMET, OFFICIAL, WANTED[DAILY]),
        )
    ]


def seeds(series: str) -> dict[datetime, Seed]:
    """Return what is put into the store: SIAR's values, but for holes and the worse.

    What an earlier run has brought is there as well.
    """
    missing = {slot for hole in holes(series) for slot in hole.slots}
    if series == HOURLY:
        missing |= set(steps(*EARLIER_HOURS))
    special = {slot: seed for hole, seed in worse(series) for slot in hole.slots}
    stored = {}
    for slot in steps(EARLIEST[series], _end(series), STEP[series]):
        if slot not in missing:
            is_final = series == DAILY and slot < SIAR_FINAL_TO
            stored[slot] = special.get(slot, Seed(SIAR, OFFICIAL if is_final else OBSERVED))
    return stored


def _end(series: str) -> datetime:
    return NOW_SLOT + HOUR if series == HOURLY else SIAR_DAYS_TO


def best_grades(series: str) -> dict[datetime, int]:
    """Return the best grade that each slot can have in the end; not there: it can have no value."""
    if series == HOURLY:
        found = dict.fromkeys(steps(EARLIEST[HOURLY], WAITING), OBSERVED)
        found |= dict.fromkeys(steps(*SIAR_OUTAGE), MODELLED)
        return found | {NOW_SLOT: PROVISIONAL}
    lost = set(steps(*OUTAGE, DAY))
    return {
        slot: OFFICIAL if slot < AEMET_DAYS_TO else OBSERVED
        for slot in steps(EARLIEST[DAILY], SIAR_DAYS_TO, DAY)
        if slot not in lost
    }


def enriched(series: str) -> dict[datetime, Sequence[str]]:
    """Return the wanted fields that slots must have in the end, and did not have before."""
    found = {slot: seed.lacks for hole, seed in worse(series) if seed.lacks for slot in hole.slots}
    return found | dict.fromkeys(steps(*EARLIER_HOURS) if series == HOURLY else (), (RADIATION,))


@dataclass(frozen=True, slots=True)
class Chore:
    """Slots that one product is asked for in one run.

    Attributes:
        source: Catalogue name of the source.
        slots: The slots, in any order.
        span_days: UTC days that one request may span.
        hops: Calls that one request takes.
    """

    source: str
    slots: Sequence[datetime]
    span_days: int
    hops: int = 1

    @property
    def fewest(self) -> int:
        """How few calls can hold all of its slots."""
        return self.hops * fewest_requests(self.slots, self.span_days, UTC)


def chores() -> list[Chore]:
    """Return who has to be asked for what in both runs, so that nothing is asked for twice."""
    gone = [slot for hole in holes(HOURLY) for slot in hole.slots if slot < SIAR_TO]
    upgrades = [s for hole, seed in worse(HOURLY) if not seed.lacks for s in hole.slots]
    days = [
        slot
        for hole in holes(DAILY)
        for slot in hole.slots
        if not DAYS_OFF[0] <= slot < DAYS_OFF[1]
    ]
    hours, days_back = [*gone, *upgrades, *enriched(HOURLY)], [*days, *enriched(DAILY)]
    return [
        Chore("siar", hours, 7),
        Chore("siar", days_back, 31),
        Chore("aemet", list(steps(AEMET_FROM, AEMET_TO)), 1, hops=2),
        Chore("openweathermap", [utc(2025, 11, 20, 17)], 1),
        # Two hours later.
        Chore("siar", list(steps(AEMET_FROM, AEMET_TO)), 7),  # radiation, which AEMET has not
        Chore("aemet", list(steps(SIAR_FINAL_TO, AEMET_DAYS_TO, DAY)), 180, hops=2),
        Chore("aemet", list(steps(*OUTAGE, DAY)), 180),  # no data: no second hop
        Chore("aemet", [AEMET_TO, AEMET_TO + HOUR], 1, hops=2),
        Chore(
            "aemet", [AEMET_TO, AEMET_TO + HOUR], 1, hops=2
        ),  # the neighbour's humidity, of all twelve
        Chore("openweathermap", [NOW_SLOT], 1),
        Chore("open_meteo", list(steps(*SIAR_OUTAGE)), 92),
    ]


def truth_spans(series: str) -> dict[str, list[tuple[datetime, datetime]]]:
    """Return the stretches of which a value may come from a source, by source and station."""
    end = LATER.replace(minute=0) + HOUR
    spans = {SIAR: [(EARLIEST[series], end)]}
    modelled = (OPENWEATHERMAP, OPEN_METEO) if series == HOURLY else ()
    since = FIVE_WEEKS if series == HOURLY else SIAR_FINAL_TO
    for source in (AEMET, NEIGHBOUR, *modelled):
        stored = [(hole.start, hole.end) for hole, seed in worse(series) if seed.source == source]
        spans[source] = [*stored, (since, end)]
    return spans


def step_of(series: str) -> timedelta:
    """Return the length of a series' slots."""
    return STEP.get(series, HOUR)
