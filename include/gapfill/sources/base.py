"""What every source module speaks: an ask, an answer, and readings checked against the series."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain import tariff
from gapfill.domain.civil import local_date
from gapfill.domain.interval import Interval, iso
from gapfill.domain.reading import Reading
from gapfill.errors import MalformedPayload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from gapfill.domain.product import Product
    from gapfill.domain.series import Field, Series, Station

EXCERPT = 500
"""Longest piece of a body that an error, a log or the ledger may hold (conventions)."""

Claims = Callable[[int, bytes], bool]
"""Tells whether an HTTP status with this body is the API's way of saying something.

A hook turns 4xx and 5xx into errors, except those that the source's parser claims.
"""

_SHOWN = 40
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


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
        if self.station:
            return f"{self.product.source}/{self.station.id}"
        return tariff.origin(self.series, self.product)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One GET, as a source words it; the hook adds the root URL, headers and credentials.

    Attributes:
        path: Path below the root URL, starting with ``/``; or the whole URL that an
            answer named for a second hop, which must be of the root's host.
        params: Names and values of the query, in order; none of them a secret.
    """

    path: str
    params: tuple[tuple[str, str], ...] = ()


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
        days: Local dates, in the product's ``day_zone``, of which the answer held any
            row, asked for or not; empty for a product without one. A slot that lacks
            from such a day gets no verdict where the product publishes whole days.
    """

    readings: tuple[Reading, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    evidence: str = ""
    days: frozenset[date] = frozenset()


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
    """Return the first words of a body on one printable line, no longer than ``EXCERPT``."""
    start = body[: 4 * EXCERPT]
    text = start.decode("utf-8", "replace") if isinstance(start, bytes) else start
    line = " ".join(text.split())[:EXCERPT]
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)


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
    """Return a finite float for a number or a decimal text (point or comma), else ``None``.

    A text is a number only as people write one: no ``nan``, no ``1_000``, no ``1.234,5``.
    """
    if isinstance(value, str):
        text = value.strip()
        value = float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if math.isfinite(result) else None


def judge(known: Field, given: object) -> tuple[float | None, str]:
    """Return the value to store and nothing, or nothing and why it is not believed."""
    value = number(given)
    if value is None:
        return None, "is no finite number"
    if not known.minimum <= value <= known.maximum:
        return None, f"is outside {known.minimum:g} to {known.maximum:g} {known.unit}"
    return value, ""


def check(ask: Ask, rows: Iterable[RawRow], allowed: Interval, evidence: str) -> Answer:
    """Turn raw rows into readings on the series' grid, within the fields' bounds.

    A value that is no number or outside its field's bounds is reported and not stored;
    a slot left without a required field gives no reading. Rows outside the asked
    interval but inside ``allowed`` are dropped.

    Args:
        ask: What was asked.
        rows: Rows as parsed, in any order.
        allowed: What the request on the wire spoke of, ``[start, end)``; may be wider
            than what was asked, where requests are made of whole days.
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
            step = ask.series.grid.step_at(row.instant)
            raise malformed(
                ask, f"it holds a row for {iso(row.instant)}, off the series' grid of {step}"
            )
        if seen.setdefault(row.instant, row.values) != row.values:
            raise malformed(ask, f"it holds {iso(row.instant)} twice, with different values")
    checked = _Checked()
    for slot in sorted(seen):
        if slot in ask.interval:
            _check_slot(ask, slot, seen[slot], checked)
    zone = ask.product.day_zone
    days = frozenset(local_date(slot, zone) for slot in seen) if zone else frozenset[date]()
    return Answer(tuple(checked.readings), tuple(checked.rejected), evidence, days)


def _check_slot(ask: Ask, slot: datetime, raw: Mapping[str, object], checked: _Checked) -> None:
    values: dict[str, float] = {}
    for known in ask.series.fields:
        given = raw.get(known.name)
        if given is None:
            continue
        value, reason = judge(known, given)
        if value is None:
            checked.rejected.append(Rejected(slot, known.name, _shown(given), reason))
        else:
            values[known.name] = value
    if all(name in values for name in ask.series.required):
        grade = ask.product.grade_at(slot, ask.now)
        checked.readings.append(Reading(slot, values, grade, ask.origin))


def _shown(given: object) -> str:
    """Return a refused value as the report shows it."""
    return excerpt(str(given))[:_SHOWN] if isinstance(given, str | int | float) else "no number"
