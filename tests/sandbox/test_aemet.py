"""AEMET OpenData as the sandbox serves it: two hops, its encoding, its refusals, its rows."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gapfill_sandbox import serve
from tests.sandbox.http_client import Reply, call
from tests.sandbox.shapes import PAYLOADS, payload, shape

if TYPE_CHECKING:
    from gapfill_sandbox import Sandbox

NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)
CAPTURED = datetime(2021, 1, 9, 12, 30, tzinfo=UTC)
JAEN = "5270B"
"""A station that measures everything."""
API = "/opendata/api"
INVENTORY = f"{API}/valores/climatologicos/inventarioestaciones/todasestaciones"
TRUTH = "/_sandbox/truth?source=aemet"


def _hours(station: str = "5279X") -> str:
    """Return the path of the hours."""
    return f"{API}/observacion/convencional/datos/estacion/{station}"


def _days(first: str, last: str, station: str = "5279X") -> str:
    """Return the path of days, both included."""
    return (
        f"{API}/valores/climatologicos/diarios/datos/fechaini/{first}T00:00:00UTC"
        f"/fechafin/{last}T23:59:59UTC/estacion/{station}"
    )


def _first(sandbox: Sandbox, path: str) -> Reply:
    """Call the first hop with a key."""
    return call(sandbox.url + path, headers={"api_key": "k"})


def _second(envelope: Reply, name: str = "datos") -> Reply:
    """Call where an envelope leads."""
    return call(_json(envelope)[name])


def _json(reply: Reply) -> Any:  # noqa: ANN401 - any JSON
    """Return a body in AEMET's encoding as JSON."""
    return json.loads(reply.body.decode("iso-8859-15"))


def _rows(sandbox: Sandbox, path: str) -> list[dict[str, Any]]:
    """Return the rows of both hops."""
    return list(_json(_second(_first(sandbox, path))))


def _said(reply: Reply) -> tuple[int, int, str]:
    """Return the HTTP status, the one in the body, and its words."""
    body = _json(reply)
    return reply.status, body["estado"], body["descripcion"]


def test_the_envelope_has_the_shape_of_the_capture(sandbox: Sandbox) -> None:
    """Its links are of the host that was called."""
    reply = _first(sandbox, _hours())
    assert shape(_json(reply)) == shape(payload("aemet_envelope_2021-01-09.json"))
    assert _json(reply)["datos"].startswith(f"{sandbox.url}/opendata/sh/")
    assert reply.headers["content-type"] == "text/plain;charset=ISO-8859-15"


def test_links_are_of_the_name_that_was_called(sandbox: Sandbox) -> None:
    """A client that follows its own host alone can follow them."""
    reply = call(sandbox.url + _hours(), headers={"api_key": "k", "Host": "aemet.test:8700"})
    assert _json(reply)["datos"].startswith("http://aemet.test:8700/opendata/sh/")


def test_hours_have_the_keys_and_types_of_the_capture() -> None:
    """Station 3195 has no wind of its own; in 2021 ``fint`` had no offset."""
    capture = payload("aemet_observations_2021-01-09.json")
    with serve(now=CAPTURED) as sandbox:
        rows = _rows(sandbox, _hours("3195"))
    assert shape(rows) == shape(capture)
    assert {type(value) for row in rows for value in row.values()} == {str, float}
    assert rows[-1]["fint"] == capture[-1]["fint"] == "2021-01-09T12:00:00"
    fixed = ("idema", "lon", "lat", "alt", "ubi")
    assert [rows[0][key] for key in fixed] == [capture[0][key] for key in fixed]


def test_hours_of_the_plants_station_have_wind_and_an_offset(sandbox: Sandbox) -> None:
    """Keys differ by station, the form of ``fint`` by year."""
    row = _rows(sandbox, _hours())[-1]
    assert row["fint"] == "2025-11-05T11:00:00+0000"
    assert {"vv", "dv", "vmax"} <= set(row)
    assert row["idema"] == "5279X"


