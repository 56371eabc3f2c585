"""Who is to be asked for one slot, written slot by slot from design.md's sections 3, 4 and 6.

Nothing here is computed by the code under test: the facts of the products are the design's
table once more, and every rule is its sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

MADRID = ZoneInfo("Europe/Madrid")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MODELLED, PROVISIONAL, OBSERVED, OFFICIAL = 10, 20, 30, 40
OUTCOMES = ("no_data", "not_yet", "unreached", "failed", "deferred", "filled")
LATER = (1, 7, 30, 90)
"""Days after the first, second, third and any further "no data"."""


@dataclass(frozen=True)
class Facts:
    """A row of the product table. ``lag`` in hours; the others as their names say.

    Attributes:
        days: Longest span in days.
        rate: Calls a minute of its source.
        opening: Calls of its source before the first request.
        records: Records of a day.
    """

    grade: int
    days: float
    rate: int
    lag: float | None = None
    hops: int = 1
    opening: int = 0
    records: int = 0
    gives: tuple[str, ...] = ()


PRODUCTS: dict[str, Facts] = {
    "ree.pvpc": Facts(OFFICIAL, 14, 30),
    "esios.1001": Facts(OFFICIAL, 14, 30),
    "esios.archive70": Facts(OFFICIAL, 1, 30),
    "openweathermap.current": Facts(PROVISIONAL, 1 / 24, 60, -1),
    "openweathermap.timeline": Facts(PROVISIONAL, 20 / 24, 60, 1),
    "openweathermap.timemachine": Facts(PROVISIONAL, 1 / 24, 60, 1),
    "aemet.observations": Facts(OBSERVED, 0.5, 20, 1, hops=2),
    "aemet.daily": Facts(OFFICIAL, 180, 20, 5 * 24, hops=2),
    "siar.hourly": Facts(OBSERVED, 7, 30, 2, opening=4, records=48, gives=("solar_radiation",)),
    "siar.daily": Facts(OBSERVED, 31, 30, opening=4, records=1, gives=("solar_radiation", "et0")),
    "siar_csv.daily": Facts(OBSERVED, 3650, 600, hops=0, gives=("solar_radiation", "et0")),
    "open_meteo.forecast": Facts(MODELLED, 92, 600, 1),
    "open_meteo.archive": Facts(MODELLED, 365, 600, 5 * 24),
}
SERIES = {
    "pvpc": ("ree.pvpc", "esios.1001", "esios.archive70"),
    "weather_hourly": (
        "openweathermap.current",
        "openweathermap.timeline",
        "openweathermap.timemachine",
        "aemet.observations",
        "siar.hourly",
        "open_meteo.forecast",
        "open_meteo.archive",
    ),
    "weather_daily": ("aemet.daily", "siar.daily", "siar_csv.daily"),
}
DATA = {
    "ree.pvpc": "pvpc",
    "esios.1001": "pvpc",
    "esios.archive70": "pvpc",
    "siar.daily": "siar_daily",
    "siar_csv.daily": "siar_daily",
}
"""Products that publish the same values."""
TARGET = {"pvpc": OFFICIAL, "weather_hourly": OBSERVED, "weather_daily": OFFICIAL}
_ROUTES = {
    "pvpc": (("ree", "esios"),) * 3,
    "weather_hourly": (
        ("openweathermap", "aemet", "siar", "open_meteo"),
        ("aemet", "siar", "openweathermap", "open_meteo"),
        ("siar", "openweathermap", "open_meteo"),
    ),
    "weather_daily": (
        ("aemet", "siar", "siar_csv"),
        ("aemet", "siar", "siar_csv"),
        ("siar", "siar_csv", "aemet"),
    ),
}


class Said(NamedTuple):
    """A line of the ledger: what a product said of ``[start, end)``, and when."""

    product: str
    start: datetime
    end: datetime
    outcome: str
    asked_at: datetime


@dataclass
class World:
    """How things stand.

    Attributes:
        series: Whose slots.
        now: The clock.
        unconfigured: Products without credentials, paused, or without the extra they need.
        blocked: By source, until when.
        left: By source, calls left of the day, where it has a quota.
        records_left: Records left of SIAR's day, where its account counts them.
        days: Spans that were learned, in days, by product.
        held: Dates that SIAR's files have, ``None`` for no such folder.
        reach: By source, dates of the station as ``[from, to)``.
        said: The ledger.
        generation: Of One Call, that of the key, where it is known.
        force: Whether "no data" and blocks are disregarded.
    """

    series: str
    now: datetime
    unconfigured: set[str] = field(default_factory=set)
    blocked: dict[str, datetime] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    records_left: int | None = None
    days: dict[str, float] = field(default_factory=dict)
    held: list[tuple[datetime, datetime]] = field(default_factory=list)
    reach: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    generation: float | None = None
    force: bool = False

    @property
    def step(self) -> timedelta:
        """Spacing of the series' slots."""
        return DAY if self.series == "weather_daily" else HOUR

    def span(self, product: str) -> timedelta:
        """Longest request of a product as far as is known."""
        return timedelta(days=self.days.get(product, PRODUCTS[product].days))


