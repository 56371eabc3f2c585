"""The command line in this process: a real store file, and a sandbox in place of the APIs."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gapfill.cli import main
from gapfill_sandbox import Sandbox, serve
from tests.catalogs import write_catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
NOW = "2025-11-05T12:00:00Z"
"""Before 20:50 in Madrid: prices to the end of this day are due, tomorrow's are not."""


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - whatever the JSON holds
        """Return stdout as the one JSON document that it must be."""
        return json.loads(self.out)


class Cli:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *argv: str, stdin: str | None = None) -> Ran:
        """Run a command line."""
        if stdin is not None:
            text = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
            self._monkeypatch.setattr(sys, "stdin", text)
        self._capsys.readouterr()
        code = main(argv)
        captured = self._capsys.readouterr()
        return Ran(code, captured.out, captured.err)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Return something that runs commands."""
    return Cli(capsys, monkeypatch)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve the APIs, without their rates."""
    now = datetime(2025, 11, 5, 12, tzinfo=UTC)
    with serve(now=now, rates={"ree": 0, "esios": 0}) as running:
        yield running


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Return a catalogue of prices only, since 2025-10-01, whose sources may be asked fast."""
    return write_catalog(tmp_path, only=["pvpc"], earliest="2025-10-01", per_minute=60_000)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return where the store's file is."""
    return tmp_path / "store.db"


@pytest.fixture
def environment(tmp_path: Path, catalogue: Path, store: Path, sandbox: Sandbox) -> dict[str, str]:
    """Return the variables that set up an installation."""
    api = json.dumps({"conn_type": "http", "host": sandbox.url})
    return {
        "AIRFLOW_CONN_GAPFILL_STORE": json.dumps({"conn_type": "sqlite", "host": str(store)}),
        "AIRFLOW_CONN_REE_DEFAULT": api,
        "AIRFLOW_CONN_ESIOS_DEFAULT": api,
        "GAPFILL_CATALOG": str(catalogue),
        "GAPFILL_LOCKS": str(tmp_path / "locks"),
        "GAPFILL_STATE": str(tmp_path / "state"),
        "GAPFILL_NOW": NOW,
    }


@pytest.fixture
def installed(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Set up an installation in this process: an empty store and the sandbox."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
