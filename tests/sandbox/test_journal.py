"""The log of requests."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill_sandbox.journal import Journal
from tests.sandbox.http_client import call, esios_url

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill_sandbox import Sandbox


def test_a_request_is_told_with_its_times_and_its_query(sandbox: Sandbox) -> None:
    """When it came in real and in virtual time, what was asked, what was answered."""
    url = esios_url(sandbox.url, "2025-11-01T00:00", "2025-11-01T23:59")
    before, came = time.monotonic(), datetime.now(UTC) - timedelta(milliseconds=1)
    call(f"{url}&geo_ids[]=8741&geo_ids[]=8742", headers={"x-api-key": "k", "User-Agent": "me"})
    (entry,) = sandbox.requests.all()
    assert before <= entry["monotonic"] <= time.monotonic()
    assert came <= datetime.fromisoformat(entry["wall"]) <= datetime.now(UTC)
    assert entry["virtual"] == "2025-11-05T12:00:00Z"
    assert (entry["method"], entry["path"], entry["api"]) == ("GET", "/indicators/1001", "esios")
    assert entry["query"]["geo_ids[]"] == ["8741", "8742"]
    assert entry["headers"]["user-agent"] == "me"
    assert (entry["status"], entry["fault"]) == (200, None)


def test_secrets_are_never_told() -> None:
    """Only that they came, in a header or in the query."""
    journal = Journal()
    headers = {"authorization": "hush", "x-api-key": "hush", "accept": "application/json"}
    query = {"appid": ["hush"], "lat": ["38.09"]}
    journal.open(datetime(2025, 11, 5, tzinfo=UTC), "GET", "/", query, headers)
    (entry,) = journal.all()
    came = {name for name, is_there in entry["secrets"].items() if is_there}
    assert "hush" not in json.dumps(entry)
    assert came == {"authorization", "x-api-key", "query.appid"}
    assert entry["headers"]["x-api-key"] == "REDACTED"
    assert entry["query"] == {"appid": ["REDACTED"], "lat": ["38.09"]}


def test_each_finished_request_is_a_line_of_the_file(tmp_path: Path) -> None:
    """One JSON object per line."""
    journal = Journal(tmp_path / "log")
    for status in (200, None):
        entry = journal.open(datetime(2025, 11, 5, tzinfo=UTC), "GET", "/", {}, {})
        journal.close(entry, api="ree", status=status, fault=None)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [(line["number"], line["status"]) for line in lines] == [(1, 200), (2, None)]


def test_a_cleared_log_is_empty_and_numbers_go_on() -> None:
    """No two requests have the same number."""
    journal = Journal()
    for _ in range(2):
        journal.clear()
        journal.open(datetime(2025, 11, 5, tzinfo=UTC), "GET", "/", {}, {})
    assert [entry["number"] for entry in journal.all()] == [2]
