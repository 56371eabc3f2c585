"""Says, for any slot, its state and what each candidate can do for it, a sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gapfill.domain.due import due_at, due_until, horizon
from gapfill.domain.interval import Interval, iso
from gapfill.domain.route import choose, cut
from gapfill.domain.series import State
from gapfill.domain.verdict import judge
from gapfill.services.detect import detect_series
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gapfill.domain.candidate import Candidate
    from gapfill.domain.reading import Row
    from gapfill.domain.route import Assignment
    from gapfill.domain.series import Series
    from gapfill.domain.verdict import Verdict
    from gapfill.services.site import Site


@dataclass(frozen=True, slots=True)
class Opinion:
    """One candidate's verdict.

    Attributes:
        candidate: ``source product`` and its station.
        standing: What it can do.
        until: When that may change.
        sentence: The same for a person.
    """

    candidate: str
    standing: str
    until: datetime | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything known of one slot.

    Attributes:
        series: Catalogue name.
        slot: Start of the slot.
        state: Its state, ``None`` where no slot is expected then.
        sentence: The state for a person.
        row: What the store holds, if anything.
        opinions: The candidates' verdicts, in the order of the route.
        next: What the next plan does about it, in a sentence.
    """

    series: str
    slot: datetime
    state: State | None
    sentence: str
    row: Row | None
    opinions: tuple[Opinion, ...]
    next: str


def explain(site: Site, series: Series, instant: datetime) -> Explanation:
    """Explain the slot that contains an instant.

    Raises:
        StoreError: If the store cannot be read.
    """
    grid = series.grid
    slot = grid.floor(instant)
    candidates = site.candidates(series)
    if slot < series.earliest:
        return _before(site, series, slot, candidates)
    run = Interval(slot, grid.end_of(slot))
    report = detect_series(site, series, Selection((series,), run.start, run.end))
    state = next((s for s, n in report.coverage.counts.items() if n), State.UNKNOWN)
    rows = [] if report.error else site.store.read(series, run)
    row = rows[0] if rows else None
    piece = next(cut([run], series, candidates, site.now))
    above = row.grade if row and state is State.PROVISIONAL else None
    verdicts = [(c, judge(c, series, slot, site.now, above=above)) for c in piece.candidates]
    taken = next(choose([run], series, candidates, site.now, above=above))
    expected = slot < max(
        due_until(series, candidates, site.now), horizon(series, candidates, site.now)
    )
    return Explanation(
        series=series.name,
        slot=slot,
        state=state,
        sentence=report.error
        or _sentence(
            series,
            state,
            row,
            due=iso(due_at(series, candidates, slot)),
            expected=expected,
        ),
        row=row,
        opinions=tuple(Opinion(c.name, v.standing.value, v.until, v.sentence) for c, v in verdicts),
        next=_next(state, taken, [v for _, v in verdicts]),
    )


def _before(
    site: Site, series: Series, slot: datetime, candidates: Sequence[Candidate]
) -> Explanation:
    """Return the explanation of a slot before the series begins."""
    run = Interval(slot, series.grid.end_of(slot))
    piece = next(cut([run], series, candidates, site.now))
    return Explanation(
        series=series.name,
        slot=slot,
        state=None,
        sentence=f"{series.name} begins at {iso(series.earliest)}, which is later",
        row=None,
        opinions=tuple(
            Opinion(v.candidate.name, v.standing.value, v.until, v.sentence) for v in piece.verdicts
        ),
        next=f"nobody is asked; an earlier start is {series.name}'s earliest in the catalogue",
    )


def _sentence(series: Series, state: State, row: Row | None, *, due: str, expected: bool) -> str:
    match state:
        case State.COMPLETE | State.PROVISIONAL if row:
            source = f"from {row.source}, batch {row.batch}" if row.source else "without provenance"
            return f"holds {_values(row)}, {row.grade.label}, {source}"
        case State.PENDING:
            return f"due {due}" if expected else f"it lies in the future, due {due}"
        case State.UNFILLABLE:
            return "it has no reading, and no source that is set up has one"
        case _ if row:
            lacking = ", ".join(name for name in series.required if name not in row.values)
            return f"it holds {_values(row)}, but no {lacking}"
        case _:
            return f"it was due {due} and has no reading"


def _values(row: Row) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in row.values.items())


def _next(state: State, taken: Assignment, verdicts: Sequence[Verdict]) -> str:
    if state in (State.COMPLETE, State.PENDING):
        return "nothing to do"
    if taken.candidate is not None:
        return f"the next plan asks {taken.candidate.name}"
    if taken.until is not None:
        return f"waits until {iso(taken.until)} for {taken.by}"
    if state is State.PROVISIONAL:
        return "nobody has better"
    again = min((v.until for v in verdicts if v.until), default=None)
    later = f" before {iso(again)}, unless forced" if again else ""
    return f"nobody is asked{later}"
