"""What a source said: raw rows before any check, checked readings, and what was dropped."""

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
"""Stands for the field where a whole row was dropped."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A value, or a whole row, that was not stored.

    Attributes:
        slot: Its slot; ``None`` where no time of it could be read.
        field: Its field; ``ROW`` for a whole row.
        value: As the source gave it, shortened.
        reason: Why it was not stored.
    """

    slot: datetime | None
    field: str
    value: str
    reason: str

    @property
    def said(self) -> str:
        """What was not stored and why, for people.

        A value is quoted where it is a text that is not a number; a row and a field that could
        not be read at all are told apart from a value.
        """
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
    """What a source said. Empty is a value; a failure is an exception.

    Attributes:
        readings: One per slot, in order, checked; each has at least one field.
        rejected: Values and rows that were not believed.
        evidence: Status and first words of the answer, for the ledger; no secrets.
        days: Local dates, in the product's ``day_zone``, of which the answer held any
            row, asked for or not; empty for a product without one. A slot that is missing
            from such a day gets no verdict where the product publishes whole days.
        proves: Whether what it is without is a verdict; not where the account may not see it.
        no_verdict: Asked slots about which the answer proves nothing: their row was
            dropped, or may be among the rows whose time could not be read, or they are
            null between the values of a model. A slot with a reading is among them where
            the answer proves nothing about a required field that the reading is without.
        facts: What the answer showed of the account, by name, to be remembered of the source.
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
        instant: Start of the period that it is about, UTC.
        values: As parsed, by field name: a number, a text, nothing, or anything else
            that a stranger may write.
    """

    instant: datetime
    values: Mapping[str, object]
