"""Why due slots are missing: assessed field by field, then joined to gaps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from gapfill.domain.assessment import Assessment, needs_of, why_not
from gapfill.domain.candidate import ASKABLE, WAITS, Candidate, Eligibility
from gapfill.domain.cause import is_down
from gapfill.domain.gap import Gap
from gapfill.domain.interval import END_OF_TIME, Interval
from gapfill.domain.route import cut
from gapfill.domain.series import Series, State


class MissingCause(NamedTuple):
    """The candidates' assessments of a missing field, combined.

    Attributes:
        state: ``missing`` or ``unfillable``.
        needs: Connections and settings that are not set up, if only these could serve it.
        waiting: When a source will first have it, if no source has it now.
        reason: A sentence that says why it is down, waits or is not available.
        next_ask: If it is unfillable, when it will be asked for again.
        is_down: Whether its source is blocked, unreachable or unusable.
        is_askable: Whether a source can be asked now.
    """

    state: State
    needs: tuple[str, ...] = ()
    waiting: datetime | None = None
    reason: str = ""
    next_ask: datetime | None = None
    is_down: bool = False
    is_askable: bool = False


class _Part(NamedTuple):
    """Slots with the same missing fields, for the same reasons.

    Attributes:
        interval: The slots, ``[start, end)``.
        fields: The required fields that are missing.
        finding: The findings of the fields, combined.
    """

    interval: Interval
    fields: tuple[str, ...]
    finding: MissingCause

    @property
    def key(self) -> tuple[object, ...]:
        """Return the values that all parts of one gap share."""
        return self.finding.state, self.finding.needs, self.finding.is_down, self.fields


def find_gaps(
    missing: Mapping[str, Sequence[Interval]],
    series: Series,
    candidates: Sequence[Candidate],
    now: datetime,
) -> list[Gap]:
    """Return the gaps of due slots, split where state, needs or missing fields change.

    Linear in the number of runs, times the number of required fields.

    Args:
        missing: By required field, the due slots without it.
        series: The series.
        candidates: All products of the route, in their present state.
        now: The clock.
    """
    by_field = {
        name: list(_judged(name, runs, series, candidates, now))
        for name, runs in missing.items()
        if runs
    }
    gaps: list[Gap] = []
    for run in _runs(list(_parts(by_field))):
        whole, parts = run[0].interval, run
        if len(run) > 1:
            whole = Interval(whole.start, run[-1].interval.end)
            parts = list(_joined(run))
        severity = series.severity_of(whole)
        gaps += [
            Gap(
                interval=part.interval,
                slots=series.grid.count(part.interval),
                severity=severity,
                state=part.finding.state,
                waiting=part.finding.waiting,
                reason=part.finding.reason,
                next_ask=part.finding.next_ask,
                fields=part.fields,
                needs=part.finding.needs,
                is_down=part.finding.is_down,
            )
            for part in parts
        ]
    return gaps


def find(assessments: Sequence[Assessment]) -> MissingCause:
    """Return the cause of a missing field: askable, waiting, in need of set-up, or unfillable.

    A source that is set up but cannot be used might have it: such a slot is never unfillable.
    """
    refused = next((v for v in assessments if v.eligibility is Eligibility.REFUSED), None)
    if refused is not None:
        return MissingCause(State.UNFILLABLE, reason=refused.reason)
    down = is_down(assessments)
    if any(v.eligibility in ASKABLE for v in assessments):
        reason = why_not(assessments) if down else ""
        return MissingCause(State.MISSING, reason=reason, is_down=down, is_askable=True)
    reason = why_not(assessments)
    times = [v.until for v in assessments if v.eligibility in WAITS and v.until]
    if times:
        return MissingCause(State.MISSING, waiting=min(times), reason=reason, is_down=down)
    needs = needs_of(assessments)
    if needs or any(v.eligibility is Eligibility.BROKEN for v in assessments):
        return MissingCause(State.MISSING, needs, reason=reason, is_down=down)
    asks = [v.until for v in assessments if v.eligibility is Eligibility.RULED_OUT and v.until]
    return MissingCause(State.UNFILLABLE, reason=reason, next_ask=min(asks, default=None))


def _judged(
    name: str,
    runs: Sequence[Interval],
    series: Series,
    candidates: Sequence[Candidate],
    now: datetime,
) -> Iterator[tuple[Interval, MissingCause]]:
    """Yield the runs of one field with their findings, in order."""
    assessments: tuple[Assessment, ...] | None = None
    found = MissingCause(State.MISSING)
    for piece in cut(runs, series, candidates, now, field=name):
        if piece.assessments is not assessments:
            assessments = piece.assessments
            found = find(assessments)
        yield piece.interval, found


def _parts(by_field: Mapping[str, Sequence[tuple[Interval, MissingCause]]]) -> Iterator[_Part]:
    """Yield the missing slots, split where the finding of a field changes."""
    if len(by_field) == 1:
        ((name, found),) = by_field.items()
        yield from (_Part(interval, (name,), finding) for interval, finding in found)
        return
    bounds = sorted({b for f in by_field.values() for i, _ in f for b in (i.start, i.end)})
    starts = {name: [i.start for i, _ in found] for name, found in by_field.items()}
    for start, end in pairwise(bounds):
        of_slot: dict[str, MissingCause] = {}
        for name, pieces in by_field.items():
            n = bisect_right(starts[name], start) - 1
            if n >= 0 and start < pieces[n][0].end:
                of_slot[name] = pieces[n][1]
        if of_slot:
            yield _Part(Interval(start, end), tuple(of_slot), _of_slot(of_slot))


def _of_slot(found: Mapping[str, MissingCause]) -> MissingCause:
    """Return the finding of a slot: that of its worst field."""
    worst = max(found.values(), key=_rank)
    if len(found) == 1 or worst.is_askable:
        return worst
    needs = tuple(dict.fromkeys(need for finding in found.values() for need in finding.needs))
    of = ", ".join(name for name, finding in found.items() if finding == worst)
    waiting = worst.waiting
    if any(finding.is_askable for finding in found.values()):
        waiting = None
    reason = worst.reason if len(set(found.values())) == 1 else f"{of}: {worst.reason}"
    return worst._replace(needs=needs, waiting=waiting, reason=reason)


def _rank(finding: MissingCause) -> tuple[bool, bool, float, bool]:
    until = finding.waiting.timestamp() if finding.waiting else 0.0
    is_stuck = not finding.is_askable and not until
    return finding.state is State.UNFILLABLE, is_stuck, until, finding.is_down


def _runs(parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    """Yield the parts in runs of consecutive slots in one state."""
    run: list[_Part] = []
    for part in parts:
        if run and (
            run[-1].interval.end != part.interval.start
            or run[-1].finding.state is not part.finding.state
        ):
            yield run
            run = []
        run.append(part)
    if run:
        yield run


def _joined(run: Sequence[_Part]) -> Iterator[_Part]:
    """Yield the parts of a run, joined by key; the part that is asked first decides."""
    last: _Part | None = None
    for part in run:
        if last is not None and last.key == part.key:
            interval = Interval(last.interval.start, part.interval.end)
            last = _Part(interval, last.fields, _first(last.finding, part.finding))
            continue
        if last is not None:
            yield last
        last = part
    if last is not None:
        yield last


def _first(one: MissingCause, other: MissingCause) -> MissingCause:
    """Return two findings with the same key as one finding of a gap."""
    if one.state is State.UNFILLABLE:
        asks = [ask for ask in (one.next_ask, other.next_ask) if ask]
        return one._replace(next_ask=min(asks, default=None))
    return min(one, other, key=lambda v: (not v.is_askable, v.waiting or END_OF_TIME))
