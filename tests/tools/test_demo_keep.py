"""What ``make demo KEEP=1`` leaves to a person: holes that are open again, and how to heal them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tools.demo.keep import batches, welcome
from tools.demo.run import Run
from tools.demo.stage import DemoError, gapfill_each
from tools.local_airflow import ROOT, inherited

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_what_was_written_last_is_taken_back_first() -> None:
    """A later batch may stand over an earlier one; what wrote nothing has nothing to take back."""
    first = [{"batch": "1/a", "slots_filled": 3}, {"batch": "1/b", "slots_filled": 0}]
    second = [{"batch": "2/a", "slots_filled": 1}, {"batch": "2/b", "slots_filled": 2}]
    runs = [Run("success", first, None), Run("success", second, None)]
    assert batches(runs) == ["2/b", "2/a", "1/a"]


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_batch_that_cannot_be_taken_back_stops_the_demo(tmp_path: Path) -> None:
    """Taking back is the command that anyone can use; it leaves the store as it was before."""
    store = {"conn_type": "sqlite", "host": str(tmp_path / "store.db")}
    env = {
        **inherited(),
        "PYTHONPATH": str(ROOT / "include"),
        "AIRFLOW_CONN_GAPFILL_STORE": json.dumps(store),
        "GAPFILL_NOW": "2025-11-20T19:30:00Z",
    }
    rows = tmp_path / "rows.csv"
    rows.write_text("slot,price_eur_mwh\n2025-02-12T10:00:00Z,99.5\n")
    told = gapfill_each(env, [("import", "pvpc", str(rows))])
    batch = told.rpartition("undo ")[2].split()[0]
    assert "1 slot removed" in gapfill_each(env, [("undo", batch)])
    with pytest.raises(DemoError, match="is already undone"):
        gapfill_each(env, [("undo", batch)])


class Door(BaseHTTPRequestHandler):
    """Gives a token for one password, and notes what is asked with it."""

    asked: list[tuple[str, str, str | None, object]]

    def do_GET(self) -> None:
        """Note a look."""
        self._answer(None)

    def do_POST(self) -> None:
        """Note an order."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(json.loads(body))

    def _answer(self, body: object) -> None:
        self.asked.append((self.command, self.path, self.headers["Authorization"], body))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"access_token": "t-1"}')

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def door() -> Iterator[tuple[int, list[tuple[str, str, str | None, object]]]]:
    """Serve a door, and give its port and what it was asked."""
    asked: list[tuple[str, str, str | None, object]] = []
    with ThreadingHTTPServer(("localhost", 0), type("Mine", (Door,), {"asked": asked})) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


def test_the_printed_commands_get_a_token_look_and_heal() -> None:
    """They are run as they are printed, by a shell."""
    if shutil.which("curl") is None:
        pytest.skip("no curl is installed: apt-get install curl")
    with door() as (port, asked):
        printed = welcome(port, "p-a_ss").splitlines()
        begin = next(n for n, line in enumerate(printed) if line.startswith("TOKEN="))
        script = "\n".join(printed[begin : printed.index("", begin)])
        env = {"PATH": f"{inherited()['PATH']}", "NO_PROXY": "localhost"}
        subprocess.run(["/bin/sh", "-c", script], check=True, env=env)
    day = {"start_date": "2025-02-12", "end_date": "2025-02-12", "data_source": "series:pvpc"}
    assert asked == [
        ("POST", "/auth/token", None, {"username": "admin", "password": "p-a_ss"}),
        ("GET", "/gaps/summary", "Bearer t-1", None),
        ("POST", "/gaps/backfill/range", "Bearer t-1", day),
    ]


def test_the_page_and_the_way_in_are_named() -> None:
    """Before how to stop."""
    told = welcome(8081, "secret")
    assert "http://localhost:8081/plugin/gaps" in told
    assert "admin" in told
    assert "password  secret" in told
    assert "Ctrl-C stops everything" in told


@pytest.mark.parametrize("given,ending", [([], "tools.demo"), (["KEEP=1"], "tools.demo --keep")])
def test_keep_is_a_setting_of_make(given: list[str], ending: str) -> None:
    """Without it the demo ends by itself."""
    if shutil.which("make") is None:
        pytest.skip("no make is installed")
    python = f"PYTHON={sys.executable}"
    command = ["make", "-n", "--no-print-directory", python, "demo", *given]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith(ending)
