"""Reads many series together; one that cannot be read does not hide the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from gapfill.domain.candidate import Candidate
from gapfill.domain.interval import Interval, merge, subtract
from gapfill.domain.series import Series
from gapfill.errors import StoreError, StoreUnreachable
from gapfill.services.ports import Each, OfSeries, RemovalUnfinished
from gapfill.services.source_status import SourceStatus

if TYPE_CHECKING:
    from gapfill.services.context import RunContext

T = TypeVar("T")


Q = TypeVar("Q", bound=OfSeries)


def ask_each(ask: Callable[[Sequence[Q]], Each[T]], asked: Sequence[Q]) -> Each[T]:
    """Return the answers of a method of ``GroupedReadings``; an error is the answer for each."""
    if not asked:
        return {}
    try:
        return ask(asked)
    except StoreError as exc:
        return {one.series.name: exc for one in asked}


def candidates_of(
    context: RunContext,
    series: Sequence[Series],
    status: SourceStatus | None = None,
    slots: Sequence[Interval] | None = None,
) -> Each[Sequence[Candidate]]:
    """Return the candidates of each series, in one state of the sources.

    If they cannot be read together, each series is read alone, which shows which of them fail. A
    store that cannot be reached is not asked again.

    Args:
        context: The installation.
        series: The series.
        status: Of the sources, in the same phase; ``None`` to read it.
        slots: Slots for which the candidates must be right, as sorted, disjoint intervals;
            ``None``: all slots.
    """
    if not series:
        return {}
    try:
        known = status or context.status(series, slots)
        return {one.name: known.candidates(one) for one in series}
    except StoreUnreachable as exc:
        return {one.name: exc for one in series}
    except StoreError as exc:
        if len(series) == 1:
            return {series[0].name: exc}
    alone = (candidates_of(context, [one], slots=slots) for one in series)
    return {name: found for answers in alone for name, found in answers.items()}


def good(answers: Each[T], errors: dict[str, StoreError]) -> dict[str, T]:
    """Return the answers that are not errors, and add the errors to others, the first of each."""
    found: dict[str, T] = {}
    for name, answer in answers.items():
        if isinstance(answer, StoreError):
            errors.setdefault(name, answer)
        else:
            found[name] = answer
    return found


def last_there(
    series: Series, window: Interval, missing: Mapping[str, Sequence[Interval]]
) -> datetime | None:
    """Return the last slot of a window with every required field, ``None`` for none."""
    there = subtract([window], merge(run for runs in missing.values() for run in runs))
    return series.grid.floor(there[-1].end - timedelta(microseconds=1)) if there else None


def any_there(answers: Each[object]) -> bool:
    """Return whether some series has an answer.

    Raises:
        StoreError: If none has, and one could not be read.
    """
    found = [answer for answer in answers.values() if answer is not None]
    errors = [answer for answer in found if isinstance(answer, StoreError)]
    if len(found) > len(errors):
        return True
    unfinished = (exc for exc in errors if isinstance(exc, RemovalUnfinished))
    for exc in (*unfinished, *errors):
        raise exc
    return False
