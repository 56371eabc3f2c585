"""Control routes of the sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.http_client import call, pvpc, ree_url

if TYPE_CHECKING:
    from gapfill_sandbox import Sandbox

DAY = ("2025-11-01T00:00", "2025-11-01T23:59")


def test_the_clock_is_told_as_plain_text(sandbox: Sandbox) -> None:
    """An instant with Z, nothing else."""
    reply = call(f"{sandbox.url}/_sandbox/clock")
    assert reply.text == "2025-11-05T12:00:00Z"
    assert reply.headers["content-type"].startswith("text/plain")


def test_setting_the_clock_changes_what_is_published(sandbox: Sandbox) -> None:
    """Tomorrow's prices are not there at noon and are there in the evening."""
    url = ree_url(sandbox.url, "2025-11-06T00:00", "2025-11-06T23:59", geo_ids="8741")
    before = call(url)
    reply = call(f"{sandbox.url}/_sandbox/clock", method="PUT", body="2025-11-05T20:50:00+01:00")
    assert (before.status, reply.text) == (502, "2025-11-05T19:50:00Z")
    assert len(pvpc(call(url))) == 24


@pytest.mark.parametrize("body", ["", "soon", "2025-11-05T20:50:00"])
def test_a_clock_needs_an_instant(sandbox: Sandbox, body: str) -> None:
    """What is none leaves the clock as it was."""
    assert call(f"{sandbox.url}/_sandbox/clock", method="PUT", body=body).status == 400
    assert call(f"{sandbox.url}/_sandbox/clock").text == "2025-11-05T12:00:00Z"


def test_requests_are_told_and_forgotten(sandbox: Sandbox) -> None:
    """The control routes themselves are not in the log."""
    call(ree_url(sandbox.url, *DAY))
    (entry,) = call(f"{sandbox.url}/_sandbox/requests").json()
    assert entry["path"] == "/es/datos/mercados/precios-mercados-tiempo-real"
    assert call(f"{sandbox.url}/_sandbox/requests", method="DELETE").status == 204
    assert call(f"{sandbox.url}/_sandbox/requests").json() == []


def test_faults_are_asked_for_told_and_taken_back(sandbox: Sandbox) -> None:
    """One object or a list of them."""
    url = f"{sandbox.url}/_sandbox/faults"
    one = {"api": "ree", "kind": "500", "times": 1}
    call(url, method="POST", body=json.dumps(one))
    both = call(url, method="POST", body=json.dumps([{**one, "kind": "401"}])).json()
    assert [fault["kind"] for fault in both] == ["500", "401"]
    assert [call(ree_url(sandbox.url, *DAY)).status for _ in range(3)] == [500, 401, 200]
    assert [fault["used"] for fault in call(url).json()] == [1, 1]
    assert call(url, method="DELETE").status == 204
    assert call(url).json() == []


@pytest.mark.parametrize("body", ["", "[1]", '{"api": "ree"}', '{"api": "ree", "kind": "flood"}'])
def test_a_fault_that_cannot_be_is_refused(sandbox: Sandbox, body: str) -> None:
    """With a sentence that says why."""
    reply = call(f"{sandbox.url}/_sandbox/faults", method="POST", body=body)
    assert reply.status == 400
    assert reply.text.strip()


def test_truth_is_csv_of_a_half_open_range(sandbox: Sandbox) -> None:
    """Slots in UTC, prices in €/MWh, the peninsula unless another place is asked for."""
    url = f"{sandbox.url}/_sandbox/truth?series=pvpc"
    bounds = "start=2025-10-26T12:00:00Z&end=2025-10-26T13:00:00Z"
    assert call(f"{url}&{bounds}").text == "slot,price_eur_mwh\n2025-10-26T12:00:00Z,71.98\n"
    other = call(f"{url}&geo=8744&{bounds}").text
    assert other.splitlines()[1] != "2025-10-26T12:00:00Z,71.98"


@pytest.mark.parametrize("day, slots", [("2025-03-30", 23), ("2025-10-26", 25)])
def test_a_bare_date_of_truth_is_a_local_day(sandbox: Sandbox, day: str, slots: int) -> None:
    """With its 23 or 25 hours."""
    text = call(f"{sandbox.url}/_sandbox/truth?series=pvpc&start={day}&end={day}").text
    assert len(text.splitlines()) == 1 + slots


def test_truth_is_what_the_api_serves(sandbox: Sandbox) -> None:
    """Value by value."""
    truth = call(f"{sandbox.url}/_sandbox/truth?series=pvpc&start=2025-11-01&end=2025-11-01").text
    served = [value["value"] for value in pvpc(call(ree_url(sandbox.url, *DAY)))]
    assert [float(line.split(",")[1]) for line in truth.splitlines()[1:]] == served


def test_truth_is_that_of_the_named_source(sandbox: Sandbox) -> None:
    """Where one source alone states a series, it need not be named."""
    url = f"{sandbox.url}/_sandbox/truth?series=pvpc&start=2025-11-01&end=2025-11-01"
    assert call(f"{url}&source=ree").text == call(url).text


@pytest.mark.parametrize(
    "query",
    [
        "",
        "series=tides&start=2025-11-01&end=2025-11-01",
        "series=pvpc&source=tides&start=2025-11-01&end=2025-11-01",
    ],
)
def test_truth_of_what_is_unknown_is_refused(sandbox: Sandbox, query: str) -> None:
    """400, not an empty table."""
    assert call(f"{sandbox.url}/_sandbox/truth?{query}").status == 400
