"""SIAR as the sandbox serves it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from gapfill_sandbox import serve
from tests.sandbox.http_client import call
from tests.sandbox.shapes import payload, shape

if TYPE_CHECKING:
    from gapfill_sandbox import Sandbox
    from tests.sandbox.http_client import Reply

BASE = "/siarapi/API/V1"
NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)


def _get(root: str, path: str, **query: str) -> Reply:
    return call(f"{root}{BASE}/{path}?{urlencode(query)}")


def _token(root: str, key: str = "K3y") -> str | None:
    """Return a token as a client gets it."""
    user, word = (
        _get(root, "Autenticacion/cifrarCadena", cadena=text).json() for text in ("NIF", key)
    )
    found: str | None = _get(root, "Autenticacion/obtenerToken", Usuario=user, Password=word).json()
    return found


def _ask(root: str, kind: str, first: str, last: str, **more: str) -> Reply:
    query = {"Id": "J17", "FechaInicial": first, "FechaFinal": last, **more}
    if "token" not in query:
        query["token"] = _token(root) or ""
    return _get(root, f"Datos/{kind}/ESTACION", **query)


def _rows(reply: Reply) -> list[dict[str, Any]]:
    assert reply.status == 200
    return list(reply.json()["datos"])


def test_answers_have_the_documented_shape(sandbox: Sandbox) -> None:
    """Same keys as the files made up after the manual, whose example of limits is its own."""
    root = sandbox.url
    hours = _ask(root, "Horarios", "2025-06-30", "2025-07-01")
    days = _ask(root, "Diarios", "2025-09-14", "2025-09-16", DatosCalculados="true")
    for reply, name in ((hours, "siar_hourly_2025-06-30"), (days, "siar_daily_2025-09-14")):
        assert list(_rows(reply)[0].keys() ^ payload(f"{name}.json")["datos"][0].keys()) == []
    assert days.json()["MensajeRespuesta"] is None
    limits = _get(root, "Info/ACCESOS", token=_token(root) or "")
    assert shape(limits.json()) == shape(payload("siar_accesos_2025-05.json"))


def test_a_day_has_48_half_hours_named_by_their_end(sandbox: Sandbox) -> None:
    """The last one is 2400 on even days of the month and 0 on odd ones, of the row's own date."""
    rows = _rows(_ask(sandbox.url, "Horarios", "2025-11-01", "2025-11-02"))
    first, second = rows[:48], rows[48:]
    assert [row["HorMin"] for row in first[:4]] == [30, 100, 130, 200]
    assert [row["HorMin"] for row in first[-2:]] == [2330, 0]
    assert [row["HorMin"] for row in second[-2:]] == [2330, 2400]
    assert {row["Fecha"] for row in first} == {"2025-11-01T00:00:00"}
    assert {row["TempSuelo1"] for row in rows} == {None}
    assert all(row["TempMedia"] == round(row["TempMedia"], 2) for row in rows)


@pytest.mark.parametrize("day", ["2025-03-30", "2025-10-26"])
def test_the_days_of_the_clock_changes_have_48_half_hours(sandbox: Sandbox, day: str) -> None:
    """The time base is UTC."""
    assert len(_rows(_ask(sandbox.url, "Horarios", day, day))) == 48


def test_half_hours_come_ninety_minutes_late(sandbox: Sandbox) -> None:
    """At noon that to 10:30 is the last."""
    rows = _rows(_ask(sandbox.url, "Horarios", "2025-11-05", "2025-11-05"))
    assert rows[-1]["HorMin"] == 1030


@pytest.mark.parametrize("clock,days", [("2025-11-05T10:59", 3), ("2025-11-05T11:00", 4)])
def test_a_day_comes_at_noon_of_the_next_one(clock: str, days: int) -> None:
    """In Madrid, 11:00Z in winter."""
    with serve(now=datetime.fromisoformat(clock).replace(tzinfo=UTC)) as sandbox:
        assert len(_rows(_ask(sandbox.url, "Diarios", "2025-11-01", "2025-11-05"))) == days


def test_a_day_sums_up_its_half_hours(sandbox: Sandbox) -> None:
    """As far as they tell."""
    halves = _rows(_ask(sandbox.url, "Horarios", "2025-11-01", "2025-11-01"))
    (day,) = _rows(_ask(sandbox.url, "Diarios", "2025-11-01", "2025-11-01"))
    assert day["TempMax"] == max(half["TempMedia"] for half in halves)
    assert day["TempMin"] == min(half["TempMedia"] for half in halves)
    mean = sum(half["TempMedia"] for half in halves) / 48
    assert day["TempMedia"] == pytest.approx(mean, abs=0.006)
    joules = sum(half["Radiacion"] for half in halves) * 1800
    assert day["Radiacion"] == pytest.approx(joules / 1e6, abs=0.006)


