"""What SIAR's refusals mean, by their text alone."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from gapfill.sources.json_reader import Payload
from gapfill.sources.siar.refusals import (
    Refusal,
    RefusalKind,
    authorised_from,
    day_quota_s,
    read,
    says_nothing_there,
)

CALLS_MINUTE = "Ha superado el número de peticiones permitidas en un minuto"
RECORDS_MINUTE = "La petición rebasaría el número máximo de datos permitidos en un minuto"
CALLS_DAY = "Ha superado el número de peticiones permitidas en un día"
RECORDS_DAY = "La petición rebasaría el número máximo de datos permitidos en un día"
TOO_EARLY = "La fecha inicial no puede ser inferior a la fecha autorizada (01/01/2025)"
FIRST, LAST = date(2024, 12, 28), date(2025, 1, 3)


def _kind(status: int, body: bytes, headers: dict[str, str] | None = None) -> RefusalKind | None:
    refusal = read(Payload(status, body, headers or {}))
    return refusal.kind if refusal else None


def _json(text: str | None, rows: object = None) -> bytes:
    return json.dumps({"datos": rows, "MensajeRespuesta": text}, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "text,kind",
    [
        (CALLS_MINUTE, RefusalKind.MINUTE),
        (RECORDS_MINUTE, RefusalKind.MINUTE),
        (RECORDS_MINUTE.upper(), RefusalKind.MINUTE),
        (
            "Supera el numero maximo de datos permitidos EN UN MINUTO para este token",
            RefusalKind.MINUTE,
        ),
        ("Rebasaria el maximo", RefusalKind.MINUTE),
        ("Peticiones permitidas: 30 en un minuto y 1000 en un día", RefusalKind.MINUTE),
        (CALLS_DAY, RefusalKind.DAY),
        (RECORDS_DAY, RefusalKind.DAY),
        ("Cuota diaria agotada", RefusalKind.DAY),
        ("Supera el numero maximo de datos permitidos en un dia para su usuario", RefusalKind.DAY),
        (TOO_EARLY, RefusalKind.TOO_EARLY),
        (
            "La FECHA INICIAL es inferior a la mínima autorizada para el usuario",
            RefusalKind.TOO_EARLY,
        ),
        ("El token no es válido", RefusalKind.TOKEN),
        ("Token caducado", RefusalKind.TOKEN),
        ("ClaveAPI incorrecta", RefusalKind.TOKEN),
        ("Error de autenticación", RefusalKind.TOKEN),
        ("La fecha final no puede ser inferior a la fecha inicial", RefusalKind.BLOCKED),
        ("Forbidden", RefusalKind.BLOCKED),
    ],
)
def test_a_403_means_what_its_text_says(text: str, kind: RefusalKind) -> None:
    """In the envelope, as a bare or a quoted text, in either encoding, with accents or without."""
    assert _kind(403, _json(text)) is kind
    assert _kind(403, text.encode()) is kind
    assert _kind(403, text.encode("iso-8859-15")) is kind
    assert _kind(403, json.dumps(text).encode()) is kind


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"<html>403 Forbidden</html>"])
def test_a_403_without_a_text_is_a_block(body: bytes) -> None:
    """Nothing is said of a token, so none is renewed."""
    assert _kind(403, body) is RefusalKind.BLOCKED


def test_version_1_repeats_its_text_in_a_header() -> None:
    """Headers are read as the older encoding, whatever they are in."""
    as_read = CALLS_DAY.encode().decode("latin-1")
    assert _kind(403, b"<html>", {"mensajerespuesta": as_read}) is RefusalKind.DAY
    assert _kind(403, b"", {"mensajerespuesta": CALLS_MINUTE}) is RefusalKind.MINUTE


def test_a_401_is_of_the_token_unless_it_says_otherwise() -> None:
    """HTTP's own word for it."""
    assert _kind(401, b"") is RefusalKind.TOKEN
    assert _kind(401, _json(CALLS_MINUTE)) is RefusalKind.MINUTE


def test_a_message_without_rows_is_a_refusal_with_any_status() -> None:
    """Beside rows it is none, and a word of nothing there is none either."""
    assert _kind(200, _json(RECORDS_MINUTE)) is RefusalKind.MINUTE
    assert _kind(200, _json("El token no es válido", [])) is RefusalKind.TOKEN
    assert _kind(200, _json(RECORDS_MINUTE, [{"Fecha": "2025-06-30"}])) is None
    assert _kind(200, _json("No hay datos", [])) is None
    assert _kind(200, _json(None, [])) is None
    assert _kind(200, b'"a-token-word"') is None


