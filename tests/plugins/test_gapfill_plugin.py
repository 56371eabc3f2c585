"""The plugin: cheap to import, and pools that exist without anyone making them."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[2] / "plugins" / "gapfill_plugin.py"


def test_it_imports_next_to_nothing() -> None:
    """It runs in every task's process: the plugin base, the marker, the standard library."""
    imported = [
        node.module or ""
        for node in ast.parse(PLUGIN.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
    ]
    assert imported == ["__future__", "airflow.listeners", "airflow.plugins_manager"]


@pytest.mark.airflow
def test_a_starting_job_makes_one_pool_of_one_slot_for_each_source() -> None:
    """Twice changes nothing, and a pool that a person widened stays."""
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    initdb()
    spec = importlib.util.spec_from_file_location("gapfill_plugin", PLUGIN)
    assert spec is not None
    assert spec.loader is not None
    plugin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plugin)
    job = type("Job", (), {})()
    plugin.on_starting(job)
    Pool.create_or_update_pool("gapfill_esios", 3, "widened", include_deferred=False)
    plugin.on_starting(job)
    pools = {p.pool: p.slots for p in Pool.get_pools() if str(p.pool).startswith("gapfill_")}
    assert pools["gapfill_ree"] == 1
    assert pools["gapfill_esios"] == 3
    assert len(pools) == 7
