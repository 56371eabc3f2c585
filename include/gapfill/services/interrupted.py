"""The summary of a healing that an error or a signal ended: only known facts."""

from __future__ import annotations

from collections.abc import Sequence

from gapfill.domain.interval import Interval
from gapfill.domain.keys import BatchId
from gapfill.domain.plan import Plan
from gapfill.services.certificate import Certificate, UnitOutcome
from gapfill.services.context import RunContext
from gapfill.services.detection import Report
from gapfill.services.failure import Failure, failure_of
from gapfill.services.gap_counts import count_gaps
from gapfill.services.summary import RunStatus, Summary


def broken_off(
    context: RunContext,
    plans: Sequence[Plan],
    certificates: Sequence[Certificate],
    before: Sequence[Report],
    seen: Sequence[Report],
    error: str | None,
    seconds: float,
    asked: Interval | None = None,
) -> Summary:
    """Return the summary of a healing that ended early.

    It counts the gaps of the plan. The number of closed gaps is unknown, and so are values that
    were written but not read back. Units that were not started are left for a later run.

    Args:
        context: The installation.
        plans: The plans, in order; empty if no plan was made.
        certificates: Results of the units.
        before: Reports over the whole history, from before the run.
        seen: The last reports before the end.
        error: The error that ended it, ``None`` if that was the failure of the last unit.
        seconds: Real time of the run.
        asked: The range of the run, in which gaps are counted. ``None`` for the whole history.
    """
    gaps = count_gaps(context, plans, before, seen, asked) if plans else None
    failed = [failure_of(c) for c in certificates if c.outcome is UnitOutcome.FAILED]
    ended = {key.unit for c in certificates if (key := BatchId.parse(c.batch))}
    begun = [u for plan in plans for u in plan.units if u.key in ended]
    units = sum(len(plan.units) for plan in plans)
    deferred = sum(c.outcome is UnitOutcome.DEFERRED for c in certificates) + units - len(begun)
    is_proven = not any(c.slots_unproven for c in certificates)
    return Summary(
        status=RunStatus.FAILED,
        ree_records_recovered=_recovered(context, certificates, is_ree=True),
        weather_records_recovered=_recovered(context, certificates, is_ree=False),
        duration_seconds=round(seconds, 3),
        gaps_found=gaps.found if gaps else None,
        gaps_resolved=None,
        gaps_waiting=gaps.waiting if gaps else None,
        gaps_unfillable=gaps.unfillable if gaps else None,
        gaps_need_setup=gaps.need_setup if gaps else None,
        units_failed=len(failed),
        units_deferred=deferred + (plans[-1].deferred if plans else 0),
        calls=sum(c.calls for c in certificates),
        slots_enriched=sum(c.slots_enriched for c in certificates) if is_proven else None,
        failures=failed if error is None else [*failed, Failure(error)],
    )


def _recovered(
    context: RunContext, certificates: Sequence[Certificate], *, is_ree: bool
) -> int | None:
    """Return the slots that were healed in group ``ree``, or in all other groups."""
    series = context.catalog.series
    own = [c for c in certificates if (series[c.series].group == "ree") is is_ree]
    if any(c.slots_unproven for c in own):
        return None
    return sum(c.slots_filled - c.slots_enriched for c in own)