def test_rows_are_in_aemets_encoding(sandbox: Sandbox) -> None:
    """The station's name is no UTF-8 on the wire."""
    for path in (_hours(), _days("2025-10-01", "2025-10-02"), INVENTORY):
        reply = _second(_first(sandbox, path))
        assert reply.headers["content-type"] == "text/plain;charset=ISO-8859-15"
        assert b"LINARES (ESTACI\xd3N)" in reply.body


@pytest.mark.parametrize(
    "minutes, rows, newest", [(0, 12, "11:00"), (9, 12, "11:00"), (10, 13, "12:00")]
)
def test_an_hour_appears_some_minutes_after_its_end(minutes: int, rows: int, newest: str) -> None:
    """And is there for twelve more, so that there are 12 or 13."""
    with serve(now=NOON + timedelta(minutes=minutes)) as sandbox:
        found = _rows(sandbox, _hours())
    assert len(found) == rows
    assert found[-1]["fint"] == f"2025-11-05T{newest}:00+0000"
    assert found[0]["fint"] == "2025-11-05T00:00:00+0000"


def test_days_are_texts_with_commas(sandbox: Sandbox) -> None:
    """All of them, and of the keys that the described day has, no other, at a full station."""
    from tests.sources.aemet.asks import RECORD

    days = _rows(sandbox, _days("2025-01-01", "2025-06-30", JAEN))
    assert len(days) == 181
    assert {type(value) for day in days for value in day.values()} == {str}
    assert {key for day in days for key in day} == set(RECORD)
    whole = next(day for day in days if len(day) == len(RECORD))
    for key in ("tmed", "tmax", "tmin", "velmedia", "racha", "presMax", "presMin"):
        assert re.fullmatch(r"-?\d+,\d", whole[key]), key
    for key in ("hrMedia", "hrMax", "hrMin", "dir", "altitud"):
        assert re.fullmatch(r"\d+", whole[key]), key


def test_days_have_words_and_lack_keys_now_and_then(sandbox: Sandbox) -> None:
    """Each of the forms that clients trip over, but never a day without its mean."""
    days = _rows(sandbox, _days("2024-06-01", "2024-11-30"))
    rain = {day.get("prec", "lacks") for day in days}
    assert {"Ip", "Acum", "0,0", "lacks"} <= rain
    at = {value for day in days for key, value in day.items() if key.startswith("hora")}
    assert {"Varias", "24", "23:59"} <= at
    assert any(re.fullmatch(r"\d\d", value) for value in at - {"24"})
    assert "99" in {day.get("dir") for day in days}
    assert all("tmed" in day for day in days)
    assert len({frozenset(day) for day in days}) > 2


def test_rain_that_is_counted_later_is_on_the_next_day(sandbox: Sandbox) -> None:
    """What fell on 2025-02-19 is in the sum of the twentieth."""
    first, second = _rows(sandbox, _days("2025-02-19", "2025-02-20"))
    assert (first["prec"], second["prec"]) == ("Acum", "15,4")
    url = f"{sandbox.url}{TRUTH}&series=weather_hourly"
    text = call(f"{url}&start=2025-02-19T00:00:00Z&end=2025-02-21T00:00:00Z").text
    fell = [float(line.rsplit(",", 1)[1]) for line in text.splitlines()[1:]]
    assert sum(fell[:24]) > 0
    assert sum(fell) == pytest.approx(15.4, abs=0.5)


def test_a_day_appears_four_days_after_its_end(sandbox: Sandbox) -> None:
    """At noon of the fifth the last is the thirty-first."""
    days = _rows(sandbox, _days("2025-10-25", "2025-11-05"))
    assert [day["fecha"] for day in days][-1] == "2025-10-31"
    reply = _first(sandbox, _days("2025-11-01", "2025-11-05"))
    assert _said(reply)[1] == 404


