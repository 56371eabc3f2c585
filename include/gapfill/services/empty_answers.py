"""Whether an empty answer proves that a source has no data, or may be a sign of an outage."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gapfill.domain.ledger import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gapfill.domain.ledger import LedgerEntry
    from gapfill.services.ports import LedgerStore

DAY = timedelta(days=1)
"""How far back other answers of the source are looked at: as far as two verdicts are apart."""

LONGEST_DAY = timedelta(hours=25)
"""A civil day on which the clock is set back."""

_EMPTY = (Outcome.NO_DATA, Outcome.NOT_YET, Outcome.UNPROVEN)

OUTAGE = "and nothing else that it was asked for"


def doubt_outage(
    store: LedgerStore, source: str, entries: Sequence[LedgerEntry], now: datetime
) -> list[LedgerEntry]:
    """Return the lines of one wholly empty answer, without a verdict where it proves none.

    An empty answer proves nothing while the publisher shows signs of an outage: it gave no
    reading to anyone within a day, and more than one day, station or series was empty.

    Args:
        store: Where the ledger is.
        source: Catalogue name.
        entries: Lines of an answer without any row.
        now: The clock.

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
    return without_verdict(entries, f", {OUTAGE}")


def without_verdict(entries: Sequence[LedgerEntry], why: str = "") -> list[LedgerEntry]:
    """Return lines of which those that say "no data" prove nothing.

    Args:
        entries: Lines of an answer.
        why: What to add to their evidence.
    """
    return [
        replace(e, outcome=Outcome.UNPROVEN, evidence=f"{e.evidence.rstrip('.')}{why}")
        if e.outcome is Outcome.NO_DATA
        else e
        for e in entries
    ]


def _is_wide(empty: Sequence[LedgerEntry]) -> bool:
    """Tell whether empty answers are about more than one day of one series at one station."""
    if len({(entry.series, entry.station) for entry in empty}) > 1:
        return True
    start = min(entry.interval.start for entry in empty)
    end = max(entry.interval.end for entry in empty)
    return end - start > LONGEST_DAY
