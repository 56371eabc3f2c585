"""Candidates for the slots of a series: a product, at a station, in its present state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from gapfill.domain.grid import DAY
from gapfill.domain.interval import END_OF_TIME, Interval, covers
from gapfill.domain.ledger import Exclusion, Exclusions
from gapfill.domain.local_time import local_date
from gapfill.domain.product import Product, Source
from gapfill.domain.run_lookup import RunLookup
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
"""A slot may be asked for now; with ``RECENT`` only if no other candidate serves it."""

WAITS = (Eligibility.NOT_OUT, Eligibility.BLOCKED, Eligibility.QUOTA_SPENT, Eligibility.ASKED)
"""The candidate can serve the slot later."""


class Obstacle(NamedTuple):
    """Why this installation cannot ask a product.

    Attributes:
        sentence: The reason, for people. It continues a sentence that begins with the product.
        needs: Id of the connection, or name of the setting, that would set it up. Empty if the
            operator does not want the source (``"paused": true``), or if it is broken.
        is_broken: Whether it is set up but cannot be used: an error, never "not set up".
        is_incomplete: Whether only one of two credentials is set, so that an operator wanted the
            source: worth a note even if other sources cover every slot.
    """

    sentence: str
    needs: str = ""
    is_broken: bool = False
    is_incomplete: bool = False

    @property
    def eligibility(self) -> Eligibility:
        """Return the eligibility for every slot that the product could serve."""
        if self.is_broken:
            return Eligibility.BROKEN
        return Eligibility.UNCONFIGURED if self.needs else Eligibility.PAUSED


class RefusedRun(NamedTuple):
    """Slots that the store refuses as it is set up now, from every source.

    Attributes:
        interval: The slots, ``[start, end)``.
        reason: The reason and the next step; it begins with "the store" or "the bucket".
        field: The one optional field that it refuses; empty for the whole slots.
    """

    interval: Interval
    reason: str
    field: str = ""


class RefusedRuns:
    """Slots that the store refuses, with a look-up by slot and field in logarithmic time."""

    __slots__ = ("_by_field", "items")

    def __init__(self, items: Sequence[RefusedRun] = ()) -> None:
        """Keep the runs; where several hold a slot, the first one counts."""
        self.items = tuple(items)
        self._by_field = {
            name: RunLookup([one for one in self.items if one.field in ("", name)])
            for name in {"", *(one.field for one in self.items)}
        }

    def at(self, slot: datetime, field: str | None = None) -> RefusedRun | None:
        """Return why the store refuses a slot, or one field of it; ``None`` if it does not."""
        return self._by_field.get(field or "", self._by_field[""]).at(slot)


class Unusable(NamedTuple):
    """Slots for which a product of files has rows, but no usable value.

    Attributes:
        interval: The slots, ``[start, end)``.
        reason: The problem in its files, with file and line. It continues a sentence that begins
            with the product.
        is_error: Whether a person must correct a file; this never counts as "has none".
    """

    interval: Interval
    reason: str
    is_error: bool = False


NOWHERE = Interval(END_OF_TIME, END_OF_TIME + DAY)
"""Reach of a candidate whose station and product share no date."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product, at one station if it has stations, in its present state.

    Attributes:
        source: Its source.
        product: The product.
        station: The station, ``None`` if the product has none.
        obstacle: Why this installation cannot ask it, ``None`` if it can.
        blocked_until: When the source may be called again after a refusal.
        block_reason: Text of the refusal.
        quota_left: Calls left of the daily quota, ``None`` for no quota.
        rulings: Exclusions by slot, for all fields.
        field_rulings: Exclusions by field, for fields that were missing from some answers.
        recent: Intervals that failed or were "not yet" in the last two hours, merged.
        field_recent: The same by field, for fields that were missing from some answers.
        just_now: Intervals that failed or were "not yet" in the last quarter of an hour, merged.
        in_vain: The same in the last day.
        silent: Intervals that it answered with "not yet" in the last day, merged.
        unreached: Intervals for which it could not be reached in the last two hours, merged.
        key_refused: Those of them for which it refused the key, merged.
        without: By field, the slots that it answered without this field, merged.
        never: Fields that its station never reports, as many of its rows show.
        refused: Slots that the store refuses.
        held: Intervals that it has, if that is known without a request (files); merged.
        unusable: Slots outside ``held`` for which it has only unusable rows.
        reach: Dates for which it has data, independent of now.
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
    refused: RefusedRuns = field(default_factory=RefusedRuns)
    unusable: RunLookup[Unusable] = field(default_factory=RunLookup)
    reach: Interval = field(init=False)

    def __post_init__(self) -> None:
        """Calculate the reach once: every slot needs it."""
        reach: Interval | None = Interval(self.product.since, END_OF_TIME)
        if self.station is not None:
            reach = self.station.reach.intersection(Interval(self.product.since, END_OF_TIME))
        object.__setattr__(self, "reach", reach or NOWHERE)

    @property
    def name(self) -> str:
        """Return ``source product`` and the station, for people."""
        station = f" at {self.station.label}" if self.station else ""
        return f"{self.source.name} {self.product.name}{station}"

    @property
    def is_paused(self) -> bool:
        """Whether the operator does not want its source."""
        return self.obstacle is not None and self.obstacle.eligibility is Eligibility.PAUSED

    @property
    def dates(self) -> str:
        """Return the dates of its reach, for people: ``from 2020-01-01 to 2024-12-31``."""
        first, last = (
            local_date(instant, self.product.day_zone or "UTC")
            for instant in (self.reach.start, self.reach.end - timedelta(microseconds=1))
        )
        return f"from {first}" + (f" to {last}" if self.reach.end < END_OF_TIME else "")

    def has(self, slot: datetime) -> bool:
        """Return whether a slot lies in its reach."""
        return slot in self.reach and (self.held is None or covers(self.held, slot))

    def why_not_usable(self, slot: datetime) -> Unusable | None:
        """Return why its rows of a slot cannot be used, ``None`` if it has no such row."""
        return self.unusable.at(slot) if slot in self.reach else None

    def gives(self, series: Series, name: str) -> bool:
        """Return whether it can have a field of a series.

        Every product of the series' quantity counts as having the required fields; the
        catalogue names the optional fields that a product has.
        """
        return name in series.required or name in self.product.gives

    def exclusion(self, slot: datetime, name: str | None = None) -> Exclusion | None:
        """Return the exclusion of a slot, or of one field of it; ``None`` if there is none."""
        return self.field_rulings.get(name or "", self.rulings).at(slot)

    def is_recent(self, slot: datetime, name: str | None = None) -> bool:
        """Return whether a slot, or a field of it, failed or was "not yet" within 2 h."""
        return covers(self.field_recent.get(name or "", self.recent), slot)

    def refusal(self, slot: datetime, name: str | None = None) -> RefusedRun | None:
        """Return why the store refuses a slot, or one field of it; ``None`` if it does not."""
        return self.refused.at(slot, name)

    def came_without(self, slot: datetime, name: str) -> bool:
        """Return whether it answered for a slot without this field, or never reports it."""
        return name in self.never or covers(self.without.get(name, ()), slot)

    @property
    def opening_calls(self) -> int:
        """Calls of each unit before its first request; 0 for a product that is not an API."""
        return self.source.opening_calls if self.product.hops else 0

    @property
    def origin(self) -> str:
        """Return the source that its readings name."""
        return f"{self.source.name}/{self.station.id}" if self.station else self.source.name