@pytest.mark.parametrize(
    "path",
    [
        _hours("0000X"),
        _days("2025-10-01", "2025-10-02", "0000X"),
        _days("2025-11-04", "2025-11-05"),
        _days("2018-01-01", "2018-01-31"),
        _days("2025-10-02", "2025-10-01"),
        _days("9999-12-31", "9999-12-31"),
    ],
)
def test_no_data_is_said_as_captured(sandbox: Sandbox, path: str) -> None:
    """An unknown station, days that are not there, days before the station."""
    reply = _first(sandbox, path)
    assert reply.status == 200
    assert reply.body == (PAYLOADS / "aemet_error_no_data.json").read_bytes()


def test_more_than_six_months_are_refused_as_captured(sandbox: Sandbox) -> None:
    """The longest six months are 184 days."""
    assert len(_rows(sandbox, _days("2025-03-01", "2025-08-31"))) == 184
    reply = _first(sandbox, _days("2025-03-01", "2025-09-01"))
    assert reply.status == 200
    assert reply.body == (PAYLOADS / "aemet_error_range.json").read_bytes()


def test_the_longest_range_is_an_option() -> None:
    """An installation may be told less."""
    with serve(now=NOON, spans={"aemet": 31}) as sandbox:
        assert len(_rows(sandbox, _days("2025-10-01", "2025-10-31"))) == 31
        assert _said(_first(sandbox, _days("2025-09-30", "2025-10-31")))[1] == 404


@pytest.mark.parametrize("headers", [{}, {"api_key": "bad"}, {"api_key": ""}])
def test_a_wrong_key_is_refused_as_captured(sandbox: Sandbox, headers: dict[str, str]) -> None:
    """Here with HTTP 401."""
    reply = call(sandbox.url + _hours(), headers=headers)
    assert reply.status == 401
    assert reply.body == (PAYLOADS / "aemet_error_key.json").read_bytes()


def test_a_key_may_come_in_the_query(sandbox: Sandbox) -> None:
    """The journal shows that it came, not what it was."""
    assert call(f"{sandbox.url}{_hours()}?api_key=k3y").status == 200
    (entry,) = sandbox.requests.all()
    assert entry["secrets"]["query.api_key"]
    assert "k3y" not in json.dumps(entry)


def test_the_second_hop_needs_no_key_and_refuses_none(sandbox: Sandbox) -> None:
    """The journal tells who sent one."""
    link = _json(_first(sandbox, _hours()))["datos"]
    assert call(link).body == call(link, headers={"api_key": "k"}).body
    assert [entry["secrets"]["api_key"] for entry in sandbox.requests.all()] == [True, False, True]


def test_too_many_requests_are_refused_as_captured() -> None:
    """Both hops count; forty are let through."""
    with serve(now=NOON) as sandbox:
        link = _json(_first(sandbox, _hours()))["datos"]
        statuses = [call(link).status for _ in range(39)]
        reply = _first(sandbox, _hours())
    assert set(statuses) == {200}
    assert reply.status == 429
    assert reply.body == (PAYLOADS / "aemet_error_too_many.json").read_bytes()


def test_a_link_expires(sandbox: Sandbox) -> None:
    """After five minutes of the virtual clock; one that was never given as well."""
    link = _json(_first(sandbox, _hours()))["datos"]
    sandbox.clock.set(NOON + timedelta(minutes=5))
    assert isinstance(_json(call(link)), list)
    sandbox.clock.set(NOON + timedelta(minutes=6))
    assert _said(call(link)) == (200, 404, "datos expirados")
    for other in ("208c3ca3", "zz", "7c7c7c7c"):
        assert _said(call(f"{sandbox.url}/opendata/sh/{other}"))[2] == "datos expirados"


def test_metadata_have_a_link_of_their_own(sandbox: Sandbox) -> None:
    """Nobody reads them, but some clients call them."""
    reply = _second(_first(sandbox, _hours()), "metadatos")
    assert _json(reply)["unidad_generadora"] == "Servicio de Climatología"


