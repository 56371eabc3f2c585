"""Finds, for the page, stored values that are not readings; it does this rarely.

Gaps need the required fields only. This reads every field, which on InfluxDB takes about two thirds
as long again. So each series is read again only after a hundred times as long as that took, and one
request spends a few seconds on it at most. Series are read together, in lists that become longer
while there is time.
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
"""So many times as long as a look took, its answer is good for."""

BUDGET_S = 2.0
"""After so long a request begins no further look; the next request goes on."""


class _Seen(NamedTuple):
    """A series as it was looked at.

    Attributes:
        series: The catalogue's entry.
        store: Where it was.
        report: With what does not count.
        until: When it is to be looked at again, by the monotonic clock.
    """

    series: Series
    store: str
    report: Report
    until: float


class Stored:
    """Remembers what is stored and does not count, and looks at it again from time to time.

    Args:
        clock: Seconds that only rise.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def beside(
        self, view: StoreSnapshot, open_site: Callable[[], AbstractContextManager[RunContext]]
    ) -> StoreSnapshot:
        """Return the view with what does not count, as far as it was looked at.

        A series that cannot be looked at is unknown, as ``status`` has it.

        Args:
            view: What was found.
            open_site: Opens the installation, where something is to be looked at.
        """
        reports = {report.series: report for report in view.reports}
        known = {name: seen for name in reports if (seen := self._known(view, name))}
        due = [name for name in reports if self._is_due(reports[name], known.get(name))]
        due.sort(key=lambda name: known[name].until if name in known else 0.0)
        if due:
            with open_site() as context:
                for some in self._in_time(due):
                    began = self._clock()
                    looked = look_closely(context, [reports[name] for name in some])
                    ended = self._clock()
                    until = ended + REST * (ended - began) / len(some)
                    for name, report in zip(some, looked, strict=True):
                        known[name] = _Seen(view.catalog.series[name], view.store, report, until)
        self._seen = {name: seen for name, seen in known.items() if not seen.report.error}
        return replace(view, reports=tuple(_told(view, r, known) for r in view.reports))

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


def _told(view: StoreSnapshot, report: Report, known: dict[str, _Seen]) -> Report:
    """Return a report with what is known of its series."""
    seen = known.get(report.series)
    if seen is None or report.error:
        return report
    if seen.report.error or seen.report.flaws is None:
        return seen.report
    series = view.catalog.series[report.series]
    return with_stored(report, series, seen.report.flaws, seen.report.ahead)
