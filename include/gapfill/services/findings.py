"""Reads from the store what detection needs of many series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gapfill.domain.candidate import Candidate
from gapfill.domain.coverage import Graded
from gapfill.domain.due import horizon
from gapfill.domain.interval import Interval
from gapfill.errors import StoreError
from gapfill.services.context import RunContext
from gapfill.services.each_series import ask_each, good, last_there
from gapfill.services.ports import Each, SeriesInstant, SeriesWindow
from gapfill.services.selection import Selection
from gapfill.services.shifted_prices import shifted


@dataclass(slots=True)
class Findings:
    """What was read, by series.

    Attributes:
        candidates: Every product of the route, in its present state.
        windows: The expected slots, ``None`` for none.
        missing: By required field, the runs of slots without it.
        lower: The runs of slots with a reading below the target.
        early: Sentences about prices of another hour; absent for none.
        newest: The newest expected slot with a reading.
        errors: Why a series could not be read; its other answers may be absent.
    """

    candidates: Mapping[str, Sequence[Candidate]]
    windows: Mapping[str, Interval | None]
    errors: dict[str, StoreError]
    missing: Mapping[str, Mapping[str, Sequence[Interval]]] = field(default_factory=dict)
    lower: Mapping[str, Sequence[Graded]] = field(default_factory=dict)
    early: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    newest: Mapping[str, datetime | None] = field(default_factory=dict)


def read_findings(
    context: RunContext, selection: Selection, known: Each[Sequence[Candidate]]
) -> Findings:
    """Return what the store has of the selected series."""
    errors: dict[str, StoreError] = {}
    candidates = good(known, errors)
    windows = {
        one.name: selection.window(one, candidates.get(one.name, ()), context.now)
        for one in selection.series
    }
    asked = [SeriesWindow(one, w) for one in selection.series if (w := windows[one.name])]

    def left() -> list[SeriesWindow]:
        return [one for one in asked if one.series.name not in errors]

    found = Findings(candidates, windows, errors)
    found.missing = good(ask_each(context.store.missing_by_field_each, left()), errors)
    found.lower = good(ask_each(context.store.lower_grade_each, left()), errors)
    found.early = good(shifted(context, left()), errors)
    found.newest = _newest(context, selection, found, left())
    return found


def _newest(
    context: RunContext, selection: Selection, found: Findings, windows: Sequence[SeriesWindow]
) -> dict[str, datetime | None]:
    """Return the newest slots.

    One follows from the missing slots, if these are known up to the last expected slot.
    """
    newest: dict[str, datetime | None] = {}
    for series, window in windows if selection.end is None else ():
        last = last_there(series, window, found.missing[series.name])
        if last:
            newest[series.name] = last
    ends = [
        SeriesInstant(one, horizon(one, found.candidates[one.name], context.now))
        for one in selection.series
        if one.name not in newest and one.name not in found.errors
    ]
    if not ends:
        return newest
    return newest | good(ask_each(context.store.newest_each, ends), found.errors)