@pytest.mark.parametrize("path", [_days("01-10-2025", "2025-10-02"), _days("2025-10-01", "x")])
def test_a_wrong_date_is_refused(sandbox: Sandbox, path: str) -> None:
    """How the real API words it is not known."""
    assert _said(_first(sandbox, path))[:2] == (400, 400)


@pytest.mark.parametrize("kind", ["empty", "outage"])
@pytest.mark.parametrize("path", [_hours(), _days("2025-10-01", "2025-10-10")])
def test_a_station_without_rows_has_no_data(sandbox: Sandbox, kind: str, path: str) -> None:
    """Said on the first hop."""
    sandbox.faults.add({"api": "aemet", "kind": kind})
    assert _said(_first(sandbox, path))[1] == 404


def test_an_outage_leaves_out_its_days_alone(sandbox: Sandbox) -> None:
    """Inside a longer answer, at both hops."""
    sandbox.faults.add({"api": "aemet", "kind": "outage", "from": "2025-10-02", "to": "2025-10-08"})
    days = [day["fecha"] for day in _rows(sandbox, _days("2025-10-01", "2025-10-10"))]
    assert days == ["2025-10-01", "2025-10-09", "2025-10-10"]
    assert [fault["used"] for fault in sandbox.faults.as_json()] == [2]


def test_a_fault_finds_the_days_of_both_hops(sandbox: Sandbox) -> None:
    """A link tells what it leads to."""
    fault = {"api": "aemet", "kind": "500", "after": 1, "from": "2025-10-02", "to": "2025-10-02"}
    sandbox.faults.add(fault)
    other, struck = (_days(day, day) for day in ("2025-10-01", "2025-10-02"))
    assert len(_rows(sandbox, other)) == 1
    assert _second(_first(sandbox, struck)).status == 500
    assert len(_rows(sandbox, _hours())) == 12


def test_the_truth_of_days_says_nothing_where_aemet_does(sandbox: Sandbox) -> None:
    """A trace is 0; what is counted later, or lacks, is an empty cell."""
    days = _rows(sandbox, _days("2025-05-01", "2025-10-27"))
    url = f"{sandbox.url}{TRUTH}&series=weather_daily&start=2025-05-01&end=2025-10-27"
    head, *lines = (line.split(",") for line in call(url).text.splitlines())
    assert head[1] == "temperature_mean"
    assert head[-1] == "precipitation"
    expected = {"Ip": "0.0", "Acum": "", None: ""}
    for day, line in zip(days, lines, strict=True):
        rain = day.get("prec")
        assert line[0] == f"{day['fecha']}T00:00:00Z"
        assert line[1] == day["tmed"].replace(",", ".")
        assert line[-1] == expected.get(rain, str(rain).replace(",", "."))


def test_the_truth_of_hours_goes_back_beyond_the_window(sandbox: Sandbox) -> None:
    """From the station's first day on; a bare date is a local day."""
    url = f"{sandbox.url}{TRUTH}&series=weather_hourly&station={JAEN}"
    lines = call(f"{url}&start=2018-06-13&end=2018-06-13").text.splitlines()
    assert lines[0].startswith("slot,temperature,humidity,pressure,wind_speed,wind_direction")
    assert (len(lines), lines[1].split(",")[0]) == (23, "2018-06-13T00:00:00Z")
    half_past = call(f"{url}&start=2025-11-05T09:30:00Z&end=2025-11-05T10:30:00Z").text
    (line,) = half_past.splitlines()[1:]
    assert line.startswith("2025-11-05T10:00:00Z,")
    row = _rows(sandbox, _hours(JAEN))[-1]
    keys = ("ta", "hr", "pres", "vv", "dv", "vmax", "prec")
    assert line.split(",")[1:] == [str(row[key]) for key in keys]
