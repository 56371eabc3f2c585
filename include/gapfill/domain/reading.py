"""One slot's values: as a source states them, and as a store holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from dataclasses import replace as _replace
from enum import Enum, auto
from operator import attrgetter
from typing import TYPE_CHECKING

from gapfill.domain.series import Grade

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime


UNKNOWN = "unknown"
"""Source of a value whose point has no provenance."""


def told_source(source: str | None) -> str:
    """Return a source as people read it; only another program writes without provenance."""
    return "another program" if source in {None, "", UNKNOWN} else str(source)


@dataclass(frozen=True, slots=True)
class Reading:
    """One slot's fields from one product.

    Attributes:
        slot: Start of the slot, UTC.
        values: Finite numbers by field name, in the catalogue's units.
        grade: How good it is.
        source: ``source`` or ``source/station``.
    """

    slot: datetime
    values: Mapping[str, float]
    grade: Grade
    source: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value that is not from the row's own source came from."""

    source: str
    grade: Grade


@dataclass(frozen=True, slots=True)
class Row:
    """One slot as a store holds it.

    Attributes:
        slot: Start of the slot, UTC.
        values: Numbers by field name; a field without a value is absent.
        grade: Grade of the row; the series' default for a point without provenance.
        source: Source of the row, ``None`` for a point without provenance.
        batch: Fill that wrote the point of ours that gave some of the values, ``None`` where
            others gave them all.
        kept: Fields that came from another source than the row's.
    """

    slot: datetime
    values: Mapping[str, float]
    grade: Grade
    source: str | None = None
    batch: str | None = None
    kept: Mapping[str, Origin] = field(default_factory=dict)

    def origin(self, name: str) -> Origin:
        """Return where the value of a field came from."""
        return self.kept.get(name) or Origin(self.source or UNKNOWN, self.grade)


def format_kept(kept: Mapping[str, Origin]) -> str | None:
    """Return ``kept`` as stored: ``field:source:grade`` separated by ``;``, ``None`` for none."""
    text = ";".join(
        f"{n}:{o.source.replace(';', ',')}:{int(o.grade)}" for n, o in sorted(kept.items())
    )
    return text or None


def parse_kept(text: str | None) -> dict[str, Origin]:
    """Parse what ``format_kept`` made.

    Raises:
        ValueError: If an entry has not three parts or an unknown grade.
    """
    kept: dict[str, Origin] = {}
    for entry in (text or "").split(";"):
        if entry:
            name, rest = entry.split(":", 1)
            source, grade = rest.rsplit(":", 1)
            kept[name] = Origin(source, Grade(int(grade)))
    return kept


class Replace(Enum):
    """Which stored values a reading replaces."""

    WORSE = auto()
    """Those of a lower grade."""
    EQUAL = auto()
    """Those of the same grade too (``refresh``)."""


def combine(
    row: Row | None,
    reading: Reading,
    batch: str,
    required: Sequence[str],
    *,
    replace: Replace = Replace.WORSE,
) -> Row | None:
    """Return what a slot holds after a reading, ``None`` where the reading changes nothing.

    Fields are merged one by one: a value is taken where the row has none of that field, or
    one of a lower grade; with ``Replace.EQUAL`` also where the grades are equal. All other
    values stay.

    Args:
        row: What the slot holds, if anything.
        reading: The values that a source gave; it may be without some required fields.
        batch: Id of the fill.
        required: Fields without which a slot is missing.
        replace: What the reading may replace.
    """
    taken = wins(row, reading, replace)
    if not taken:
        return None
    made = add(row, taken, batch, required)
    if row is None:
        return made
    is_same = _content(made) == _content(row) and (replace is Replace.WORSE or batch == row.batch)
    return None if is_same else made


def wins(row: Row | None, reading: Reading, replace: Replace) -> Reading | None:
    """Return a reading with the values that take the place of those of a row, ``None`` for none."""
    if row is None:
        return reading if reading.values else None
    yields_to = reading.grade if replace is Replace.EQUAL else reading.grade - 1
    taken = {
        name: value
        for name, value in reading.values.items()
        if name not in row.values or row.origin(name).grade <= yields_to
    }
    return _replace(reading, values=taken) if taken else None


def add(row: Row | None, reading: Reading, batch: str, required: Sequence[str]) -> Row:
    """Return a row with all values of a reading in the place of its own.

    The row's source and grade are those of its worst required field, so that a good reading
    of half the fields never passes for a whole one. Values of another origin are named in
    ``kept``, so that no row claims a source for a value that source did not give.

    Args:
        row: The row before, if there is one.
        reading: What is put into it.
        batch: Id of the fill.
        required: Fields without which a slot is missing.
    """
    own = Origin(reading.source, reading.grade)
    before = row.values if row else {}
    origins = {name: row.origin(name) for name in before} if row else {}
    values = {**before, **reading.values}
    return make_row(
        reading.slot, values, origins | dict.fromkeys(reading.values, own), batch, required, own
    )


def make_row(
    slot: datetime,
    values: Mapping[str, float],
    origins: Mapping[str, Origin],
    batch: str | None,
    required: Sequence[str],
    own: Origin | None = None,
) -> Row:
    """Return a row of values that have an origin each; it is as good as its worst required one.

    Args:
        slot: Start of the slot.
        values: At least one.
        origins: One for each value.
        batch: Id of the fill.
        required: Fields without which a slot is missing.
        own: The origin that names the row where several have the lowest grade.
    """
    of_row = _worst([origins[n] for n in required if n in origins] or origins.values(), own)
    kept = {name: origin for name, origin in origins.items() if origin != of_row}
    source = None if of_row.source == UNKNOWN else of_row.source
    return Row(slot, values, of_row.grade, source, batch, kept)


def _worst(origins: Iterable[Origin], own: Origin | None) -> Origin:
    """Return the origin of the lowest grade; of several, the reading's own where it is one."""
    return min(origins, key=lambda origin: (origin.grade, origin != own))


_content = attrgetter("values", "grade", "source", "kept")
