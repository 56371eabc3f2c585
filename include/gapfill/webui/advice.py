"""What to do about gaps: in a sentence, as a request, and what it would take."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gapfill.domain.civil import local_date
from gapfill.domain.interval import iso
from gapfill.domain.series import State
from gapfill.orchestration.params import LOCAL
from gapfill.webui import models

if TYPE_CHECKING:
    from datetime import datetime

    from gapfill.domain.plan import Plan
    from gapfill.webui.lookout import View

RECENT_DAYS = 10
"""Gaps no older than this are healed by ``days_back``, older ones by their range."""

_EMPTY = (
    "The store holds no reading at all: where it is not new, see whether gapfill_store names "
    "the right place."
)
"""A file that was moved away looks like this."""


def recovery(plan: Plan) -> models.Recovery:
    """Return what healing would take."""
    return models.Recovery(
        units=len(plan.units),
        calls=plan.calls,
        seconds=plan.seconds,
        slots=sum(unit.slots for unit in plan.units),
        waiting_slots=sum(w.slots for w in plan.waiting),
        unhealable_slots=sum(u.slots for u in plan.unhealable),
        deferred_units=plan.deferred,
    )


def recommend(view: View, plan: Plan, since: datetime | None = None) -> tuple[str, models.Strategy]:
    """Return what to do, in a sentence and as a request.

    Args:
        view: What was found.
        plan: What healing would take, of what can be read.
        since: Where the stretch that was asked for begins; left out: the whole history.
    """
    sentence, strategy = _recommend(view, plan, since)
    is_empty = view.reports and all(r.newest is None and not r.error for r in view.reports)
    return (f"{_EMPTY} {sentence}" if is_empty else sentence), strategy


def _recommend(view: View, plan: Plan, since: datetime | None) -> tuple[str, models.Strategy]:
    if view.errors:
        told = " ".join(f"{error.rstrip('.')}." for error in view.errors)
        sentence = f"{told} Mend that first: until then no run over all series can be started."
        return sentence, models.Strategy(name="wait")
    gaps = [
        g
        for r in view.reports
        for g in r.coverage.gaps
        if g.state is State.MISSING and (since is None or g.interval.end > since)
    ]
    if not gaps:
        return "Nothing is missing.", models.Strategy(name="none")
    askable = [g for g in gaps if g.waiting is None]
    if not askable or not plan.units:
        until = min((g.waiting for g in gaps if g.waiting), default=None)
        when = f" before {iso(until)}" if until else " now"
        sentence = f"{_gaps(len(gaps))} open, but no source can be asked{when}: wait."
        return sentence, models.Strategy(name="wait")
    start = min(g.interval.start for g in askable)
    first = local_date(max(start, since) if since else start, LOCAL)
    last = local_date(max(g.interval.end for g in askable) - timedelta(microseconds=1), LOCAL)
    cost = f"{counted(plan.calls, 'call')}, about {_duration(plan.seconds)}"
    days = (local_date(plan.now, LOCAL) - first).days
    if 0 <= days <= RECENT_DAYS:
        path = f"/gaps/backfill?days_back={max(1, days)}"
        strategy = models.Strategy(name="backfill", method="POST", path=path)
        return f"{_gaps(len(gaps))} open: heal the last {max(1, days)} days ({cost}).", strategy
    body = {"start_date": str(first), "end_date": str(last), "data_source": "all"}
    strategy = models.Strategy(name="range", method="POST", path="/gaps/backfill/range", body=body)
    return f"{_gaps(len(gaps))} open: heal {first} to {last} ({cost}).", strategy


def _gaps(count: int) -> str:
    return "1 gap is" if count == 1 else f"{count:,} gaps are"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it is one."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "a second"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"  # noqa: PLR2004 - two minutes are told in minutes
