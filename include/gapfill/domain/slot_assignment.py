"""Which candidate is asked for which missing slots and fields of a series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime

from gapfill.domain.candidate import Candidate
from gapfill.domain.interval import Interval, merge, subtract
from gapfill.domain.plan import BackfillRequest, Unhealable, Waiting
from gapfill.domain.route import Assignment, choose
from gapfill.domain.series import Grade, Series
from gapfill.domain.unassigned_slots import set_all_aside


@dataclass(slots=True)
class Choice:
    """Runs of slots that one candidate is asked for.

    Attributes:
        candidate: The candidate.
        fields: Required fields that it is asked for.
        enrich: Wanted fields that it is asked for.
        runs: Runs to heal or upgrade, unordered.
        enriched: Runs that get only wanted fields, unordered.
    """

    candidate: Candidate
    fields: set[str] = dataclass_field(default_factory=set)
    enrich: set[str] = dataclass_field(default_factory=set)
    runs: list[Interval] = dataclass_field(default_factory=list)
    enriched: list[Interval] = dataclass_field(default_factory=list)


Chosen = dict[tuple[str, str | None], Choice]
"""Choices by product key and station."""


def _choice(chosen: Chosen, candidate: Candidate) -> Choice:
    key = candidate.product.key, candidate.station.id if candidate.station else None
    return chosen.setdefault(key, Choice(candidate))


def assign(
    backfill: BackfillRequest,
    now: datetime,
    waiting: list[Waiting],
    unhealable: list[Unhealable],
    *,
    force: bool,
) -> Chosen:
    """Assign each missing field of each slot to a candidate; add the others to the lists.

    Gaps, upgrades and enrichments of one candidate are asked for together.
    """
    chosen: Chosen = {}
    left: list[Assignment] = []

    def place(runs: Sequence[Interval], field: str, above: Grade | None = None) -> None:
        assignments = choose(
            runs, backfill.series, backfill.candidates, now, field=field, force=force, above=above
        )
        for assigned in assignments:
            if assigned.candidate is not None:
                choice = _choice(chosen, assigned.candidate)
                choice.fields.add(field)
                choice.runs.append(assigned.interval)
            elif above is None:
                left.append(assigned)

    gaps = [gap.interval for gap in backfill.gaps]
    planned = merge([*gaps, *(run.interval for run in backfill.lower)])
    again = subtract(merge(backfill.again), planned)
    for field in backfill.series.required:
        place([g.interval for g in backfill.gaps if not g.fields or field in g.fields], field)
        place(again, field)
    asked = (run for choice in chosen.values() for run in choice.runs)
    set_all_aside(left, asked, backfill.series, waiting, unhealable)
    below: defaultdict[tuple[str, Grade], list[Interval]] = defaultdict(list)
    for run in backfill.lower:
        for name, grade in run.below(backfill.series.required):
            below[name, grade].append(run.interval)
    for name, grade in sorted(below):
        place(below[name, grade], name, above=grade)
    for field in backfill.series.required:
        place(backfill.pending, field)
    _assign_enrichments(backfill, now, chosen, force=force)
    return chosen


def _assign_enrichments(
    backfill: BackfillRequest, now: datetime, chosen: Chosen, *, force: bool
) -> None:
    """Assign slots without a wanted field to a candidate that has it.

    It skips slots that such a candidate is already asked for, and slots that it did not have
    within the last two hours. Enrichments do not wait.
    """
    for field, runs_without in backfill.missing_optional.items():
        giving = [c for c in backfill.candidates if _observes(c, backfill.series, field)]
        asked = merge(
            run
            for choice in chosen.values()
            if _observes(choice.candidate, backfill.series, field)
            for run in choice.runs
        )
        runs = subtract(runs_without, asked)
        for assigned in choose(runs, backfill.series, giving, now, field=field, force=force):
            candidate, start = assigned.candidate, assigned.interval.start
            if candidate is not None and (force or not candidate.is_recent(start, field)):
                choice = _choice(chosen, candidate)
                choice.enrich.add(field)
                choice.enriched.append(assigned.interval)


def _observes(candidate: Candidate, series: Series, field: str) -> bool:
    """Return whether a candidate has observed values of a wanted field."""
    is_given = candidate.gives(series, field) and field not in candidate.never
    return candidate.product.grade >= Grade.OBSERVED and is_given
