"""Explains a slot: its state and what each candidate can do for it, one sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gapfill.domain.assessment import Assessment
from gapfill.domain.candidate import Candidate
from gapfill.domain.due import due_at, horizon, last_slot
from gapfill.domain.eligibility import evaluate
from gapfill.domain.interval import Interval, iso
from gapfill.domain.invalid_values import Flaws, bounds_of
from gapfill.domain.reading import Origin, Row, told_source
from gapfill.domain.route import Assignment, Piece, choose, cut
from gapfill.domain.series import State
from gapfill.domain.station_order import in_turn
from gapfill.services.context import RunContext
from gapfill.services.detection import Report, detect_series
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    from gapfill.domain.series import Grade, Series


@dataclass(frozen=True, slots=True)
class Opinion:
    """The assessment of one candidate.

    Attributes:
        candidate: ``source product`` and its station.
        standing: What it can do.
        until: When that may change.
        sentence: The assessment as text.
    """

    candidate: str
    eligibility: str
    until: datetime | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The explanation of one slot.

    Attributes:
        series: Catalogue name.
        slot: Start of the slot.
        state: Its state, ``None`` if no slot is expected then.
        sentence: The state as text.
        row: The stored row, if any.
        opinions: The candidates' assessments, in the order of the route.
        next: A sentence about the next plan.
    """

    series: str
    slot: datetime
    state: State | None
    sentence: str
    row: Row | None
    opinions: tuple[Opinion, ...]
    next: str


def explain(context: RunContext, series: Series, instant: datetime) -> Explanation:
    """Explain the slot that contains an instant.

    Raises:
        StoreError: If the store cannot be read.
    """
    grid = series.grid
    slot = grid.floor(instant)
    run = Interval(slot, grid.end_of(slot))
    status = context.status([series], [run])
    candidates = status.candidates(series)
    if slot < series.earliest:
        return _before(context, series, slot, candidates)
    report = detect_series(context, series, Selection((series,), run.start, run.end), status)
    state = next((s for s, n in report.coverage.counts.items() if n), State.UNKNOWN)
    rows = [] if report.error else context.store.read(series, run)
    flaws = Flaws() if report.error else context.store.flaws(series, run)
    row = rows[0] if rows else None
    fields = _in_question(series, row, state)
    piece = next(cut([run], series, candidates, context.now))
    by_field = {
        n: in_turn(
            [
                evaluate(c, series, slot, context.now, field=n, above=above)
                for c in piece.candidates
            ],
            series,
            slot,
            context.now,
            n,
        )
        for n, above in fields
    }
    assessed = [
        {n: assessments[position] for n, assessments in by_field.items()}
        for position in range(len(piece.candidates))
    ]
    taken = [
        next(choose([run], series, candidates, context.now, field=name, above=above))
        for name, above in fields
    ]
    end = horizon(series, candidates, context.now)
    if row is not None and slot >= end:
        return _ahead(series, row, end, piece)
    due = iso(due_at(series, candidates, slot))
    return Explanation(
        series=series.name,
        slot=slot,
        state=state,
        sentence=report.error
        or _sentence(series, report, state, row, due=due, expected=slot < end)
        + _flawed(series, flaws),
        row=row,
        opinions=tuple(_opinion(assessments) for assessments in assessed),
        next=_next(state, taken, [v for assessments in assessed for v in assessments.values()]),
    )


def _in_question(series: Series, row: Row | None, state: State) -> list[tuple[str, Grade | None]]:
    """Return the required fields that a source could add or improve, each with its grade now."""
    required = series.required
    if row is None or state in (State.COMPLETE, State.PENDING):
        return [(name, None) for name in required]
    missing = [name for name in required if name not in row.values]
    if missing:
        return [(name, None) for name in missing]
    grades: list[tuple[str, Grade | None]] = [(n, row.origin(n).grade) for n in required]
    return [(n, grade) for n, grade in grades if (grade or 0) < series.target] or grades


def _opinion(assessments: Mapping[str, Assessment]) -> Opinion:
    """Return what a candidate can do, by field if the fields differ."""
    first = next(iter(assessments.values()))
    sentences = {name: assessment.sentence for name, assessment in assessments.items()}
    sentence = first.sentence
    if len(set(sentences.values())) > 1:
        sentence = "; ".join(f"{said} ({name})" for name, said in sentences.items())
    times = [v.until for v in assessments.values() if v.until]
    return Opinion(
        first.candidate.name, first.eligibility.value, min(times, default=None), sentence
    )


