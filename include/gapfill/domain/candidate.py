"""What may be asked for the slots of a series: a product at a station, in its present state."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.grid import DAY
from gapfill.domain.interval import END_OF_TIME, Interval, covers
from gapfill.domain.ledger import Exclusions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gapfill.domain.ledger import Exclusion
    from gapfill.domain.product import Product, Source
    from gapfill.domain.series import Series, Station


class Eligibility(StrEnum):
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
    NO_FIELD = "no_field"
    LATER_STATION = "later_station"
    NO_BETTER = "no_better"
    UNCONFIGURED = "unconfigured"
    PAUSED = "paused"
    BROKEN = "broken"
    REFUSED = "refused"


ASKABLE = (Eligibility.SERVES, Eligibility.RECENT)
"""Standings at which a slot may be asked now; ``RECENT`` only where nobody else serves it."""

WAITS = (Eligibility.NOT_OUT, Eligibility.BLOCKED, Eligibility.QUOTA_SPENT, Eligibility.ASKED)
"""Standings that pass with time, without the slot being given up."""


class Obstacle(NamedTuple):
    """Why a product cannot be asked, as this installation is set up.

    Attributes:
        sentence: The reason, for people; it continues a sentence that names the product.
        needs: Id of the connection, or name of the setting, that would set it up. Empty where
            an operator does not want the source (``"paused": true``), or where it is broken.
        is_broken: Whether it is set up and cannot be used: an error, never "not set up".
        is_incomplete: Whether one of two credentials is there, so that somebody wanted the
            source: worth a note, also where others cover every slot.
    """

    sentence: str
    needs: str = ""
    is_broken: bool = False
    is_incomplete: bool = False

    @property
    def eligibility(self) -> Eligibility:
        """Return what it means for every slot that the product could serve."""
        if self.is_broken:
            return Eligibility.BROKEN
        return Eligibility.UNCONFIGURED if self.needs else Eligibility.PAUSED


class RefusedRun(NamedTuple):
    """Slots that the store does not take as it is set up now, whoever has them.

    Attributes:
        interval: The slots, ``[start, end)``.
        reason: Why, and what to do; it begins with "the store" or "the bucket".
        field: The one optional field that it does not take; empty for the slots as such.
    """

    interval: Interval
    reason: str
    field: str = ""


class Unusable(NamedTuple):
    """Slots that a product of files has something about, and no usable value.

    Attributes:
        interval: The slots, ``[start, end)``.
        reason: What its files say, with file and line; it continues a sentence that names the
            product.
        is_error: Whether a person must correct a file: never the same as "has none".
    """

    interval: Interval
    reason: str
    is_error: bool = False


NOWHERE = Interval(END_OF_TIME, END_OF_TIME + DAY)
"""Reach of a candidate whose station and product have no date in common."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product, at one station where it has stations, as it stands now.

    Attributes:
        source: Its source.
        product: The product.
        station: The station, ``None`` where the product has none.
        obstacle: Why it cannot be asked as it is set up here, ``None`` where it can.
        blocked_until: When the source may be called again after a refusal.
        block_reason: What the refusal said.
        quota_left: Calls left of the daily quota, ``None`` for no quota.
        rulings: "No data" answers by slot, whatever the field.
        field_rulings: The same by field, of fields that some answers were without.
        recent: Stretches that failed or were "not yet" in the last two hours, merged.
        field_recent: The same by field, of fields that some answers were without.
        just_now: Stretches that failed or were "not yet" in the last quarter of an hour, merged.
        in_vain: The same in the last day.
        silent: Stretches that it answered with "not yet" in the last day, merged.
        unreached: Stretches for which it could not be reached in the last two hours, merged.
        key_refused: Those of them that were not given as the key was refused, merged.
        without: By field, the slots that it has answered without it, merged.
        never: Fields that its station never reports, as many of its rows have shown.
        refused: What the store would not take.
        held: Stretches it has, where that is known beforehand, as of files; merged.
        unusable: What it has and cannot be used, of slots that are not in ``held``.
        reach: Dates it has data for, whatever now is.
    """

    source: Source
    product: Product
    station: Station | None = None
    obstacle: Obstacle | None = None
    blocked_until: datetime | None = None
    block_reason: str = ""
    quota_left: int | None = None
    rulings: Exclusions = field(default_factory=Exclusions)
    field_rulings: Mapping[str, Exclusions] = field(default_factory=dict)
    recent: tuple[Interval, ...] = ()
    field_recent: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)
    just_now: tuple[Interval, ...] = ()
    in_vain: tuple[Interval, ...] = ()
    silent: tuple[Interval, ...] = ()
    unreached: tuple[Interval, ...] = ()
    key_refused: tuple[Interval, ...] = ()
    without: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)
    never: frozenset[str] = frozenset()
    held: tuple[Interval, ...] | None = None
    refused: tuple[RefusedRun, ...] = ()
    unusable: tuple[Unusable, ...] = ()
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
        station = f" at {self.station.label}" if self.station else ""
        return f"{self.source.name} {self.product.name}{station}"

    def has(self, slot: datetime) -> bool:
        """Tell whether a slot lies in its reach."""
        return slot in self.reach and (self.held is None or covers(self.held, slot))

    def why_not_usable(self, slot: datetime) -> Unusable | None:
        """Return why what it has of a slot cannot be used, ``None`` where it has nothing of it."""
        if slot not in self.reach:
            return None
        return next((one for one in self.unusable if slot in one.interval), None)

    def gives(self, series: Series, name: str) -> bool:
        """Tell whether it is worth asking for a field of a series.

        Every product of the series' quantity is taken to give the required fields; optional
        ones are those that the catalogue names.
        """
        return name in series.required or name in self.product.gives

    def exclusion(self, slot: datetime, name: str | None = None) -> Exclusion | None:
        """Return the ruling on a slot, or on one field of it; ``None`` where there is none."""
        return self.field_rulings.get(name or "", self.rulings).at(slot)

    def is_recent(self, slot: datetime, name: str | None = None) -> bool:
        """Tell whether a slot, or a field of it, failed or was "not yet" in the last two hours."""
        return covers(self.field_recent.get(name or "", self.recent), slot)

    def refusal(self, slot: datetime, name: str | None = None) -> RefusedRun | None:
        """Return why the store takes no value of a slot, or of one field of it."""
        for one in self.refused:
            if slot in one.interval and one.field in ("", name):
                return one
        return None

    def came_without(self, slot: datetime, name: str) -> bool:
        """Tell whether it has answered for a slot without this field, or never reports it."""
        return name in self.never or covers(self.without.get(name, ()), slot)

    @property
    def opening_calls(self) -> int:
        """Calls of each unit before its first request; none for what is no API."""
        return self.source.opening_calls if self.product.hops else 0

    @property
    def origin(self) -> str:
        """Return what its readings name as their source."""
        return f"{self.source.name}/{self.station.id}" if self.station else self.source.name
