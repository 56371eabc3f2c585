"""Why a write was refused in part, slot by slot, and the sentence for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from gapfill.domain.candidate import RefusedRun
from gapfill.domain.formatting import by_days, ranges
from gapfill.domain.interval import Interval, iso
from gapfill.domain.series import Series
from gapfill.stores.influxdb import refused_slots as refused
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.names import PROVENANCE

RANGES = 10
"""Up to this number of ranges of a shard are named; otherwise the shard and the number of slots."""

RANGES_IN_ALL = 40
"""If all shards together have more ranges, only shards and numbers of slots are named."""

CLAUSES = 10
"""If there are more shards, neighbouring shards with the same cause are named as one stretch."""


class Cause(NamedTuple):
    """Why the point of a slot was not written as it was.

    Attributes:
        shard: The shard of the slot, ``None`` if that is not known.
        fields: The refused fields and their types in the shard; empty for another cause.
        is_lost: Whether the point is refused; otherwise it is written without the fields.
        is_old: Whether the point is older than the bucket keeps points.
    """

    shard: Interval | None
    fields: tuple[tuple[str, str], ...]
    is_lost: bool
    is_old: bool = False


@dataclass(slots=True)
class Refusals:
    """The refused points of one write.

    Attributes:
        series: The series of the points.
        total: Number of points of the write.
        by_slot: The cause for each slot that was refused or written without a field.
        pieces: A stretch that is certainly in one shard with the slot, if that is known.
        words: The server's words about points that are too old (``True``), and about others.
        runs: The refusals that are remembered, as messages show them.
    """

    series: Series
    total: int
    by_slot: dict[datetime, Cause] = field(default_factory=dict)
    pieces: dict[datetime, Interval] = field(default_factory=dict)
    words: dict[bool, str] = field(default_factory=dict)
    runs: list[RefusedRun] = field(default_factory=list)

    def add(self, slot: datetime, cause: Cause, piece: Interval | None = None) -> None:
        """Note why a point was refused; fields without which it was written are collected."""
        before = self.by_slot.get(slot)
        if before and not before.is_lost and not cause.is_lost:
            cause = cause._replace(fields=tuple(sorted({*before.fields, *cause.fields})))
        self.by_slot[slot] = cause
        if piece is not None:
            self.pieces[slot] = piece

    def slots(self, *, is_lost: bool) -> list[datetime]:
        """Return the slots that were refused, or those that were written without a field."""
        return sorted(slot for slot, cause in self.by_slot.items() if cause.is_lost is is_lost)

    def by_cause(self) -> dict[Cause, list[datetime]]:
        """Return the slots of each cause, causes and slots in order of time."""
        found: dict[Cause, list[datetime]] = {}
        for slot in sorted(self.by_slot):
            found.setdefault(self.by_slot[slot], []).append(slot)
        return found


def sentence(server: InfluxClient, found: Refusals) -> str:
    """Return the error of a write that was refused in part.

    It names each shard and field, with the ranges of slots or, if there are many, their number.

    Args:
        server: The server.
        found: The refused points, and why.
    """
    causes = found.by_cause()
    runs = sum(len(refused.runs_of(found.series, slots)) for slots in causes.values())
    is_named = runs <= RANGES_IN_ALL
    typed = {cause: slots for cause, slots in causes.items() if cause.fields}
    access = server.access
    said = []
    if typed:
        clauses = (_clause(found, one, is_named=is_named) for one in _few(typed))
        who = f"The store (connection {access.conn_id}, bucket {access.bucket!r})"
        said = [f"{who} {'; it '.join(clauses)}"]
    for is_old in (True, False):
        slots = [
            slot
            for slot, cause in sorted(found.by_slot.items())
            if not cause.fields and cause.is_old is is_old
        ]
        if slots:
            said.append(_untyped(found, slots, is_old=is_old, is_named=is_named))
    if not said:
        none = f"0 of {found.total} slots of {found.series.name} were refused"
        said = [" ".join([*found.words.values(), none])]
    others = "; the others are written" if len(found.by_slot) < found.total else ""
    return " ".join([f"{'. '.join(said)}{others}.", *_steps(found.series, typed)])


class _Stretch(NamedTuple):
    """Slots of one cause, in one shard or in shards next to one another."""

    cause: Cause
    slots: list[datetime]
    shards: int


def _few(typed: Mapping[Cause, list[datetime]]) -> list[_Stretch]:
    """Return the slots of each cause; of many causes, those of neighbouring shards together."""
    stretches = [_Stretch(cause, slots, 1) for cause, slots in typed.items()]
    if len(stretches) <= CLAUSES:
        return stretches
    found: list[_Stretch] = []
    for one in sorted(stretches, key=lambda one: (one.cause.fields, one.cause.is_lost)):
        whole = _together(found[-1], one) if found else None
        if whole:
            found[-1] = whole
        else:
            found.append(one)
    return sorted(found, key=lambda one: one.slots[0])


def _together(left: _Stretch, right: _Stretch) -> _Stretch | None:
    """Return two stretches as one, ``None`` if they have different causes or do not touch."""
    first, last = left.cause.shard, right.cause.shard
    if left.cause._replace(shard=None) != right.cause._replace(shard=None):
        return None
    if first is None or last is None or first.end != last.start:
        return None
    cause = left.cause._replace(shard=Interval(first.start, last.end))
    return _Stretch(cause, [*left.slots, *right.slots], left.shards + right.shards)


def _clause(found: Refusals, one: _Stretch, *, is_named: bool) -> str:
    """Return which types the shards of a stretch have, and which slots that affects."""
    names = " and ".join(name for name, _ in one.cause.fields)
    kinds = {kind for _, kind in one.cause.fields}
    held = f"{names} of {found.series.measurement} as {' and '.join(sorted(kinds))}"
    if len(kinds) > 1:
        fields = " and ".join(f"{name} as {kind}" for name, kind in one.cause.fields)
        held = f"{fields} in {found.series.measurement}"
    shard = one.cause.shard
    where = f"the shard {by_days(shard)}" if shard else "the shard of these slots"
    if shard and one.shards > 1:
        where = f"the {one.shards} shards {by_days(shard)}"
    what = "slots were refused there"
    if not one.cause.is_lost:
        what = f"slots were written without {names} there"
    places = _places(found.series, one.slots, is_named=is_named, is_bounded=shard is None)
    return f"holds {held} in {where}, so {len(one.slots)} of {found.total} {what}{places}"


def _untyped(found: Refusals, slots: Sequence[datetime], *, is_old: bool, is_named: bool) -> str:
    """Return the refusal without a type as its cause: the server's words, or too old slots."""
    refusal = f"{len(slots)} of {found.total} slots of {found.series.name} were refused"
    places = _places(found.series, slots, is_named=is_named, is_bounded=True)
    words = found.words.get(is_old)
    if words:
        return f"{words} {refusal}{places}"
    why = " as older than the bucket keeps points" if is_old else ""
    return f"{refusal}{why}{places}"


def _places(
    series: Series, slots: Sequence[datetime], *, is_named: bool, is_bounded: bool = False
) -> str:
    """Return the ranges of slots if they fit into a sentence, or else the bounds of all of them."""
    runs = refused.runs_of(series, slots)
    if is_named and len(runs) <= RANGES:
        return f", from {ranges(runs, RANGES)}"
    if is_bounded:
        return f", in {len(runs)} ranges between {iso(runs[0].start)} and {iso(runs[-1].end)}"
    return f", in {len(runs)} ranges"


def _steps(series: Series, typed: Collection[Cause]) -> list[str]:
    """Return what a person can do about types."""
    names = sorted({name for cause in typed for name, _ in cause.fields})
    steps = []
    if any(name not in PROVENANCE for name in names):
        shards = "shards" if len({cause.shard for cause in typed}) > 1 else "shard"
        steps.append(
            f"To make floats of the {shards}: gapfill retype {series.name} "
            "(docs/how_to/influxdb.md, Refused points)."
        )
    own = " and ".join(name for name in names if name in PROVENANCE)
    if own:
        steps.append(f"Another program writes {own}: let it use another name.")
    return steps