def _before(
    context: RunContext, series: Series, slot: datetime, candidates: Sequence[Candidate]
) -> Explanation:
    """Return the explanation of a slot before the beginning of the series."""
    run = Interval(slot, series.grid.end_of(slot))
    piece = next(cut([run], series, candidates, context.now))
    return Explanation(
        series=series.name,
        slot=slot,
        state=None,
        sentence=f"{series.name} begins later, at {iso(series.earliest)}",
        row=None,
        opinions=_opinions(piece),
        next=f"no source is asked; to start earlier, change `earliest` of {series.name} in the "
        "catalogue",
    )


def _ahead(series: Series, row: Row, end: datetime, piece: Piece) -> Explanation:
    """Return the explanation of a row after the last expected slot."""
    last = last_slot(series, end)
    return Explanation(
        series=series.name,
        slot=row.slot,
        state=None,
        sentence=f"it {_whole(series, row)}; it is after the last expected slot, {iso(last)}, "
        "and does not count",
        row=row,
        opinions=_opinions(piece),
        next="no source is asked; check the clock of the program that writes there",
    )


def _opinions(piece: Piece) -> tuple[Opinion, ...]:
    return tuple(
        Opinion(v.candidate.name, v.eligibility.value, v.until, v.sentence)
        for v in piece.assessments
    )


def _sentence(
    series: Series, report: Report, state: State, row: Row | None, *, due: str, expected: bool
) -> str:
    needs = next((gap.needs for gap in report.coverage.gaps), ())
    needed = f"; it needs {' or '.join(needs)}, which is not set up" if needs else ""
    match state:
        case State.COMPLETE | State.PROVISIONAL if row:
            return _whole(series, row)
        case State.PENDING:
            return f"due {due}" if expected else f"it is in the future, due {due}"
        case State.UNFILLABLE if row is None:
            return "it has no reading, and no source that is set up has one"
        case _ if row:
            missing = ", ".join(name for name in series.required if name not in row.values)
            return f"it has {_values(row)}, but no {missing}{needed}"
        case _:
            return f"it was due {due} and has no reading{needed}"


def _flawed(series: Series, flaws: Flaws) -> str:
    """Return a clause about stored values of the slot that do not count."""
    field = series.field(flaws.first.field) if flaws.first else None
    if not flaws.first or not field:
        return ""
    more = f", and {flaws.values - 1:,} more like it" if flaws.values > 1 else ""
    return (
        f"; what is stored as {field.name}, {flaws.first.value}, is not a number from "
        f"{bounds_of(field)} and does not count{more}"
    )


def _whole(series: Series, row: Row) -> str:
    """Return the values and the origin of a row, with the origin of each value if they differ."""
    if not row.kept:
        batch = f", batch {row.batch}" if row.source and row.batch else ""
        return f"has {_values(row)}, {row.grade.label}, from {told_source(row.source)}{batch}"
    worst = [n for n in series.required if row.origin(n).grade == row.grade]
    of = f" (by its {', '.join(worst)})" if len(worst) < len(series.required) else ""
    batch = f", batch {row.batch}" if row.batch else ""
    return f"has {_values(row)}; the slot is {row.grade.label}{of}{batch}"


def _values(row: Row) -> str:
    """Return the values of a row, grouped by origin if they have several."""
    if not row.kept:
        return ", ".join(f"{name} {value:g}" for name, value in row.values.items())
    groups: dict[Origin, list[str]] = {}
    for name, value in row.values.items():
        groups.setdefault(row.origin(name), []).append(f"{name} {value:g}")
    return "; ".join(
        f"{', '.join(values)} from {told_source(origin.source)}, {origin.grade.label}"
        for origin, values in groups.items()
    )


def _next(state: State, taken: Sequence[Assignment], assessments: Sequence[Assessment]) -> str:
    if state in (State.COMPLETE, State.PENDING):
        return "nothing to do"
    if state is State.UNKNOWN:
        return "no source is asked until the store can be read"
    asked = dict.fromkeys(t.candidate.name for t in taken if t.candidate is not None)
    if asked:
        return f"the next plan asks {' and '.join(asked)}"
    waits = [t for t in taken if t.until is not None]
    if waits:
        return " and ".join(
            dict.fromkeys(f"waits until {iso(t.until)} for {t.by}" for t in waits if t.until)
        )
    if state is State.PROVISIONAL:
        return "no source has a better value"
    again = min((v.until for v in assessments if v.until), default=None)
    later = f" before {iso(again)}, unless forced" if again else ""
    return f"no source is asked{later}"
