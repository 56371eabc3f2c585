"""Who may be asked for the slots of a series: a product at a station, as it stands now."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from gapfill.domain.interval import END_OF_TIME, Interval, covers
from gapfill.domain.ledger import Rulings
from gapfill.domain.resolution import DAY

if TYPE_CHECKING:
    from datetime import datetime

    from gapfill.domain.product import Product, Source
    from gapfill.domain.series import Station


class Standing(StrEnum):
    """What a candidate can do for a slot."""

    SERVES = "serves"
    RECENT = "recent"
    NOT_OUT = "not_out"
    BLOCKED = "blocked"
    QUOTA_SPENT = "quota_spent"
    ASKED = "asked"
    RULED_OUT = "ruled_out"
    GONE = "gone"
    OUT_OF_REACH = "out_of_reach"
    OTHER_STEP = "other_step"
    NO_BETTER = "no_better"
    UNCONFIGURED = "unconfigured"


ASKABLE = (Standing.SERVES, Standing.RECENT)
"""Standings at which a slot may be asked now; ``RECENT`` only where nobody else serves it."""

WAITS = (Standing.NOT_OUT, Standing.BLOCKED, Standing.QUOTA_SPENT, Standing.ASKED)
"""Standings that pass with time, without the slot being given up."""


NOWHERE = Interval(END_OF_TIME, END_OF_TIME + DAY)
"""Reach of a candidate whose station and product have no date in common."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product, at one station where it has stations, as it stands now.

    Attributes:
        source: Its source.
        product: The product.
        station: The station, ``None`` where the product has none.
        obstacle: Why it is not configured, ``None`` where it is.
        blocked_until: When the source may be called again after a refusal.
        block_reason: What the refusal said.
        quota_left: Calls left of the daily quota, ``None`` for no quota.
        rulings: "No data" answers by slot.
        recent: Stretches that failed or were "not yet" in the last two hours, merged.
        held: Stretches it has, where that is known beforehand, as of files; merged.
        reach: Dates it has data for, whatever now is.
    """

    source: Source
    product: Product
    station: Station | None = None
    obstacle: str | None = None
    blocked_until: datetime | None = None
    block_reason: str = ""
    quota_left: int | None = None
    rulings: Rulings = field(default_factory=Rulings)
    recent: tuple[Interval, ...] = ()
    held: tuple[Interval, ...] | None = None
    reach: Interval = field(init=False)

    def __post_init__(self) -> None:
        """Work out the reach once: it is asked for at every slot."""
        reach: Interval | None = Interval(self.product.since, END_OF_TIME)
        if self.station is not None:
            reach = self.station.reach.intersection(Interval(self.product.since, END_OF_TIME))
        object.__setattr__(self, "reach", reach or NOWHERE)

    @property
    def name(self) -> str:
        """Return ``source product`` and the station, for people."""
        station = f" at {self.station.id}" if self.station else ""
        return f"{self.source.name} {self.product.name}{station}"

    def has(self, slot: datetime) -> bool:
        """Tell whether a slot lies in its reach."""
        return slot in self.reach and (self.held is None or covers(self.held, slot))

    @property
    def opening_calls(self) -> int:
        """Calls of each unit before its first request; none for what is no API."""
        return self.source.opening_calls if self.product.hops else 0

    @property
    def origin(self) -> str:
        """Return what its readings name as their source."""
        return f"{self.source.name}/{self.station.id}" if self.station else self.source.name
