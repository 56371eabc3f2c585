"""ESIOS's keyless archive 70 as the sandbox serves it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gapfill_sandbox import Sandbox, serve
from tests.sandbox.http_client import archive_url, call, follow
from tests.sandbox.shapes import PAYLOADS, payload, shape


@pytest.mark.parametrize("day", ["2021-10-31", "2019-03-31"])
def test_file_has_the_shape_and_labels_of_the_capture(day: str) -> None:
    """Same columns in the same order and the same labels, in the new and the old form."""
    capture = payload(f"esios_archive70_{day}.json")
    with serve(now=datetime(2021, 11, 1, tzinfo=UTC)) as sandbox:
        reply = follow(call(archive_url(sandbox.url, day)))
    rows = reply.json()["PVPC"]
    assert shape(reply.json()) == shape(capture)
    assert list(rows[0]) == list(capture["PVPC"][0])
    assert [(row["Dia"], row["Hora"]) for row in rows] == [
        (row["Dia"], row["Hora"]) for row in capture["PVPC"]
    ]
    assert reply.headers["content-type"] == "application/json"


def test_numbers_have_a_decimal_comma_and_two_places(sandbox: Sandbox) -> None:
    """As in "171,48"; the profile has eighteen places."""
    row = follow(call(archive_url(sandbox.url, "2025-11-01"))).json()["PVPC"][0]
    assert all(len(row[name].split(",")[1]) == 2 for name in ("PCB", "CYM", "PMHPCB", "TEUCYM"))
    assert len(row["COF2TD"].split(",")[1]) == 18


def test_parts_of_a_price_sum_to_it(sandbox: Sandbox) -> None:
    """The components are plausible: together they are the price."""
    for row in follow(call(archive_url(sandbox.url, "2025-11-01"))).json()["PVPC"]:
        parts = [row[f"{name}PCB"] for name in ("PMH", "SAH", "FOM", "FOS", "TEU", "CCV")]
        total = sum(float(part.replace(",", ".")) for part in parts)
        assert total == pytest.approx(float(row["PCB"].replace(",", ".")), abs=0.02)


def test_first_hop_leads_to_a_signed_link_on_the_same_host(sandbox: Sandbox) -> None:
    """307 with a Location, whatever the Host header says."""
    reply = call(archive_url(sandbox.url, "2025-11-01"), headers={"Host": "api.esios.ree.es"})
    assert reply.status == 307
    assert reply.headers["location"] == (
        f"{sandbox.url}/_s3/archives/70/2025-11-01?X-Amz-Expires=300&X-Amz-Signature=20251101"
    )


def test_first_hop_can_lead_to_another_host_name() -> None:
    """The option names the host; the port stays."""
    now = datetime(2025, 11, 5, 12, tzinfo=UTC)
    with serve(now=now, archive_redirect_host="localhost") as sandbox:
        reply = call(archive_url(sandbox.url, "2025-11-01"))
        rows = follow(reply).json()["PVPC"]
        port = sandbox.url.rpartition(":")[2]
    assert reply.headers["location"].startswith(f"http://localhost:{port}/_s3/")
    assert len(rows) == 24


def test_second_hop_tells_whether_a_key_travelled(sandbox: Sandbox) -> None:
    """The log shows which credentials reached the store."""
    call(f"{sandbox.url}/_s3/archives/70/2025-11-01", headers={"x-api-key": "secret"})
    (entry,) = sandbox.requests.of("esios")
    assert entry["secrets"]["x-api-key"] is True
    assert entry["secrets"]["authorization"] is False


def test_a_day_that_is_not_published_is_a_message(sandbox: Sandbox) -> None:
    """HTTP 200 with the captured body, and the store has no such file."""
    reply = call(archive_url(sandbox.url, "2025-11-06"))
    assert reply.status == 200
    expected = (PAYLOADS / "esios_archive70_error_no_values.json").read_bytes().strip()
    assert reply.body == expected
    assert call(f"{sandbox.url}/_s3/archives/70/2025-11-06").status == 404


def test_a_day_in_an_outage_is_a_message(sandbox: Sandbox) -> None:
    """At the first hop, as there is one day in an answer; the days around it are there."""
    outage = {"api": "esios", "kind": "outage", "from": "2025-11-01", "to": "2025-11-02"}
    sandbox.faults.add(outage)
    days = ("2025-10-31", "2025-11-01", "2025-11-02", "2025-11-03")
    assert [call(archive_url(sandbox.url, day)).status for day in days] == [307, 200, 200, 307]


def test_a_date_that_is_none_is_refused(sandbox: Sandbox) -> None:
    """400 at the first hop, 404 at the second."""
    assert call(archive_url(sandbox.url, "someday")).status == 400
    assert call(f"{sandbox.url}/_s3/archives/70/2025-13-01").status == 404


def test_the_second_hop_does_not_count_towards_the_rate() -> None:
    """One admitted request a minute is enough for both hops."""
    now = datetime(2025, 11, 5, 12, tzinfo=UTC)
    with serve(now=now, rates={"esios": 1}) as sandbox:
        reply = follow(call(archive_url(sandbox.url, "2025-11-01")))
        assert reply.status == 200
        assert call(archive_url(sandbox.url, "2025-11-01")).status == 429


def test_first_hop_leads_to_the_local_name_that_was_called(sandbox: Sandbox) -> None:
    """A client may know this machine by its name, and follow a redirect to no other."""
    port = sandbox.url.rpartition(":")[2]
    url = archive_url(sandbox.url, "2025-11-01")
    reply = call(url, headers={"Host": f"localhost:{port}"})
    assert reply.headers["location"].startswith(f"http://localhost:{port}/_s3/")
