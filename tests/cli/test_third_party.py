"""A source that is added without a change to Gapfill is planned and asked like any other."""

from __future__ import annotations

import csv
import io
import shutil
from typing import TYPE_CHECKING

import pytest

from gapfill import catalog, sources
from tests.sources.http.raw_server import RawServer, reply
from tests.sources.third_party import install

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]

HOURS = 24 * 5
"""From 2025-11-01 to the end of 2025-11-05, in Madrid."""


@pytest.fixture
def catalogue(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return the shipped catalogue with prices of the other source, since 2025-11-01."""
    text = catalog.SHIPPED.read_text(encoding="utf-8")
    text = text.replace("- sources: [ree, esios]", f"- sources: [{request.param}]")
    text = text.replace("earliest: 2021-06-01", "earliest: 2025-11-01")
    path = tmp_path / "catalog.yaml"
    path.write_text(text[: text.index("  weather_hourly:\n    group")], encoding="utf-8")
    return path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    """Serve the API of the other source."""
    with RawServer([reply(200, b"{}")]) as running:
        monkeypatch.setenv("AIRFLOW_CONN_THIRD_PARTY", running.connection())
        yield running


@pytest.mark.parametrize("catalogue", ["by_entry_point"], indirect=True)
def test_a_source_of_another_distribution_is_planned_and_asked(
    cli: Cli, server: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has an entry point, and a route names it."""
    install(tmp_path, monkeypatch, "by_entry_point")
    _heals(cli, server, "by_entry_point")


@pytest.mark.parametrize("catalogue", ["beside"], indirect=True)
def test_a_source_beside_the_others_is_planned_and_asked(
    cli: Cli, server: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a folder in ``sources``, and a route names it."""
    with monkeypatch.context() as elsewhere:
        package = install(tmp_path, elsewhere, "beside")
    shutil.rmtree(tmp_path / "gapfill_beside-1.0.dist-info")
    folder = tmp_path / "sources"
    folder.mkdir()
    package.rename(folder / "beside")
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(folder)])
    _heals(cli, server, "beside")


def _heals(cli: Cli, server: RawServer, name: str) -> None:
    planned = cli("plan", "--json").document
    assert {unit["source"] for unit in planned["units"]} == {name}
    healed = cli("heal", "--json")
    assert (healed.code, healed.document["state"]) == (0, "ok")
    assert {one.path for one in server.received} == {"/hours"}
    exported = cli("export", "pvpc", "--start", "2025-11-01", "--end", "2025-11-06")
    rows = list(csv.DictReader(io.StringIO(exported.out)))
    assert [(row["price_eur_mwh"], row["source"]) for row in rows] == [("42.5", name)] * HOURS


@pytest.mark.parametrize("catalogue", ["broken, ree"], indirect=True)
def test_a_source_that_cannot_be_imported_stops_no_other(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next of the route is asked; ``explain`` says why."""
    package = install(tmp_path, monkeypatch, "broken")
    (package / "hook.py").write_text("import there_is_no_such_module", encoding="utf-8")
    said = cli("explain", "pvpc", "2025-11-02T10:00:00Z").out
    assert "cannot be used: the module gapfill_broken.hook of the source 'broken'" in said
    cli("heal")
    exported = cli("export", "pvpc", "--start", "2025-11-01", "--end", "2025-11-06")
    assert {row["source"] for row in csv.DictReader(io.StringIO(exported.out))} == {"ree"}