def test_calculated_values_come_only_when_asked_for(sandbox: Sandbox) -> None:
    """Without the parameter there is no evapotranspiration."""
    (plain,) = _rows(_ask(sandbox.url, "Diarios", "2025-11-01", "2025-11-01"))
    asked = _ask(sandbox.url, "Diarios", "2025-11-01", "2025-11-01", DatosCalculados="true")
    assert set(_rows(asked)[0]) - set(plain) == {"EtPMon", "PePMon"}


@pytest.mark.parametrize(
    "station,first,last,days",
    [
        ("J17", "2018-06-10", "2018-06-15", 3),
        ("J09", "2017-12-30", "2018-01-02", 2),
        ("J99", "2025-06-01", "2025-06-02", 0),
    ],
)
def test_a_station_has_its_own_dates_and_an_unknown_one_none(
    sandbox: Sandbox, station: str, first: str, last: str, days: int
) -> None:
    """Nothing is an empty list, not an error."""
    assert len(_rows(_ask(sandbox.url, "Diarios", first, last, Id=station))) == days
    assert len(_rows(_ask(sandbox.url, "Horarios", first, last, Id=station))) == days * 48


@pytest.mark.parametrize("token", ["", "1Ab"])
def test_a_wrong_token_is_refused_with_a_text(sandbox: Sandbox, token: str) -> None:
    """With the same status as a quota."""
    replies = [
        _ask(sandbox.url, "Diarios", "2025-11-01", "2025-11-01", token=token),
        _get(sandbox.url, "Info/ACCESOS", token=token),
    ]
    for reply in replies:
        assert reply.status == 403
        assert "token" in reply.json()["MensajeRespuesta"]


def test_a_token_ends_after_an_hour(sandbox: Sandbox) -> None:
    """Of the virtual clock."""
    token = _token(sandbox.url) or ""
    ask = ("Diarios", "2025-11-01", "2025-11-01")
    assert _ask(sandbox.url, *ask, token=token).status == 200
    sandbox.clock.set(NOON.replace(hour=13))
    assert _ask(sandbox.url, *ask, token=token).status == 403


def test_wrong_or_plain_credentials_get_null(sandbox: Sandbox) -> None:
    """With HTTP 200."""
    assert _token(sandbox.url, "bad") is None
    plain = _get(sandbox.url, "Autenticacion/obtenerToken", Usuario="NIF", Password="secret")
    assert (plain.status, plain.body) == (200, b"null")


LIMITS = [
    ({"siar.records_minute": 100}, "datos permitidos en un minuto"),
    ({"siar.records_day": 100}, "datos permitidos en un día"),
    ({"siar.calls_day": 4}, "peticiones permitidas en un día"),
]


@pytest.mark.parametrize("limits,words", LIMITS)
def test_each_quota_is_refused_with_its_text(limits: dict[str, int], words: str) -> None:
    """Two days of half-hours are within it, and then it is spent."""
    with serve(now=NOON, rates={"siar": 0}, limits=limits) as sandbox:
        token = _token(sandbox.url) or ""
        ask = ("Horarios", "2025-11-01", "2025-11-02")
        assert len(_rows(_ask(sandbox.url, *ask, token=token))) == 96
        reply = _ask(sandbox.url, *ask, token=token)
        assert reply.status == 403
        assert words in reply.json()["MensajeRespuesta"]
        assert [entry["fault"] for entry in sandbox.requests.all()][-2:] == [None, "rate"]


def test_an_answer_larger_than_the_quota_never_comes() -> None:
    """Its records are counted before it is sent, and a refusal counts none."""
    with serve(now=NOON, limits={"siar.records_minute": 100}) as sandbox:
        token = _token(sandbox.url) or ""
        for _ in range(2):
            week = _ask(sandbox.url, "Horarios", "2025-10-20", "2025-10-26", token=token)
            assert week.status == 403
        days = _ask(sandbox.url, "Diarios", "2025-10-01", "2025-10-31", token=token)
        assert len(_rows(days)) == 31


def test_the_calls_of_a_minute_are_the_rate() -> None:
    """Refused as SIAR does, not with a 429."""
    with serve(now=NOON, rates={"siar": 4}) as sandbox:
        token = _token(sandbox.url) or ""
        replies = [_get(sandbox.url, "Info/ACCESOS", token=token) for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 403]
    assert "peticiones permitidas en un minuto" in replies[1].json()["MensajeRespuesta"]


