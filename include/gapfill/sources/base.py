"""What every source module speaks: an ask, an answer, and readings checked against the series."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.interval import Interval, iso
from gapfill.domain.reading import Reading
from gapfill.errors import MalformedPayload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from gapfill.domain.product import Product
    from gapfill.domain.series import Grade, Series, Station

EXCERPT = 500
"""Longest piece of a body that an error, a log or the ledger may hold (conventions)."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, as a source is given it.

    Attributes:
        series: Whose slots.
        product: What is asked.
        station: Where, for products that have stations.
        interval: ``[start, end)`` of the slots asked for.
        now: The clock.
    """

    series: Series
    product: Product
    station: Station | None
    interval: Interval
    now: datetime

    @property
    def origin(self) -> str:
        """Return what its readings name as their source."""
        return f"{self.product.source}/{self.station.id}" if self.station else self.product.source


@dataclass(frozen=True, slots=True)
class Rejected:
    """A value that was not stored.

    Attributes:
        slot: Its slot.
        field: Its field.
        value: As the source gave it, shortened.
        reason: Why it was not stored.
    """

    slot: datetime
    field: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source said. Empty is a value; a failure is an exception.

    Attributes:
        readings: One per slot, in order, checked.
        rejected: Values that were not believed.
        evidence: Status and first words of the answer, for the ledger; no secrets.
    """

    readings: tuple[Reading, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    evidence: str = ""


class RawRow(NamedTuple):
    """One row of a payload before any check.

    Attributes:
        instant: Start of the period it speaks of, UTC.
        values: As parsed: a number, a text or nothing, by field name.
    """

    instant: datetime
    values: Mapping[str, object]


@dataclass(slots=True)
class _Checked:
    readings: list[Reading] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def excerpt(body: bytes | str) -> str:
    """Return the first words of a body on one line, no longer than ``EXCERPT``."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    return " ".join(text.split())[:EXCERPT]


def malformed(ask: Ask, problem: str) -> MalformedPayload:
    """Return the error for an answer that is not an answer to what was asked."""
    return MalformedPayload(
        f"{ask.product.source} {ask.product.name} for {ask.series.name} {ask.interval}: {problem}. "
        "Nothing of it was stored; see docs/runbook.md, MalformedPayload.",
        source=ask.product.source,
        series=ask.series.name,
        interval=ask.interval,
    )


def number(value: object) -> float | None:
    """Return a finite float for a number or a decimal text (point or comma), else ``None``."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        value = value.strip().replace(",", ".")
    try:
        result = float(value)  # type: ignore[arg-type] - whatever JSON held; TypeError is caught
    except (TypeError, ValueError):
        return None
    return result if math.isfinite(result) else None


def check(
    ask: Ask, rows: Iterable[RawRow], allowed: Interval, grade: Grade, evidence: str
) -> Answer:
    """Turn raw rows into readings on the series' grid, within the fields' bounds.

    A value that is no number or outside its field's bounds is reported and not stored;
    a slot left without a required field gives no reading. Rows outside the asked
    interval but inside ``allowed`` are dropped.

    Args:
        ask: What was asked.
        rows: Rows as parsed, in any order.
        allowed: What the request on the wire spoke of, ``[start, end)``; may be wider
            than what was asked, where requests are made of whole days.
        grade: Grade of the readings.
        evidence: For the ledger.

    Raises:
        MalformedPayload: If a row lies outside ``allowed`` or off the grid, or a slot
            comes twice with different values.
    """
    seen: dict[datetime, Mapping[str, object]] = {}
    for row in rows:
        if row.instant not in allowed:
            raise malformed(ask, f"it holds a row for {iso(row.instant)}, which was not asked")
        if ask.series.grid.floor(row.instant) != row.instant:
            raise malformed(ask, f"it holds a row for {iso(row.instant)}, off the grid")
        if seen.setdefault(row.instant, row.values) != row.values:
            raise malformed(ask, f"it holds {iso(row.instant)} twice, with different values")
    checked = _Checked()
    for slot in sorted(seen):
        if slot in ask.interval:
            _check_slot(ask, slot, seen[slot], grade, checked)
    return Answer(tuple(checked.readings), tuple(checked.rejected), evidence)


def _check_slot(
    ask: Ask, slot: datetime, raw: Mapping[str, object], grade: Grade, checked: _Checked
) -> None:
    values: dict[str, float] = {}
    for known in ask.series.fields:
        given = raw.get(known.name)
        if given is None:
            continue
        value = number(given)
        if value is None:
            reason = "is no finite number"
        elif not known.minimum <= value <= known.maximum:
            reason = f"is outside {known.minimum:g} to {known.maximum:g} {known.unit}"
        else:
            values[known.name] = value
            continue
        checked.rejected.append(Rejected(slot, known.name, excerpt(str(given))[:40], reason))
    if all(name in values for name in ask.series.required):
        checked.readings.append(Reading(slot, values, grade, ask.origin))
