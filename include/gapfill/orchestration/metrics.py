"""Numbers of a run, through Airflow's own metrics (StatsD or OpenTelemetry, as it is set up).

The name of a metric contains the series, because StatsD has no tags. Airflow puts its own
prefix before the name.

| name | kind | what |
|---|---|---|
| ``gapfill.SERIES.coverage`` | gauge | complete ÷ due slots, 0 to 1; absent where unknown |
| ``gapfill.SERIES.usable`` | gauge | (complete + provisional) ÷ due slots |
| ``gapfill.SERIES.slots.STATE`` | gauge | slots in that state |
| ``gapfill.SERIES.gaps.STATE`` | gauge | gaps that are ``missing``, ``unfillable``, ``unknown`` |
| ``gapfill.SERIES.oldest_gap_hours`` | gauge | age of the oldest missing slot; 0 without one |
| ``gapfill.SERIES.slots_healed`` | counter | slots that runs changed |
| ``gapfill.calls`` | counter | API calls made |
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from airflow.sdk.observability import stats

from gapfill.domain.series import State
from gapfill.services.detection import Report

HOUR_S = 3600

log = logging.getLogger(__name__)


def emit(after: Sequence[Report], healed: Mapping[str, int], calls: int, now: datetime) -> None:
    """Emit the numbers of a run; never raise.

    Args:
        after: Reports over the whole history, made after the run.
        healed: Changed slots by series.
        calls: API calls made.
        now: The clock.
    """
    try:
        for name, value in gauges(after, now).items():
            stats.gauge(name, value)
        for name, slots in healed.items():
            stats.incr(f"gapfill.{_part(name)}.slots_healed", slots)
        if calls:
            stats.incr("gapfill.calls", calls)
    except Exception:  # a failing receiver of metrics must not fail the run
        log.exception("The metrics could not be sent")


def gauges(after: Sequence[Report], now: datetime) -> dict[str, float]:
    """Return the gauges of all series; what is unknown is absent, never 0."""
    found: dict[str, float] = {}
    for report in after:
        root, coverage = f"gapfill.{_part(report.series)}", report.coverage
        found |= {f"{root}.slots.{state}": n for state, n in coverage.counts.items()}
        for state in (State.MISSING, State.UNFILLABLE, State.UNKNOWN):
            found[f"{root}.gaps.{state}"] = len(coverage.runs(state))
        if report.error:
            continue
        shares = {"coverage": coverage.coverage, "usable": coverage.usable}
        found |= {f"{root}.{name}": share for name, share in shares.items() if share is not None}
        missing = coverage.runs(State.MISSING)
        age_s = (now - missing[0].start).total_seconds() if missing else 0
        found[f"{root}.oldest_gap_hours"] = max(0.0, age_s / HOUR_S)
    return found


def _part(series: str) -> str:
    """Return the name as a part that Airflow accepts in the name of a metric."""
    return stats.normalize_name_for_stats(series, log_warning=False).replace(".", "_")
