"""Finds, for the page, stored values that are not readings; it does this rarely.

To find gaps, only the required fields are read. This module reads every field, which on InfluxDB
takes about two thirds longer. So each series is read again only after a hundred times the duration
of its last read, and one request spends a few seconds on it at most. Series are read together, in
lists that become longer while there is time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.series import Series
from gapfill.services.context import RunContext
from gapfill.services.detection import Report, look_closely, with_stored

if TYPE_CHECKING:
    from gapfill.webui.snapshot_cache import StoreSnapshot

REST = 100
"""The result of a read is valid for this number of times the duration of the read."""

BUDGET_S = 2.0
"""A request starts no further read after this time; the next request continues."""


class _Seen(NamedTuple):
    """The last read of a series.

    Attributes:
        series: Its entry in the catalogue.
        store: The place of the store.
        report: The report with the stored values that are not readings.
        until: When the series is to be read again, by the monotonic clock.
    """

    series: Series
    store: str
    report: Report
    until: float


class Stored:
    """Remembers stored values that are not readings, and reads them again from time to time.

    Args:
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def add_to(
        self, view: StoreSnapshot, open_context: Callable[[], AbstractContextManager[RunContext]]
    ) -> StoreSnapshot:
        """Return the snapshot with the stored values that are not readings, as far as read.

        A series that cannot be read is unknown, as in ``status``.

        Args:
            view: The snapshot.
            open_context: Opens the installation; called only if a series is due.
        """
        reports = {report.series: report for report in view.reports}
        known = {name: seen for name in reports if (seen := self._known(view, name))}
        due = [name for name in reports if self._is_due(reports[name], known.get(name))]
        due.sort(key=lambda name: known[name].until if name in known else 0.0)
        if due:
            with open_context() as context:
                for some in self._in_time(due):
                    began = self._clock()
                    looked = look_closely(context, [reports[name] for name in some])
                    ended = self._clock()
                    until = ended + REST * (ended - began) / len(some)
                    for name, report in zip(some, looked, strict=True):
                        known[name] = _Seen(view.catalog.series[name], view.store, report, until)
        self._seen = {name: seen for name, seen in known.items() if not seen.report.error}
        return replace(view, reports=tuple(_with_known(view, r, known) for r in view.reports))

    def _in_time(self, names: Sequence[str]) -> Iterator[Sequence[str]]:
        """Yield names in lists, each twice as long as the one before, while there is time."""
        until, first, length = self._clock() + BUDGET_S, 0, 1
        while first < len(names) and self._clock() < until:
            yield names[first : first + length]
            first, length = first + length, 2 * length

    def _known(self, view: StoreSnapshot, name: str) -> _Seen | None:
        seen = self._seen.get(name)
        is_same = seen and (seen.series, seen.store) == (view.catalog.series[name], view.store)
        return seen if is_same else None

    def _is_due(self, report: Report, seen: _Seen | None) -> bool:
        return not report.error and (seen is None or self._clock() >= seen.until)


def _with_known(view: StoreSnapshot, report: Report, known: dict[str, _Seen]) -> Report:
    """Return a report with the last read of its series, if there is one."""
    seen = known.get(report.series)
    if seen is None or report.error:
        return report
    if seen.report.error or seen.report.flaws is None:
        return seen.report
    series = view.catalog.series[report.series]
    return with_stored(report, series, seen.report.flaws, seen.report.ahead)
