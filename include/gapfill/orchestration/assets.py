"""Asset events: one per changed series of a run, with the healed intervals in its extra.

They are emitted through an alias, because a task with plain assets as outlets emits an
event for each of them, changed or not. A DAG that works on prices is scheduled on
``series_asset("pvpc")`` and reads ``extra["intervals"]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

ALIAS = "gapfill_series"
"""Name of the one alias of all series."""


def alias() -> AssetAlias:
    """Return the outlet of ``summarize``."""
    return AssetAlias(ALIAS)


def series_asset(name: str) -> Asset:
    """Return the asset of the readings of a series."""
    return Asset(name=f"gapfill_{name}", uri=f"gapfill://series/{name}")


def announce(outlet_events: Mapping[Any, Any], run: str, healed: Mapping[str, Any]) -> None:
    """Emit one event per changed series.

    Args:
        outlet_events: The ``outlet_events`` of the task's context.
        run: Id of the run, the first part of its batches.
        healed: Healed intervals by series, as documents.
    """
    for name, intervals in healed.items():
        extra = {"series": name, "run": run, "intervals": list(intervals)}
        outlet_events[alias()].add(series_asset(name), extra=extra)