def source_of(product: str) -> str:
    """Return the source of a product."""
    return product.partition(".")[0]


def local_day_at(slot: datetime, step: timedelta, days: int, hour: int, minute: int) -> datetime:
    """Return a local clock time so many days from the slot's local day, or its date."""
    day = slot.date() if step == DAY else slot.astimezone(MADRID).date()
    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=MADRID)
    return (local + timedelta(days=days)).astimezone(UTC)


def out_at(product: str, slot: datetime, step: timedelta) -> datetime:
    """Return when a product has a slot."""
    lag = PRODUCTS[product].lag
    if source_of(product) in ("ree", "esios"):
        return local_day_at(slot, step, -1, 20, 50)
    if lag is None:
        return local_day_at(slot, step, 1, 18, 0)
    return slot + step + timedelta(hours=lag)


def keeps(product: str, slot: datetime, at: datetime) -> bool:
    """Tell whether a product still has, or will have, a slot at an instant."""
    if product == "openweathermap.current":
        return slot + HOUR > at
    if product == "openweathermap.timemachine":
        return at - slot < 7 * DAY
    if product == "openweathermap.timeline":
        return at - slot < 90 * DAY
    if product == "open_meteo.forecast":
        return at - slot < 92 * DAY
    if product == "aemet.observations":
        # Of the rows that are out, the newest twelve: eleven later ones may be out, not twelve.
        return out_at(product, slot + 12 * HOUR, HOUR) > at
    return True


def grade(product: str, slot: datetime, now: datetime) -> int:
    """Return the grade of what a product gives for a slot now."""
    is_old = product in ("siar.daily", "siar_csv.daily") and now - slot >= 31 * DAY
    return OFFICIAL if is_old else PRODUCTS[product].grade


def _reaches(world: World, product: str, slot: datetime) -> bool:
    source = source_of(product)
    if source in ("ree", "esios") and slot < datetime(2021, 5, 31, 22, tzinfo=UTC):
        return False
    if source in world.reach:
        first, end = world.reach[source]
        if not first <= slot < end:
            return False
    if source != "siar_csv" or product in world.unconfigured:
        return True
    return any(start <= slot < end for start, end in world.held)


def _lines(world: World, product: str, slot: datetime, *, wanted: bool) -> list[Said]:
    """Return what a product said of a slot; for a wanted field also what it said of these."""
    keys = (product, f"{product}#wanted") if wanted else (product,)
    return [s for s in world.said if s.product in keys and s.start <= slot < s.end]


def _ruled(
    world: World, product: str, slot: datetime, *, wanted: bool
) -> tuple[int, datetime] | None:
    """Return how often, 24 h apart, a product reported no data, and when to ask again.

    What a model says is no proof: it is asked again every day.
    """
    lines = _lines(world, product, slot, wanted=wanted)
    asked = sorted(line.asked_at for line in lines if line.outcome == "no_data")
    if PRODUCTS[product].grade < OBSERVED:
        return (0, asked[-1] + DAY) if asked else None
    count, counted = 0, None
    for instant in asked:
        if counted is None or instant - counted >= 24 * HOUR:
            count, counted = count + 1, instant
    return (count, asked[-1] + LATER[min(count, 4) - 1] * DAY) if asked else None


def _is_recent(world: World, product: str, slot: datetime, *, wanted: bool) -> bool:
    """Tell whether another product goes first, unless the slot were lost by it."""
    failures = ("not_yet", "unreached", "failed", "deferred")
    failed = any(
        s.outcome in failures and world.now - s.asked_at < 2 * HOUR
        for s in _lines(world, product, slot, wanted=wanted)
    )
    return failed and not world.force and keeps(product, slot, world.now + 2 * HOUR)


