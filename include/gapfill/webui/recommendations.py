"""What to do about gaps: in a sentence, as a request, and at what cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from gapfill.domain.cause import Cause
from gapfill.domain.formatting import count, duration
from gapfill.domain.gap import Gap
from gapfill.domain.interval import iso
from gapfill.domain.local_time import local_date
from gapfill.domain.plan import Plan
from gapfill.domain.series import State
from gapfill.orchestration.run_request import LOCAL
from gapfill.webui import response_models
from gapfill.webui.snapshot_cache import StoreSnapshot

RECENT_DAYS = 10
"""Gaps up to this age are healed by ``days_back``, older ones by their range."""

_EMPTY = (
    "The store holds no reading at all: if it is not new, check whether gapfill_store names "
    "the right place."
)
"""A file that was moved away looks like an empty store."""


def recovery(plan: Plan) -> response_models.Recovery:
    """Return what healing would cost."""
    return response_models.Recovery(
        units=len(plan.units),
        calls=plan.calls,
        seconds=plan.seconds,
        slots=plan.slots,
        waiting_slots=sum(w.slots for w in plan.waiting),
        unhealable_slots=sum(u.slots for u in plan.unhealable),
        deferred_units=plan.deferred,
    )


def recommend(
    view: StoreSnapshot, plan: Plan, since: datetime | None = None
) -> tuple[str, response_models.Strategy]:
    """Return what to do, in a sentence and as a request.

    Args:
        view: The snapshot.
        plan: The plan for all series that can be read.
        since: Start of the requested range; if omitted, the whole history.
    """
    if view.errors:
        said = " ".join(f"{error.rstrip('.')}." for error in view.errors)
        sentence = f"{said} Correct that first: until then no run over all series can be started."
        return sentence, response_models.Strategy(name="wait")
    gaps = [
        g for r in view.reports for g in r.coverage.gaps if since is None or g.interval.end > since
    ]
    sentence, strategy = _recommend(gaps, plan, since)
    broken = dict.fromkeys(b.sentence for r in view.reports for b in r.broken)
    is_empty = view.reports and all(r.newest is None for r in view.reports)
    sentences = [_EMPTY if is_empty else "", *broken, sentence, *_needs(gaps)]
    return " ".join(filter(None, sentences)), strategy


def _recommend(
    gaps: Sequence[Gap], plan: Plan, since: datetime | None
) -> tuple[str, response_models.Strategy]:
    missing = [g for g in gaps if g.state is State.MISSING]
    if not missing:
        lost = sum(g.slots for g in gaps)
        said = f"No gap that a source could fill; no source has {count(lost, 'slot')}."
        return said if lost else "Nothing is missing.", response_models.Strategy(name="none")
    askable = [g for g in missing if g.is_askable]
    if not askable or not plan.units:
        return _no_source(missing)
    number = sum(g.cause is not Cause.SETUP for g in missing)
    there = f"{count(number, 'gap', 'is', 'are')} open"
    start = min(g.interval.start for g in askable)
    first = local_date(max(start, since) if since else start, LOCAL)
    last = local_date(max(g.interval.end for g in askable) - timedelta(microseconds=1), LOCAL)
    lasts = duration(plan.seconds) if plan.seconds >= 1 else "a second"
    cost = f"{count(plan.calls, 'call')}, about {lasts}"
    days = (local_date(plan.now, LOCAL) - first).days
    if 0 <= days <= RECENT_DAYS:
        path = f"/gaps/backfill?days_back={max(1, days)}"
        strategy = response_models.Strategy(name="backfill", method="POST", path=path)
        return (
            f"{there}: heal the last {max(1, days)} days ({cost}).",
            strategy,
        )
    body = {"start_date": str(first), "end_date": str(last), "data_source": "all"}
    strategy = response_models.Strategy(
        name="range", method="POST", path="/gaps/backfill/range", body=body
    )
    return f"{there}: heal {first} to {last} ({cost}).", strategy


def _no_source(missing: Sequence[Gap]) -> tuple[str, response_models.Strategy]:
    """Return what to do if no source can be asked now."""
    others = [g for g in missing if g.cause is not Cause.SETUP]
    if not others:
        return "", response_models.Strategy(name="setup")  # _needs says what they need
    there = f"{count(len(others), 'gap', 'is', 'are')} open"
    until = min((g.waiting for g in others if g.waiting), default=None)
    if until is None and all(g.cause is Cause.DOWN for g in others):
        whose = "its" if len(others) == 1 else "their"
        sentence = f"{there}, and none of {whose} sources can be used."
        return sentence, response_models.Strategy(name="setup")
    when = f" before {iso(until)}" if until else " now"
    sentence = f"{there}, but no source can be asked{when}: wait."
    return sentence, response_models.Strategy(name="wait")


def _needs(gaps: Sequence[Gap]) -> list[str]:
    """Return what must be set up for gaps whose sources need it, a sentence for each need."""
    need = Counter(gap.needs for gap in gaps if gap.cause is Cause.SETUP)
    return [
        f"{count(n, 'gap', 'needs', 'need')} {' or '.join(names)}." for names, n in need.items()
    ]
