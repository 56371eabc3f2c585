"""Values of one slot: from a source (``Reading``), and in a store (``Row``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as _replace
from datetime import datetime
from enum import Enum, auto
from operator import attrgetter

from gapfill.domain.series import Grade

UNKNOWN = "unknown"
"""Source of a value whose point has no provenance."""


def told_source(source: str | None) -> str:
    """Return a source for people; a value without provenance is from another program."""
    return "another program" if source in {None, "", UNKNOWN} else str(source)


@dataclass(frozen=True, slots=True)
class Reading:
    """One slot's fields from one product.

    Attributes:
        slot: Start of the slot, UTC.
        values: Finite numbers by field name, in the catalogue's units.
        grade: Its grade.
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
        batch: Fill that wrote Gapfill's own point with some of the values, ``None`` if all values
            are from points of other programs.
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
    """Parse the text of ``format_kept``.

    Raises:
        ValueError: If an entry does not have three parts, or its grade is unknown.
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
    """Return the row of a slot after a reading, ``None`` if the reading changes nothing.

    Fields are merged one by one: a value of the reading is used if the row does not have the
    field or has it with a lower grade; with ``Replace.EQUAL`` also with the same grade. All other
    values stay.

    Args:
        row: The stored row, if any.
        reading: Values from a source; some required fields may be absent.
        batch: Id of the fill.
        required: Fields without which a slot is missing.
        replace: Which values the reading may replace.
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
    """Return a reading with only the values that replace those of a row, ``None`` for none."""
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
    """Return a row with all values of a reading in place of its own.

    The row's source and grade are those of its worst required field, so that a good reading of
    half the fields never counts as a complete one. ``kept`` names values of another origin, so
    that a row never names a source for a value of another one.
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
    """Return a row of values with an origin each; its grade is that of its worst required field.

    Args:
        slot: Start of the slot.
        values: At least one.
        origins: One for each value.
        batch: Id of the fill.
        required: Fields without which a slot is missing.
        own: The origin of the row if several have the lowest grade.
    """
    of_row = _worst([origins[n] for n in required if n in origins] or origins.values(), own)
    kept = {name: origin for name, origin in origins.items() if origin != of_row}
    source = None if of_row.source == UNKNOWN else of_row.source
    return Row(slot, values, of_row.grade, source, batch, kept)


def _worst(origins: Iterable[Origin], own: Origin | None) -> Origin:
    """Return the origin with the lowest grade; ``own`` if it is one of several."""
    return min(origins, key=lambda origin: (origin.grade, origin != own))


_content = attrgetter("values", "grade", "source", "kept")
