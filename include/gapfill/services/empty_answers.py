"""Decides whether an empty answer proves "no data", or may be a sign of an outage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.services.ports import LedgerStore

DAY = timedelta(days=1)
"""How far back other answers of the source count: the time between two "no data" answers."""

LONGEST_DAY = timedelta(hours=25)
"""The longest civil day: the clock is set back."""

_EMPTY = (Outcome.NO_DATA, Outcome.NOT_YET, Outcome.UNPROVEN)

OUTAGE = "and all other answers of the source were empty too"


def doubt_outage(
    store: LedgerStore, source: str, entries: Sequence[LedgerEntry], now: datetime
) -> list[LedgerEntry]:
    """Return the lines of one completely empty answer; ``UNPROVEN`` if it proves nothing.

    An empty answer proves nothing while the publisher shows signs of an outage: it returned no
    reading for any series within a day, and more than one day, station or series was empty.

    Raises:
        StoreError: If the ledger cannot be read.
    """
    if not any(entry.outcome is Outcome.NO_DATA for entry in entries):
        return list(entries)
    others = store.answers(source, now - DAY)
    if any(entry.outcome is Outcome.FILLED for entry in others):
        return list(entries)
    if not _is_wide([e for e in (*others, *entries) if e.outcome in _EMPTY]):
        return list(entries)
    return as_unproven(entries, f", {OUTAGE}")


def as_unproven(entries: Sequence[LedgerEntry], why: str = "") -> list[LedgerEntry]:
    """Return lines with ``UNPROVEN`` in place of "no data", and a text after their evidence."""
    return [
        replace(e, outcome=Outcome.UNPROVEN, evidence=f"{e.evidence.rstrip('.')}{why}")
        if e.outcome is Outcome.NO_DATA
        else e
        for e in entries
    ]


def _is_wide(empty: Sequence[LedgerEntry]) -> bool:
    """Return whether empty answers cover more than one day of one series at one station."""
    if len({(entry.series, entry.station) for entry in empty}) > 1:
        return True
    start = min(entry.interval.start for entry in empty)
    end = max(entry.interval.end for entry in empty)
    return end - start > LONGEST_DAY