def _has_calls(world: World, product: str) -> bool:
    """Tell whether a request, and what comes before it, is within the day's quota.

    OpenWeatherMap's is one of One Call.
    """
    facts, left = PRODUCTS[product], world.left.get(source_of(product))
    if product == "openweathermap.current":
        return True
    if facts.hops and left is not None and left < facts.hops + facts.opening:
        return False
    if facts.records and world.records_left is not None:
        return world.records_left >= facts.records * (world.span(product) / DAY)
    return True


def _is_out_of_the_question(world: World, product: str, slot: datetime, above: int) -> bool:
    """Tell whether a product will never be asked for a slot, whatever the ledger says."""
    return (
        not _reaches(world, product, slot)
        or grade(product, slot, world.now) <= above
        or not keeps(product, slot, world.now)
    )


def stand(  # noqa: PLR0911 - each word is one return
    world: World, product: str, slot: datetime, *, above: int = 0, wanted: bool = False
) -> str | datetime:
    """Return ``yes``, ``recent``, ``given up``, ``needs``, ``never``, or until when it waits."""
    now = world.now
    if _is_out_of_the_question(world, product, slot, above):
        return "never"
    if product in world.unconfigured:
        return "needs"
    if out_at(product, slot, world.step) > now:
        return out_at(product, slot, world.step)
    ruled = None if world.force else _ruled(world, product, slot, wanted=wanted)
    if ruled and ruled[1] > now:
        gone = not keeps(product, slot, ruled[1])
        return "never" if gone else "given up" if ruled[0] > 1 else ruled[1]
    blocked = world.blocked.get(source_of(product))
    if blocked and blocked > now and not world.force:
        return blocked if keeps(product, slot, blocked) else "never"
    if not _has_calls(world, product):
        return now + DAY
    return "recent" if _is_recent(world, product, slot, wanted=wanted) else "yes"


def order(world: World, slot: datetime) -> list[str]:
    """Return the products of a slot in the order of the route table."""
    young = world.now - slot < 48 * HOUR
    here = slot.date() if world.step == DAY else slot.astimezone(MADRID).date()
    today = world.now.astimezone(MADRID).date()
    is_current = (here.year, here.month) >= (today.year, today.month)
    sources = _ROUTES[world.series][0 if young else 1 if is_current else 2]
    other = f"openweathermap.{'timeline' if world.generation == 3 else 'timemachine'}"
    known = [p for p in SERIES[world.series] if p != other]
    return [p for s in sources for p in known if source_of(p) == s]


def choose(world: World, slot: datetime, *, above: int = 0) -> str | datetime | None:
    """Return the product to ask for a slot, or until when it waits, ``None`` for neither."""
    stands = {p: stand(world, p, slot, above=above) for p in order(world, slot)}
    for word in ("yes", "recent"):
        able = [p for p, said in stands.items() if said == word]
        if able:
            return _instead_of_timemachine(able)
    return min((s for s in stands.values() if isinstance(s, datetime)), default=None)


def _instead_of_timemachine(able: list[str]) -> str:
    """The time machine is taken only where no observed product can serve now."""
    observed = [p for p in able if PRODUCTS[p].grade >= OBSERVED]
    is_dear = able[0].startswith("openweathermap.time")
    return observed[0] if observed and is_dear else able[0]


def enrich(world: World, slot: datetime, name: str) -> str | None:
    """Return the product to ask for a wanted field of a slot that stands."""
    for product in order(world, slot):
        if name in PRODUCTS[product].gives and stand(world, product, slot, wanted=True) == "yes":
            return product
    return None


def is_due(world: World, slot: datetime) -> bool:
    """Tell whether a slot can be expected: prices by the table, others by the smallest lag."""
    if world.series == "pvpc":
        return local_day_at(slot, HOUR, -1, 20, 50) <= world.now
    products = [p for p in SERIES[world.series] if p not in world.unconfigured]
    lags = [out_at(p, slot, world.step) for p in products or SERIES[world.series]]
    return max(min(lags), slot + world.step) <= world.now


def is_given_up(world: World, slot: datetime) -> bool:
    """Tell whether no product could ever serve a slot, or all that could said no.

    Where one that is not set up could, the slot needs it and is not given up.
    """
    open_world = World(**{**world.__dict__, "force": False})
    stands = [stand(open_world, p, slot) for p in order(world, slot)]
    known = dict(zip(order(world, slot), stands, strict=True))
    without = {DATA.get(p, p) for p, said in known.items() if said == "given up"}
    return all(
        said in ("never", "given up") or (said == "needs" and DATA.get(p, p) in without)
        for p, said in known.items()
    )
