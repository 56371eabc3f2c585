"""The application: faults met over HTTP, rates, redirects."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest

from gapfill_sandbox import Sandbox, serve
from tests.sandbox.conftest import NOON
from tests.sandbox.http_client import (
    archive_url,
    call,
    esios,
    esios_url,
    follow,
    pvpc,
    ree_url,
)
from tests.sandbox.shapes import PAYLOADS

if TYPE_CHECKING:
    from tests.sandbox.http_client import Reply

DAY = ("2025-11-01T00:00", "2025-11-01T23:59")


def _ree(sandbox: Sandbox, kind: str, **more: object) -> Reply:
    """Call for a day of prices at apidatos while a fault is in force."""
    sandbox.faults.add({"api": "ree", "kind": kind, **more})
    return call(ree_url(sandbox.url, *DAY))


@pytest.mark.parametrize(
    "kind, status, content_type",
    [
        ("401", 401, "application/json"),
        ("403", 403, "application/json"),
        ("403_quota", 403, "application/json"),
        ("429", 429, "application/json"),
        ("500", 500, "application/json"),
        ("502", 502, "text/html; charset=utf-8"),
        ("html", 200, "text/html; charset=utf-8"),
        ("estado_429", 200, "text/plain;charset=ISO-8859-15"),
    ],
)
def test_refusals_come_instead_of_the_answer(
    sandbox: Sandbox, kind: str, status: int, content_type: str
) -> None:
    """Each with its status and type; the log names the fault."""
    reply = _ree(sandbox, kind)
    assert (reply.status, reply.headers["content-type"]) == (status, content_type)
    assert [entry["fault"] for entry in sandbox.requests.all()] == [kind]


def test_a_fault_502_is_not_the_502_of_no_data(sandbox: Sandbox) -> None:
    """Only the detail tells an outage from an unpublished day."""
    assert b"no data for the selected filters" not in _ree(sandbox, "502").body


def test_retry_after_is_sent_where_it_is_asked_for(sandbox: Sandbox) -> None:
    """No API sends it by itself."""
    assert _ree(sandbox, "429", times=1, retry_after=7).headers["retry-after"] == "7"
    assert "retry-after" not in _ree(sandbox, "429", times=1).headers


def test_esios_refuses_in_its_own_words(sandbox: Sandbox) -> None:
    """The captured body."""
    sandbox.faults.add({"api": "esios", "kind": "403"})
    reply = esios(sandbox.url, *DAY)
    assert reply.body == (PAYLOADS / "esios_error_forbidden.json").read_bytes().strip()


def test_estado_429_is_a_refusal_in_a_200(sandbox: Sandbox) -> None:
    """Its text is not UTF-8."""
    reply = _ree(sandbox, "estado_429")
    assert json.loads(reply.body.decode("iso-8859-15"))["estado"] == 429
    with pytest.raises(UnicodeDecodeError):
        _ = reply.text


def test_values_can_be_no_numbers(sandbox: Sandbox) -> None:
    """NaN, a text, far too much, below zero, zero."""
    assert math.isnan(pvpc(_ree(sandbox, "nan", times=1))[0]["value"])
    assert pvpc(_ree(sandbox, "text", times=1))[0]["value"] == "n/d"
    assert pvpc(_ree(sandbox, "huge", times=1))[0]["value"] == 1_000_000_000
    assert pvpc(_ree(sandbox, "negative", times=1))[0]["value"] < 0
    assert pvpc(_ree(sandbox, "zero", times=1))[0]["value"] == 0


def test_rows_can_be_double_late_or_lacking(sandbox: Sandbox) -> None:
    """The rest of the answer stays well-formed."""
    assert len(pvpc(_ree(sandbox, "duplicated", times=1))) == 48
    shifted = pvpc(_ree(sandbox, "shifted", times=1))
    assert shifted[0]["datetime"] == "2025-11-01T01:00:00.000+01:00"
    assert shifted[-1]["datetime"] == "2025-11-02T00:00:00.000+01:00"
    partial = pvpc(_ree(sandbox, "partial_day", times=1))
    assert partial[-1]["datetime"] == "2025-11-01T15:00:00.000+01:00"


def test_empty_is_each_apis_own_answer(sandbox: Sandbox) -> None:
    """502 at apidatos, an empty list at ESIOS, a message at the archive's first hop."""
    sandbox.faults.add({"api": "esios", "kind": "empty"})
    assert _ree(sandbox, "empty").body == (PAYLOADS / "ree_error_no_data.json").read_bytes().strip()
    assert esios(sandbox.url, *DAY).json()["indicator"]["values"] == []
    assert "No values" in call(archive_url(sandbox.url, "2025-11-01")).text