def test_accesos_tells_the_limits_and_what_was_counted() -> None:
    """The request itself included; no limit is null."""
    limits = {"siar.records_minute": 500, "siar.records_day": 10000, "siar.calls_day": 0}
    with serve(now=NOON, rates={"siar": 100}, limits=limits) as sandbox:
        token = _token(sandbox.url) or ""
        _ask(sandbox.url, "Horarios", "2025-11-01", "2025-11-01", token=token)
        (record,) = _rows(_get(sandbox.url, "Info/ACCESOS", token=token))
    assert record == {
        "NumAccesosMinutoActual": 5,
        "MaxAccesosMinuto": 100,
        "NumAccesosDiaActual": 5,
        "MaxAccesosDia": None,
        "RegistrosAcumuladosMinuto": 48,
        "MaxRegistrosMinuto": 500,
        "RegistrosAcumuladosDia": 48,
        "MaxRegistrosDia": 10000,
    }


def test_an_account_may_see_no_earlier_than_a_date() -> None:
    """The text names it."""
    with serve(now=NOON, limits={"siar.authorised": 20250101}) as sandbox:
        early = _ask(sandbox.url, "Diarios", "2024-12-31", "2025-01-02")
        assert early.status == 403
        assert "inferior a la fecha autorizada (01/01/2025)" in early.json()["MensajeRespuesta"]
        assert len(_rows(_ask(sandbox.url, "Diarios", "2025-01-01", "2025-01-02"))) == 2


@pytest.mark.parametrize(
    "first,last", [("", ""), ("01/11/2025", "02/11/2025"), ("2025-11-02", "2025-11-01")]
)
def test_wrong_dates_are_refused(sandbox: Sandbox, first: str, last: str) -> None:
    """With the status of a wrong request."""
    assert _ask(sandbox.url, "Diarios", first, last).status == 400


def test_the_quota_fault_has_the_text_of_a_minute(sandbox: Sandbox) -> None:
    """Any path can meet it."""
    sandbox.faults.add({"api": "siar", "kind": "403_quota", "times": 1})
    reply = _get(sandbox.url, "Autenticacion/cifrarCadena", cadena="NIF")
    assert reply.status == 403
    assert "en un minuto" in reply.json()["MensajeRespuesta"]


def test_a_fault_of_days_strikes_the_requests_that_touch_them(sandbox: Sandbox) -> None:
    """So an outage of a week can be staged."""
    sandbox.faults.add({"api": "siar", "kind": "empty", "from": "2025-10-01", "to": "2025-10-07"})
    assert _rows(_ask(sandbox.url, "Diarios", "2025-10-07", "2025-10-08")) == []
    assert len(_rows(_ask(sandbox.url, "Diarios", "2025-10-08", "2025-10-09"))) == 2


def test_the_truth_of_an_hour_is_that_of_its_half_hours(sandbox: Sandbox) -> None:
    """The mean of both, the sum of the rain, in the catalogue's names; nothing before J17."""
    halves = _rows(_ask(sandbox.url, "Horarios", "2025-11-01", "2025-11-01"))[26:28]
    query = "series=weather_hourly&source=siar&start=2025-11-01T13:00:00Z&end=2025-11-01T14:00:00Z"
    head, line = call(f"{sandbox.url}/_sandbox/truth?{query}").text.splitlines()
    values = dict(zip(head.split(","), line.split(","), strict=True))
    assert values["slot"] == "2025-11-01T13:00:00Z"
    assert [half["HorMin"] for half in halves] == [1330, 1400]
    for name, column in (("temperature", "TempMedia"), ("solar_radiation", "Radiacion")):
        mean = (halves[0][column] + halves[1][column]) / 2
        assert float(values[name]) == pytest.approx(mean, abs=1e-6)
    rain = halves[0]["Precipitacion"] + halves[1]["Precipitacion"]
    assert float(values["precipitation"]) == pytest.approx(rain, abs=1e-6)
    early = "series=weather_hourly&source=siar&start=2018-06-12&end=2018-06-12"
    assert len(call(f"{sandbox.url}/_sandbox/truth?{early}").text.splitlines()) == 1


def test_the_truth_of_a_day_is_what_the_api_states(sandbox: Sandbox) -> None:
    """Value by value."""
    (day,) = _rows(_ask(sandbox.url, "Diarios", "2025-11-01", "2025-11-01", DatosCalculados="true"))
    query = "series=weather_daily&source=siar&start=2025-11-01T00:00:00Z&end=2025-11-02T00:00:00Z"
    head, line = call(f"{sandbox.url}/_sandbox/truth?{query}").text.splitlines()
    assert head == (
        "slot,temperature_mean,temperature_max,temperature_min,humidity_mean,wind_speed_mean,"
        "wind_gust_max,precipitation,solar_radiation,et0"
    )
    columns = ["TempMedia", "TempMax", "TempMin", "HumedadMedia", "VelViento", "VelVientoMax"]
    columns += ["Precipitacion", "Radiacion", "EtPMon"]
    assert [float(text) for text in line.split(",")[1:]] == [day[name] for name in columns]


def test_an_unknown_limit_is_refused() -> None:
    """Before anything is served."""
    with pytest.raises(ValueError, match=r"siar\.speed=1 is not"), serve(limits={"siar.speed": 1}):
        pass
