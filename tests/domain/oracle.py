"""The route rule once more, slot by slot and slowly, and random circumstances to try it in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from gapfill.domain.interval import END_OF_TIME, Interval, merge
from gapfill.domain.ledger import exclusions_from
from gapfill.domain.local_time import AfterEnd
from gapfill.domain.series import Grade, Series, Zone
from tests.domain.samples import DAY, HOUR, at, candidate, entry, product, series

if TYPE_CHECKING:
    from gapfill.domain.candidate import Candidate

ORIGIN = at("2025-10-24")
"""The hours of the property tests count from here."""

WINDOW = Interval(ORIGIN, ORIGIN + 96 * HOUR)
"""What they look at."""

hour = st.integers(0, 96)
stretch = st.builds(
    lambda first, hours: Interval(ORIGIN + first * HOUR, ORIGIN + min(first + hours, 96) * HOUR),
    st.integers(0, 95),
    st.integers(1, 60),
)
stretches = st.lists(stretch, max_size=3).map(merge)
hours_or_none = st.none() | st.integers(0, 60).map(lambda n: n * HOUR)


@st.composite
def offers(draw: st.DrawFn, name: str) -> Candidate:
    """Draw a product of a source in any circumstances."""
    offered = product(
        name,
        "p",
        resolution=draw(st.sampled_from([HOUR, HOUR, HOUR, DAY])),
        grade=draw(st.sampled_from(Grade)),
        span=draw(st.sampled_from([HOUR, 14 * DAY])),
        available=AfterEnd(draw(st.integers(-1, 30)) * HOUR),
        since=ORIGIN + draw(st.integers(-50, 60)) * HOUR,
        window=draw(hours_or_none),
        hops=draw(st.integers(1, 2)),
    )
    said = draw(st.lists(st.tuples(stretch, st.integers(-30, 90)), max_size=3))
    answers = [
        entry(interval, f"{ORIGIN + hours * HOUR:%Y-%m-%d %H:%M}") for interval, hours in said
    ]
    return candidate(
        offered,
        obstacle=draw(st.sampled_from([None, None, None, "paused"])),
        blocked_until=draw(st.none() | hour.map(lambda n: ORIGIN + n * HOUR)),
        quota_left=draw(st.sampled_from([None, None, 0, 1, 2])),
        rulings=exclusions_from(answers),
        recent=tuple(draw(stretches)),
    )


routes = st.sampled_from(
    [
        (Zone(("a", "b", "c"), younger_than=30 * HOUR), Zone(("c", "b", "a"))),
        (Zone(("b",), younger_than=20 * HOUR), Zone(("a", "c"), current_month=True)),
        (Zone(("c", "a"), younger_than=48 * HOUR), Zone(("b",), current_month=True), Zone(("a",))),
    ]
)
nows = st.sampled_from([ORIGIN + 70 * HOUR, ORIGIN + timedelta(hours=80, minutes=20)])


class Scene(NamedTuple):
    """A series whose route has three sources, in any circumstances.

    Attributes:
        series: The series.
        offered: One candidate of each of the sources ``a``, ``b`` and ``c``.
        runs: Runs of hours within ``WINDOW``.
        now: The clock.
    """

    series: Series
    offered: list[Candidate]
    runs: list[Interval]
    now: datetime


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Draw a scene."""
    offered = [draw(offers(name)) for name in "abc"]
    return Scene(series(route=draw(routes)), offered, draw(stretches), draw(nows))


def _sources_of(of: Series, slot: datetime, now: datetime) -> tuple[str, ...]:
    """Return the sources of a slot as the route table reads."""
    for zone in of.route:
        if zone.younger_than is not None:
            if now - slot < zone.younger_than:
                return zone.sources
        elif not zone.current_month or slot >= at("2025-09-30 22:00"):
            return zone.sources
    return ()


def stand(c: Candidate, slot: datetime, now: datetime, above: Grade | None) -> str | datetime:
    """Return ``yes``, ``recent``, ``never`` or the instant to wait for, as the design reads."""
    offered = c.product
    out_of_reach = slot < offered.since or offered.resolution != HOUR
    no_better = above is not None and offered.grade <= above
    keeps_until = slot + offered.window if offered.window is not None else END_OF_TIME
    if c.obstacle or out_of_reach or no_better or keeps_until <= now:
        return "never"
    assert isinstance(offered.available, AfterEnd)
    out_at = slot + HOUR + offered.available.lag
    if out_at > now:
        return out_at
    ruled = [r for r in c.rulings.items if slot in r.interval and r.until > now]
    blocked = c.blocked_until if c.blocked_until and c.blocked_until > now else None
    until = ruled[0].until if ruled else blocked
    if until is not None:
        ruled_out = bool(ruled) and ruled[0].count > 1
        return "never" if ruled_out or until >= keeps_until else until
    if c.quota_left is not None and c.quota_left < offered.hops:
        return now + DAY
    return "recent" if any(slot in r for r in c.recent) else "yes"


def who(
    of: Series, offered: list[Candidate], slot: datetime, now: datetime, above: Grade | None = None
) -> Candidate | datetime | None:
    """Return who is to be asked for one slot, or until when to wait, as the design reads."""
    order = [c for name in _sources_of(of, slot, now) for c in offered if c.source.name == name]
    stands = {c.source.name: stand(c, slot, now, above) for c in order}
    for wanted in ("yes", "recent"):
        able = [c for c in order if stands[c.source.name] == wanted]
        if able and able[0].product.span == HOUR and able[0].product.grade < Grade.OBSERVED:
            return next((c for c in able if c.product.grade >= Grade.OBSERVED), able[0])
        if able:
            return able[0]
    return min((s for s in stands.values() if isinstance(s, datetime)), default=None)
