"""``python -m gapfill.sandbox``."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gapfill_sandbox.__main__ import main
from tests.sandbox.asks import aemet, aemet_hours
from tests.sandbox.http_client import archive_url, call, ree_url

if TYPE_CHECKING:
    from collections.abc import Iterator

INCLUDE = Path(__file__).parents[2] / "include"
READY = "sandbox ready on "


@contextmanager
def _program(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the program until the context ends; gives the process and its root URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gapfill.sandbox", "--port", "0", *options],
        env={**os.environ, "PYTHONPATH": str(INCLUDE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith(READY)
            yield process, line.removeprefix(READY).strip()
        finally:
            process.kill()


@pytest.mark.server
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_when_it_is_ready_and_stops_cleanly(number: signal.Signals) -> None:
    """One line with the URL, nothing on stderr, exit code 0."""
    with _program("--now", "2025-11-05T12:00:00Z") as (process, url):
        assert call(f"{url}/_sandbox/clock").text == "2025-11-05T12:00:00Z"
        process.send_signal(number)
        out, err = process.communicate(timeout=300)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.server
def test_its_options_are_those_of_the_helper(tmp_path: Path) -> None:
    """A running clock, faults, rates, spans, the archive's host, the log."""
    options = ["--now", "2025-11-05T12:00:00Z", "--running", "--log", str(tmp_path / "log")]
    options += ["--fault", "ree:500,times=1", "--rate", "ree=2", "--span", "ree=1"]
    options += ["--archive-redirect-host", "localhost"]
    with _program(*options) as (_, url):
        week = ree_url(url, "2025-10-27T00:00", "2025-11-02T23:59")
        assert [call(week).status for _ in range(3)] == [500, 400, 429]
        location = call(archive_url(url, "2025-11-01")).headers["location"]
        assert location.startswith("http://localhost:")
        assert call(f"{url}/_sandbox/clock").text.startswith("2025-11-05T12:00:")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["fault"] for line in lines] == ["500", None, "rate", None]


@pytest.mark.server
def test_the_limits_of_an_account_are_an_option() -> None:
    """One call a day, here."""
    with _program("--now", "2025-11-05T12:00:00Z", "--limit", "siar.calls_day=1") as (_, url):
        encrypt = f"{url}/siarapi/API/V1/Autenticacion/cifrarCadena?cadena=NIF"
        assert [call(encrypt).status for _ in range(2)] == [200, 403]


@pytest.mark.server
def test_stations_and_timed_faults_are_options() -> None:
    """A world as it really is, where AEMET is down for two days."""
    down = "aemet:no_data,since=2025-11-05T12:00:00Z,until=2025-11-07T12:00:00Z"
    options = ["--now", "2025-11-05T11:00:00Z", "--stations", "real", "--fault", down]
    with _program(*options) as (_, url):
        assert "hr" not in aemet(aemet_hours(url))[-1]
        call(f"{url}/_sandbox/clock", method="PUT", body="2025-11-05T12:00:00Z")
        assert aemet(aemet_hours(url))["estado"] == 404


@pytest.mark.parametrize(
    "options",
    [
        ["--now", "2025-11-05"],
        ["--stations", "half"],
        ["--limit", "ree.at_once=1"],
        ["--fault", "ree"],
        ["--fault", "ree:flood"],
        ["--rate", "ree=fast"],
        ["--rate", "tides=1"],
        ["--limit", "siar.tides=1"],
    ],
)
def test_a_wrong_option_is_a_usage_error(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and a sentence."""
    try:
        code = main(options)
    except SystemExit as exc:
        code = int(str(exc.code))
    assert code == 2
    assert capsys.readouterr().err


def test_a_taken_port_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 and a sentence with the address."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err
