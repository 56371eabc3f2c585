"""The plugin: cheap to import, and pools that exist without anyone making them."""

from __future__ import annotations

import ast
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.plugins import imports
from tests.plugins.imports import PLUGIN

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_it_imports_next_to_nothing() -> None:
    """It runs in every task's process: the plugin base, the marker, the standard library."""
    imported = [
        node.module or ""
        for node in ast.parse(PLUGIN.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
    ]
    assert imported == ["__future__", "typing", "airflow.listeners", "airflow.plugins_manager"]


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_task_that_loads_it_loads_nothing_of_ours() -> None:
    """Nor a web framework: the routes are made where they are asked for."""
    assert "gapfill_plugin" in imports.of_the_plugin()
    assert imports.beyond_the_base() == []


def load() -> Any:  # noqa: ANN401 - a module
    """Return the plugin as Airflow loads it: from its file, under its bare name."""
    spec = importlib.util.spec_from_file_location("gapfill_plugin", PLUGIN)
    assert spec is not None
    assert spec.loader is not None
    plugin = importlib.util.module_from_spec(spec)
    sys.modules["gapfill_plugin"] = plugin
    spec.loader.exec_module(plugin)
    return plugin


@pytest.fixture
def plugin() -> Iterator[Any]:
    """Return the plugin for as long as the test lasts."""
    yield load()
    del sys.modules["gapfill_plugin"]


@pytest.mark.airflow
def test_airflow_finds_its_listener(plugin: Any) -> None:  # noqa: ANN401 - a module
    """As the class says."""
    assert plugin.GapfillPlugin.name == "gapfill"
    assert plugin.GapfillPlugin.listeners == [plugin]


@pytest.mark.airflow
def test_its_routes_and_views_have_prefixes_of_their_own(plugin: Any) -> None:  # noqa: ANN401 - a module
    """Airflow drops a view whose route another one has, and an app under a reserved prefix."""
    ours = plugin.GapfillPlugin()
    assert [app["url_prefix"] for app in ours.fastapi_apps] == ["/gaps", "/influxdb"]
    assert ours.fastapi_apps[0]["app"] is ours.fastapi_apps[0]["app"]
    views = [(view["destination"], view["url_route"]) for view in ours.external_views]
    assert views == [("nav", "gaps"), ("dag", "dag-gaps")]


@pytest.mark.airflow
def test_routes_that_cannot_be_made_stop_no_api_server(
    plugin: Any,  # noqa: ANN401 - a module
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged, and said by their paths (``test_broken``)."""
    monkeypatch.setitem(sys.modules, "gapfill.webui.app", None)
    apps = plugin.GapfillPlugin().fastapi_apps
    assert [app["url_prefix"] for app in apps] == ["/gaps", "/influxdb"]
    assert "could not be created" in caplog.text


@pytest.mark.airflow
@pytest.mark.parametrize(
    "exc,words",
    [
        (ModuleNotFoundError("No module", name="gapfill"), "its package is not found: put its"),
        (
            ModuleNotFoundError("No module", name="sqlalchemy.orm"),
            "the Python package 'sqlalchemy.orm' is missing: install requirements-airflow.txt",
        ),
        (
            ImportError("cannot import name 'RetryPolicy' from 'airflow.sdk'"),
            "cannot import name 'RetryPolicy' from 'airflow.sdk': Gapfill needs Airflow 3.3.2",
        ),
        (ValueError("a secret"), "ValueError: read the API server's log"),
    ],
)
def test_each_kind_of_failure_has_its_next_step(
    plugin: Any,  # noqa: ANN401 - a module
    exc: Exception,
    words: str,
) -> None:
    """Without the text of an error that may hold anything."""
    said = plugin._reason(exc)
    assert said.startswith("Gapfill cannot be loaded: ")
    assert words in said
    assert said.endswith("then restart the API server.")
    assert "a secret" not in said


@pytest.mark.airflow
def test_a_task_that_starts_makes_no_pools(
    plugin: Any,  # noqa: ANN401 - a module
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has no database, and must not pay for what a scheduler does."""
    from gapfill.orchestration import pools

    monkeypatch.setattr(pools, "make_pools", lambda: pytest.fail("made pools"))
    plugin.on_starting(type("TaskRunnerMarker", (), {})())


@pytest.mark.airflow
def test_a_wrong_catalogue_stops_no_scheduler(
    plugin: Any,  # noqa: ANN401 - a module
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged; the gates have their pool, so that runs can say what is wrong."""
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    initdb()
    monkeypatch.setenv("GAPFILL_CATALOG", "/nowhere/catalog.yaml")
    plugin.on_starting(type("Job", (), {})())
    assert Pool.get_pool("gapfill_gates")
    assert "The pools of Gapfill could not be created" in caplog.text


@pytest.mark.airflow
def test_a_starting_job_makes_a_pool_of_one_slot_for_each_source_and_for_the_gates(
    plugin: Any,  # noqa: ANN401 - a module
) -> None:
    """Twice changes nothing, and a pool that a person widened stays."""
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    initdb()
    job = type("Job", (), {})()
    plugin.on_starting(job)
    Pool.create_or_update_pool("gapfill_esios", 3, "widened", include_deferred=False)
    plugin.on_starting(job)
    pools = {p.pool: p.slots for p in Pool.get_pools() if str(p.pool).startswith("gapfill_")}
    assert (pools["gapfill_gates"], pools["gapfill_ree"]) == (1, 1)
    assert pools["gapfill_esios"] == 3
    assert len(pools) == 8
