"""Folds old ledger lines and calls at the end of a run that filled something.

The work of one run is bounded. A large ledger is folded over several runs, oldest lines first.
"""

from __future__ import annotations

from datetime import timedelta

from gapfill.errors import StoreError
from gapfill.services.context import RunContext
from gapfill.services.ports import Folded

KEEP = timedelta(days=8)
"""Lines and calls younger than this stay: quotas and rules about recent answers need a day, and the
retries of a run need the lines of that run."""

LINES = 5000
"""Maximum number of lines that one run folds: less than a second of work on either store."""

AT_LEAST = 100
"""Number of old lines of one series and source from which on folding is worth the work."""


def clean_up(context: RunContext) -> tuple[Folded, str]:
    """Fold old lines and calls, and return the work done and the problem, empty for none.

    A store that cannot be cleaned up is still correct: only the ledger grows. So a problem is never
    an error of the run, and the next run tries again.
    """
    try:
        return context.store.fold_old(context.now - KEEP, LINES, AT_LEAST), ""
    except StoreError as exc:
        return Folded(), f"old ledger lines could not be folded, the next run tries again: {exc}"