def test_rows_of_the_indicator_and_the_archive_are_spoilt_too(sandbox: Sandbox) -> None:
    """The archive writes them with its comma and its labels, at the second hop."""
    sandbox.faults.add({"api": "esios", "kind": "huge", "times": 2})
    sandbox.faults.add({"api": "esios", "kind": "shifted"})
    assert esios(sandbox.url, *DAY).json()["indicator"]["values"][0]["value"] == 1e9
    link = call(archive_url(sandbox.url, "2025-11-01"))
    assert follow(link).json()["PVPC"][0]["PCB"] == "1000000000,00"
    rows = follow(link).json()["PVPC"]
    assert (rows[0]["Dia"], rows[0]["Hora"]) == ("01/11/2025", "01-02")
    assert (rows[-1]["Dia"], rows[-1]["Hora"]) == ("02/11/2025", "00-01")


def test_a_link_can_expire(sandbox: Sandbox) -> None:
    """The first hop is well, the second refuses once."""
    sandbox.faults.add({"api": "esios", "kind": "expired_link", "times": 1})
    link = call(archive_url(sandbox.url, "2025-11-01"))
    refused = follow(link)
    assert link.status == 307
    assert (refused.status, b"expired" in refused.body) == (403, True)
    assert follow(link).status == 200


def test_a_fault_with_dates_spares_other_days(sandbox: Sandbox) -> None:
    """At every path the asked range decides."""
    for api in ("ree", "esios"):
        sandbox.faults.add({"api": api, "kind": "500", "from": "2025-11-02", "to": "2025-11-02"})
    later = ("2025-11-01T00:00", "2025-11-02T23:59")
    assert call(ree_url(sandbox.url, *DAY)).status == 200
    assert call(ree_url(sandbox.url, *later)).status == 500
    assert esios(sandbox.url, *DAY).status == 200
    assert esios(sandbox.url, *later).status == 500
    assert call(archive_url(sandbox.url, "2025-11-01")).status == 307
    assert call(archive_url(sandbox.url, "2025-11-02")).status == 500
    assert call(f"{sandbox.url}/_s3/archives/70/2025-11-02").status == 500


def test_redirect_leads_to_another_host_that_tells_of_keys(sandbox: Sandbox) -> None:
    """Whoever follows with a key is in the log."""
    port = sandbox.url.rpartition(":")[2]
    sandbox.faults.add({"api": "esios", "kind": "redirect", "times": 1})
    url = esios_url(sandbox.url, *DAY)
    reply = call(url, headers={"x-api-key": "secret"})
    assert reply.status == 302
    assert reply.headers["location"].startswith(f"http://localhost:{port}/_elsewhere/indicators/")
    call(reply.headers["location"], headers={"x-api-key": "secret"})
    (entry,) = sandbox.requests.of("elsewhere")
    assert entry["host"] == f"localhost:{port}"
    assert entry["secrets"]["x-api-key"] is True


def test_redirect_leads_from_localhost_to_the_number(sandbox: Sandbox) -> None:
    """It is another host whichever name the client used."""
    sandbox.faults.add({"api": "ree", "kind": "redirect"})
    url = ree_url(sandbox.url.replace("127.0.0.1", "localhost"), *DAY)
    assert call(url).headers["location"].startswith("http://127.0.0.1:")


def test_an_api_refuses_what_is_over_its_rate() -> None:
    """In its own words; other APIs are not touched, and no fault is used up."""
    with serve(now=NOON, rates={"ree": 2}) as sandbox:
        sandbox.faults.add({"api": "ree", "kind": "500", "after": 2})
        replies = [call(ree_url(sandbox.url, *DAY)) for _ in range(3)]
        assert [reply.status for reply in replies] == [200, 200, 429]
        assert replies[2].json()["errors"][0]["status"] == "429"
        assert esios(sandbox.url, *DAY).status == 200
        assert sandbox.requests.all()[2]["fault"] == "rate"
        assert sandbox.faults.as_json()[0]["seen"] == 2


@pytest.mark.parametrize("rate, statuses", [(None, {200, 429}), (0, {200})])
def test_thirty_requests_a_minute_are_the_default(rate: int | None, statuses: set[int]) -> None:
    """Zero lifts the limit."""
    with serve(now=NOON, rates={} if rate is None else {"ree": rate}) as sandbox:
        found = [call(ree_url(sandbox.url, *DAY)).status for _ in range(31)]
    assert set(found[:30]) == {200}
    assert set(found) == statuses


def test_an_unknown_path_is_404_and_in_the_log(sandbox: Sandbox) -> None:
    """So a client with a wrong path is seen."""
    assert call(f"{sandbox.url}/es/datos/mercados/precios").status == 404
    assert call(ree_url(sandbox.url, *DAY), method="POST").status == 405
    found = [(entry["api"], entry["status"]) for entry in sandbox.requests.all()]
    assert found == [(None, 404), (None, 405)]
