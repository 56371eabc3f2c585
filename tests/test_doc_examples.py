"""The examples of the documents parse, and do what they say."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.airflow

EXAMPLES = Path(__file__).parents[1] / "docs" / "how_to" / "examples"


def test_the_example_consumer_parses_and_is_scheduled_on_the_prices() -> None:
    """Under the asset that ``summarize`` emits."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(EXAMPLES))
    assert bag.import_errors == {}
    assert list(bag.dags) == ["retrain_on_prices"]
    dag: Any = bag.dags["retrain_on_prices"]
    assert [asset.uri for asset in dag.schedule] == ["gapfill://series/pvpc"]
    assert dag.task_ids == ["retrain"]


def test_the_example_consumer_reads_what_was_healed() -> None:
    """Of several events, each interval once, in order."""
    changed = runpy.run_path(str(EXAMPLES / "retrain_on_prices.py"))["changed"]
    march = {"start": "2026-03-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"}
    april = {"start": "2026-04-01T00:00:00Z", "end": "2026-04-01T05:00:00Z"}
    events = [
        SimpleNamespace(extra={"series": "pvpc", "run": "a", "intervals": [april, march]}),
        SimpleNamespace(extra={"series": "pvpc", "run": "b", "intervals": [march]}),
    ]
    assert changed(events) == [
        ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
        ("2026-04-01T00:00:00Z", "2026-04-01T05:00:00Z"),
    ]
