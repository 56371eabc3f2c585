"""The summary of a run: counts from reading batches back, so that a kill loses no count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gapfill.domain.interval import Interval, intersect, is_within, merge, subtract
from gapfill.domain.plan import Plan, Unit, Unread
from gapfill.domain.series import State
from gapfill.services.certificate import Certificate, UnitOutcome
from gapfill.services.context import RunContext
from gapfill.services.detection import Report, unread
from gapfill.services.failure import Failure, failure_of, failure_to_read
from gapfill.services.gap_counts import Runs, count_gaps, open_runs, planned_runs


class RunStatus(StrEnum):
    """Status of a run.

    Attributes:
        COMPLETED: No slot is left that a source could be asked for now, and some requested
            slots are no longer missing.
        PARTIAL: Something is left, a unit failed or was deferred, or a series could not be read
            while slots of others were healed.
        FAILED: Nothing was healed, and a unit failed or a series could not be read.
        NOTHING_TO_DO: No unit was planned.
    """

    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    NOTHING_TO_DO = "nothing_to_do"


@dataclass(frozen=True, slots=True)
class Summary:
    """The result of ``summarize`` and ``heal --json``.

    A number is ``None`` if an error made it unknown.

    Attributes:
        status: Status of the run.
        ree_records_recovered: Slots that batches of this run filled in group ``ree``.
        weather_records_recovered: The same in every other group.
        duration_seconds: Real time of the run.
        gaps_found: Gaps with a missing due slot, before the run.
        gaps_resolved: How many of those gaps are now completely filled.
        gaps_waiting: Gaps after the run for which a source can be asked later.
        gaps_unfillable: Gaps after the run that no source has.
        units_failed: Units that raised, died, or certified more slots than are read back.
        units_deferred: Units left for a later run.
        calls: API calls made.
        healed: Changed intervals by series.
        failures: Failures of the run.
        slots_enriched: Slots that got only optional fields.
        gaps_need_setup: Gaps after the run that only sources that are not set up could serve.
        records: Of the changed intervals, those whose slots were healed, by series.
        gaps_given_up: How many of the gaps found only have slots, after, that no source has or
            that the store refuses.
    """

    status: RunStatus
    ree_records_recovered: int | None
    weather_records_recovered: int | None
    duration_seconds: float
    gaps_found: int | None
    gaps_resolved: int | None
    gaps_waiting: int | None
    gaps_unfillable: int | None
    units_failed: int
    units_deferred: int
    calls: int
    healed: Mapping[str, Sequence[Interval]] = field(default_factory=dict)
    failures: Sequence[Failure] = ()
    slots_enriched: int | None = 0
    gaps_need_setup: int | None = 0
    records: Mapping[str, Sequence[Interval]] = field(default_factory=dict)
    gaps_given_up: int = 0


def nothing_done(
    failures: Sequence[Failure], seconds: float = 0.0, gaps: int | None = 0
) -> Summary:
    """Return the summary of a run that failed before it planned.

    Args:
        failures: Why it failed.
        seconds: Real time of the run.
        gaps: The number of gaps of each kind, ``None`` for unknown.
    """
    return Summary(
        status=RunStatus.FAILED,
        ree_records_recovered=0,
        weather_records_recovered=0,
        duration_seconds=round(seconds, 3),
        gaps_found=gaps,
        gaps_resolved=gaps,
        gaps_waiting=gaps,
        gaps_unfillable=gaps,
        gaps_need_setup=gaps,
        units_failed=0,
        units_deferred=0,
        calls=0,
        failures=failures,
    )


def summarize(
    context: RunContext,
    run: str,
    plans: Sequence[Plan],
    certificates: Sequence[Certificate],
    before: Sequence[Report],
    after: Sequence[Report],
    seconds: float,
    asked: Interval | None = None,
) -> Summary:
    """Return the summary of a run.

    Units without a certificate count as failed: their task died.

    Args:
        context: The installation.
        run: Id of the run.
        plans: The plans, in order.
        certificates: Results of the units.
        before: Reports over the whole history, from before the run.
        after: The same, from after the run.
        seconds: Real time of the run.
        asked: The range of the run, in which gaps are counted. ``None`` for the whole history.

    Raises:
        StoreError: If the batches cannot be read back.
    """
    units = [unit for plan in plans for unit in plan.units]
    written = context.store.slots_of(list(dict.fromkeys(unit.batch(run) for unit in units)))
    healed = _healed(context, written.values())
    filled = _filled(healed, units, after)
    returned = {c.batch: c for c in certificates}
    missing = [u for u in units if u.batch(run) not in returned]
    failed = [c for c in returned.values() if c.outcome is UnitOutcome.FAILED]
    short = _short(returned.values(), written)
    stood_in = {u.batch(run) for u in units if is_within(u.asked, healed.get(u.series, ()))}
    deferred = sum(
        c.outcome is UnitOutcome.DEFERRED and c.batch not in stood_in for c in returned.values()
    )
    gaps = count_gaps(context, plans, before, after, asked)
    records = {
        name: context.catalog.series[name].grid.total(intervals)
        for name, intervals in filled.items()
    }
    ree = sum(n for name, n in records.items() if context.catalog.series[name].group == "ree")
    lost = len(missing) + len(failed) + len(short)
    postponed = deferred + (plans[-1].deferred if plans else 0)
    unread_series = unread(_unread(plans, after))
    return Summary(
        status=_status(
            len(units),
            lost,
            postponed,
            gaps.left,
            is_unread=bool(unread_series),
            is_vain=bool(gaps.found)
            and not healed
            and _is_missing(planned_runs(context, units), after),
            has_records=bool(records),
        ),
        ree_records_recovered=ree,
        weather_records_recovered=sum(records.values()) - ree,
        duration_seconds=round(seconds, 3),
        gaps_found=gaps.found,
        gaps_resolved=gaps.resolved,
        gaps_waiting=gaps.waiting,
        gaps_unfillable=gaps.unfillable,
        gaps_need_setup=gaps.need_setup,
        gaps_given_up=gaps.given_up,
        units_failed=lost,
        units_deferred=postponed,
        calls=context.store.calls_of(run),
        slots_enriched=_enriched(context, healed, units),
        healed=healed,
        records=filled,
        failures=[
            *map(failure_to_read, unread_series),
            *map(failure_of, failed),
            *(Failure(f"{u.label}: its task ended without a certificate") for u in missing),
            *map(Failure, short),
        ],
    )


def _unread(plans: Sequence[Plan], after: Sequence[Report]) -> list[Report | Unread]:
    """Return series that could not be read before or after the run, with the last failure."""
    now = [report for report in after if report.error]
    known = {report.series for report in now}
    return [*now, *(u for plan in plans[-1:] for u in plan.unread if u.series not in known)]


def _status(
    units: int,
    lost: int,
    postponed: int,
    left: int,
    *,
    is_unread: bool,
    is_vain: bool,
    has_records: bool,
) -> RunStatus:
    if not has_records and (is_unread or (lost and lost == units)):
        return RunStatus.FAILED
    if is_unread:
        return RunStatus.PARTIAL
    if not units and not postponed:
        return RunStatus.NOTHING_TO_DO
    is_partial = lost or postponed or left > 0 or is_vain
    return RunStatus.PARTIAL if is_partial else RunStatus.COMPLETED


def _is_missing(planned: Runs, after: Sequence[Report]) -> bool:
    """Return whether a requested slot is still missing and not unfillable."""
    return any(intersect(r.coverage.runs(State.MISSING), planned[r.series]) for r in after)


def _short(
    certificates: Iterable[Certificate], written: Mapping[str, Mapping[str, Sequence[datetime]]]
) -> list[str]:
    """Return a sentence for each certificate with more slots than are read back now."""
    found = {batch: sum(map(len, slots.values())) for batch, slots in written.items()}
    return [
        (
            f"{c.unit}: {c.slots_filled} slots were certified, but {found.get(c.batch, 0)} are "
            "read back"
        )
        for c in certificates
        if found.get(c.batch, 0) < c.slots_filled
    ]


def _healed(
    context: RunContext, written: Iterable[Mapping[str, Sequence[datetime]]]
) -> dict[str, list[Interval]]:
    slots: dict[str, set[datetime]] = {}
    for batch in written:
        for name, of_batch in batch.items():
            slots.setdefault(name, set()).update(of_batch)
    return {
        name: context.catalog.series[name].grid.runs(found)
        for name, found in slots.items()
        if found
    }


def _enriched(context: RunContext, changed: Runs, units: Sequence[Unit]) -> int:
    """Count the changed slots that got only wanted fields."""
    only = _only_enriched(units)
    return sum(
        context.catalog.series[name].grid.total(intersect(runs, only.get(name, ())))
        for name, runs in changed.items()
    )


def _filled(
    changed: Runs, units: Sequence[Unit], after: Sequence[Report]
) -> dict[str, list[Interval]]:
    """Return the changed slots of gaps and upgrades that have every required field now."""
    only = _only_enriched(units)
    is_open = {report.series: merge(open_runs(report)) for report in after}
    filled = {
        name: subtract(subtract(runs, only.get(name, ())), is_open.get(name, ()))
        for name, runs in changed.items()
    }
    return {name: runs for name, runs in filled.items() if runs}


def _only_enriched(units: Sequence[Unit]) -> dict[str, list[Interval]]:
    """Return, by series, the runs that units ask for wanted fields only."""
    healed: defaultdict[str, list[Interval]] = defaultdict(list)
    enriched: defaultdict[str, list[Interval]] = defaultdict(list)
    for unit in units:
        if unit.enriched:
            enriched[unit.series] += unit.enriched
        healed[unit.series] += unit.healed
    return {name: subtract(merge(runs), merge(healed[name])) for name, runs in enriched.items()}
