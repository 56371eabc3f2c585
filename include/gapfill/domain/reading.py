"""One slot's values: as a source states them, and as a store holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from operator import attrgetter
from typing import TYPE_CHECKING

from gapfill.domain.series import Grade

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


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
        batch: Fill that wrote it, ``None`` for a point of others.
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
        return self.kept.get(name) or Origin(self.source or "unknown", self.grade)


def format_kept(kept: Mapping[str, Origin]) -> str | None:
    """Return ``kept`` as stored: ``field:source:grade`` parted by ``;``, ``None`` for none."""
    text = ";".join(f"{n}:{o.source}:{int(o.grade)}" for n, o in sorted(kept.items()))
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
    """Which values that stand a reading may take the place of."""

    WORSE = auto()
    """Those of a lower grade."""
    EQUAL = auto()
    """Those of the same grade too (``refresh``)."""
    NOTHING = auto()
    """None: it adds what lacks (an enrichment)."""


def combine(
    row: Row | None,
    reading: Reading,
    batch: str,
    required: Sequence[str],
    *,
    replace: Replace = Replace.WORSE,
) -> Row | None:
    """Return the row to store for a reading, ``None`` where what stands is as good.

    A lower grade never overwrites a higher one; an equal one does so only with
    ``Replace.EQUAL``. A row that lacks a required field takes the reading, but each
    of its values of a higher grade stays. An optional field the reading lacks
    survives. The row's source and grade are those of its weakest required field, so
    that a good reading of half the fields never passes for a whole one. Whatever came
    from another source is named in ``kept``, so that no row claims a source for a
    value that source did not give. A reading that would change nothing is ``None``.

    Args:
        row: What stands, if anything.
        reading: What a source gave.
        batch: Id of the fill.
        required: Fields without which a slot is missing.
        replace: What the reading may take the place of.
    """
    if row is None:
        return Row(reading.slot, dict(reading.values), reading.grade, reading.source, batch)
    is_whole, is_refresh = all(name in row.values for name in required), replace is Replace.EQUAL
    if is_whole and replace is Replace.NOTHING:
        return _enriched(row, reading, batch, required)
    if is_whole:
        better = reading.grade > row.grade or (is_refresh and reading.grade == row.grade)
        if not better:
            return None
    own = Origin(reading.source, reading.grade)
    values, origins = dict(reading.values), dict.fromkeys(reading.values, own)
    for name, value in row.values.items():
        origin = row.origin(name)
        if name not in values or origin.grade > reading.grade:
            values[name], origins[name] = value, origin
    weakest = min((origins[n] for n in required if n in values), key=_rank, default=own)
    if weakest.grade == own.grade:
        weakest = own
    kept = {name: origin for name, origin in origins.items() if origin != weakest}
    made = Row(row.slot, values, weakest.grade, weakest.source, batch, kept)
    is_same = _says(made) == _says(row) and (not is_refresh or batch == row.batch)
    return None if is_same else made


def _enriched(row: Row, reading: Reading, batch: str, required: Sequence[str]) -> Row | None:
    """Return the row with the values it lacks, ``None`` where the reading has none of them.

    An optional value that the row only keeps from a source of a lower grade lacks, too.
    """
    own = Origin(reading.source, reading.grade)
    worse = {name for name, origin in row.kept.items() if origin.grade < own.grade}
    free = worse - set(required)
    added = {n: v for n, v in reading.values.items() if n not in row.values or n in free}
    kept = {name: origin for name, origin in row.kept.items() if name not in added}
    if own != Origin(row.source or "", row.grade):
        kept |= dict.fromkeys(added, own)
    made = Row(row.slot, {**row.values, **added}, row.grade, row.source, batch, kept)
    return made if added else None


_rank = attrgetter("grade")
_says = attrgetter("values", "grade", "source", "kept")