def test_what_was_said_is_kept_in_short() -> None:
    """With its status."""
    refusal = read(Payload(403, _json(CALLS_DAY)))
    assert refusal is not None
    assert refusal.said == f"HTTP 403: '{CALLS_DAY}'"
    long = read(Payload(403, b"x" * 9000))
    assert long is not None
    assert len(long.said) < 600


def test_only_the_statuses_that_a_text_explains_are_claimed() -> None:
    """A 429 and a 500 mean what they always mean."""
    every = (200, 400, 401, 403, 404, 429, 500)
    assert [s for s in every if read(Payload(s, b""))] == [401, 403]
    assert [s for s in every if read(Payload(s, _json(CALLS_DAY)))] == [200, 401, 403]


@pytest.mark.parametrize(
    "text,expected",
    [
        (TOO_EARLY, date(2025, 1, 1)),
        ("inferior a la autorizada: 2025-01-01", date(2025, 1, 1)),
        ("28/12/2024 es inferior a la autorizada, 1/1/2025", date(2025, 1, 1)),
        ("28/12/2024 a 03/01/2025: inferior a la autorizada 01-01-2025", date(2025, 1, 1)),
        ("inferior a la autorizada", None),
        ("inferior a la autorizada: 2024-12-28", None),
        ("inferior a 2025-01-01 o a 2025-01-02", None),
        ("inferior a 2025-13-41", None),
    ],
)
def test_the_authorised_date_is_the_one_other_date_of_the_text(
    text: str, expected: date | None
) -> None:
    """Where several could be meant, none is guessed."""
    assert authorised_from(Refusal(RefusalKind.TOO_EARLY, text, text), FIRST, LAST) == expected


@pytest.mark.parametrize(
    "now,hours",
    [
        ("2025-06-30T12:00:00", 12),  # to 2025-07-01 02:00 in Madrid, which is 00:00Z
        ("2025-01-15T12:00:00", 13),  # to 02:00 in Madrid, 01:00Z
        ("2025-01-15T23:30:00", 24),  # half past midnight in Madrid
        ("2025-03-29T12:00:00", 13),  # the night of the spring change, when 02:00 is 01:00Z
    ],
)
def test_a_days_quota_is_waited_for_past_both_midnights(now: str, hours: float) -> None:
    """Whichever the server counts by."""
    assert day_quota_s(datetime.fromisoformat(now).replace(tzinfo=UTC)) == hours * 3600


def test_without_a_clock_a_days_quota_is_waited_for_a_day() -> None:
    """That passes any midnight."""
    assert day_quota_s(None) == 86_400


@pytest.mark.parametrize(
    "text,expected",
    [
        ("No hay datos", True),
        ("No existen registros para la estación", True),
        ("No se han encontrado datos", True),
        ("Sin datos", True),
        ("No se ha podido acceder a los datos", False),
        ("No se encontró la base de datos", False),
        ("Error", False),
        (RECORDS_MINUTE, False),
        ("No existen datos", True),
        ("No se han encontrado resultados para los criterios", True),
        ("No se han encontrado resultados para los parámetros indicados por el usuario", True),
        ("La consulta no ha devuelto datos", True),
        ("La consulta no ha devuelto ningún resultado.", True),
        ("La búsqueda no ha producido resultados", True),
        ("No se encontraron registros que cumplan los criterios", True),
        ("0 registros encontrados", True),
        ("Ningún dato", True),
        ("No hay todavía datos para esas fechas", True),
        ("No se dispone de información", True),
        ("Datos no disponibles para el periodo solicitado", True),
        ("Consulta vacía", True),
        ("10 registros encontrados", False),
        ("Datos no disponibles en este momento", False),
        ("No hay conexión con la base de datos", False),
        ("No hay acceso a datos", False),
        ("No se han podido obtener datos", False),
        ("Se ha producido un error: no hay datos", False),
        ("No hay datos de entrada", False),
        ("No existe la estación", False),
        ("No existen datos de autenticación", False),
    ],
)
def test_only_a_plain_word_says_that_there_is_nothing(text: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """A failure to look is none."""
    assert says_nothing_there(text) is expected
