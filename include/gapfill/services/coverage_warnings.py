"""Warnings about the set-up of a series: sources that cannot be used, and slots out of reach.

Slots outside the dates of every product are unfillable at once, cost no call and do not count in
the coverage, so that nothing else would show them to an operator. A source that is set up but
cannot be used is an error, never "not set up".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from gapfill.domain.candidate import NOWHERE, Candidate, Eligibility
from gapfill.domain.coverage import Coverage
from gapfill.domain.formatting import count, short
from gapfill.domain.grid import Grid
from gapfill.domain.interval import Interval, merge, overlaps, subtract
from gapfill.domain.route import cut
from gapfill.domain.series import Series, State

_MOMENT = timedelta(microseconds=1)


class UnusableSource(NamedTuple):
    """A source that is set up but cannot be used.

    Attributes:
        source: Catalogue name.
        sentence: The reason, with the file or connection and the next step.
        missed: Missing slots of the series that it could serve, merged.
    """

    source: str
    sentence: str
    missed: tuple[Interval, ...] = ()


def unusable_of(
    series: Series, coverage: Coverage, candidates: Sequence[Candidate], now: datetime
) -> tuple[UnusableSource, ...]:
    """Return the sources of a series that are set up but cannot be used."""
    sentences: dict[str, str] = {}
    missed: dict[str, list[Interval]] = {}
    runs = merge(coverage.runs(State.MISSING))
    for candidate in candidates:
        if candidate.obstacle is None:
            _note_unusable(candidate, runs, sentences, missed)
        if candidate.obstacle is None or not candidate.obstacle.is_broken:
            continue
        source = candidate.source.name
        sentences.setdefault(source, f"{source} {candidate.obstacle.sentence.rstrip('.')}.")
        missed.setdefault(source, []).extend(
            piece.interval
            for name in series.required
            for piece in cut(runs, series, [candidate], now, field=name)
            if any(assessment.eligibility is Eligibility.BROKEN for assessment in piece.assessments)
        )
    return tuple(UnusableSource(s, said, tuple(merge(missed[s]))) for s, said in sentences.items())


def _note_unusable(
    candidate: Candidate,
    runs: Sequence[Interval],
    sentences: dict[str, str],
    missed: dict[str, list[Interval]],
) -> None:
    """Add a product of files with bad files for missing slots."""
    spoilt = [f for f in candidate.unusable.items if f.is_error and overlaps(runs, f.interval)]
    if spoilt:
        more = f" {len(spoilt) - 1:,} more of its days cannot be read." if len(spoilt) > 1 else ""
        said = f"{candidate.name} {spoilt[0].reason.rstrip('.')}.{more}"
        sentences.setdefault(candidate.source.name, said)
        missed.setdefault(candidate.source.name, []).extend(f.interval for f in spoilt)


def warnings_of(
    series: Series, coverage: Coverage, candidates: Sequence[Candidate]
) -> tuple[str, ...]:
    """Return warnings about the sources of a series, one sentence each.

    They are about sources with incomplete credentials, fields that a station never reports, and
    slots without a reading outside the dates of every product that is not paused.
    """
    sentences = incomplete(candidates)
    sentences += [_never(series, c) for c in candidates if c.never and c.station is not None]
    return (*dict.fromkeys(sentences), *_out_of_reach(series, coverage, candidates))


def incomplete(candidates: Sequence[Candidate]) -> list[str]:
    """Return a sentence for each product whose source has incomplete credentials."""
    return [
        f"Note: {c.source.name} {c.obstacle.sentence}; add it, or pause the source."
        for c in candidates
        if c.obstacle and c.obstacle.is_incomplete
    ]


def _never(series: Series, candidate: Candidate) -> str:
    fields = " and ".join(f.name for f in series.fields if f.name in candidate.never)
    return (
        f"{series.name}: {candidate.name} never reports {fields}; other sources are asked for it."
    )


def _out_of_reach(
    series: Series, coverage: Coverage, candidates: Sequence[Candidate]
) -> tuple[str, ...]:
    wanted = [c for c in candidates if not c.is_paused]
    runs = subtract(coverage.runs(State.UNFILLABLE), merge(c.reach for c in wanted))
    if not runs:
        return ()
    slots = series.grid.total(runs)
    many = count(slots, "slot")
    if not wanted:
        names = (
            ", ".join(dict.fromkeys(c.source.name for c in candidates)) or "none has its resolution"
        )
        newest = short(series.grid.floor(runs[-1].end - _MOMENT))
        message = (
            f"{series.name}: none of its sources can be used ({names}), so no source can be asked "
            f"for {many}; `explain {series.name} {newest}` gives the reason for each source."
        )
        return (message,)
    dates = ", ".join(
        f"{c.name} {'for no date' if c.reach == NOWHERE else c.dates}" for c in wanted
    )
    those = " that is set up" if all(c.obstacle is None for c in wanted) else ""
    message = (
        f"{series.name}: {many} {_where(runs, series.grid)} are outside the dates of every "
        f"source{those} ({dates}); they do not count in the coverage and no source "
        "is asked for them. Set up a source that reaches them, or give the series a later "
        "`earliest` in the catalogue."
    )
    return (message,)


def _where(runs: Sequence[Interval], grid: Grid) -> str:
    first = f"from {short(runs[0].start)} to {short(grid.floor(runs[0].end - _MOMENT))}"
    return first if len(runs) == 1 else f"in {len(runs):,} runs, the first {first},"
