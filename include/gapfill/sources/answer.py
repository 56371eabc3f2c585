"""The answer of a source: raw rows, checked readings, and rejected values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from gapfill.domain.interval import iso
from gapfill.domain.reading import Reading

_NUMBER = re.compile(r"[+-]?\d+([.,]\d*)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_PLAIN = ("an object", "a list", "null", "True", "False")

ROW = "row"
"""Field name that marks a whole rejected row."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A value, or a whole row, that Gapfill does not store.

    Attributes:
        slot: Its slot; ``None`` if its time cannot be read.
        field: Its field; ``ROW`` for a whole row.
        value: As the source gave it, shortened.
        reason: Why it is not stored.
    """

    slot: datetime | None
    field: str
    value: str
    reason: str

    @property
    def said(self) -> str:
        """The value or row with the reason, in one sentence; a text is quoted."""
        if self.field == ROW:
            row = f"the row of {iso(self.slot)}" if self.slot else "a row"
            return f"{row} {self.reason} ({self.value})"
        if self.slot is None:
            return f"{self.field}: {self.value} {self.reason}"
        is_plain = self.value in _PLAIN or _NUMBER.fullmatch(self.value)
        value = self.value if is_plain else repr(self.value)
        return f"{self.field} of {iso(self.slot)} is {value}, which {self.reason}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a source. An empty answer is a value; a failure is an exception.

    Attributes:
        readings: One per slot, in order, checked; each has at least one field.
        rejected: Values and rows that failed a check.
        evidence: Status and first words of the answer, for the ledger; no secrets.
        days: Local dates, in the product's ``day_zone``, for which the answer has any row,
            requested or not; empty for a product without one. If the product publishes
            whole days, a slot missing from such a day is not marked as "no data".
        proves: Whether a missing slot counts as "no data"; false if the account may not see it.
        no_verdict: Requested slots about which the answer proves nothing: their row was
            dropped, or may be among the rows whose time cannot be read, or they are
            null between the values of a model. A slot with a reading is included if the
            answer proves nothing about a required field that the reading does not have.
        facts: Facts about the account, by name, that the source's state keeps.
    """

    readings: tuple[Reading, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    evidence: str = ""
    days: frozenset[date] = frozenset()
    proves: bool = True
    no_verdict: frozenset[datetime] = frozenset()
    facts: Mapping[str, float] = field(default_factory=dict)


class RawRow(NamedTuple):
    """One row of a payload before any check.

    Attributes:
        instant: Start of its period, UTC.
        values: As parsed, by field name; of any JSON type.
    """

    instant: datetime
    values: Mapping[str, object]
