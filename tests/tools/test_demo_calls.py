"""What the demo says of calls: in words, and how they compare with the fewest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.demo.calls import Bill, bills, in_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tools.demo.sandbox import Entry

SIAR = "/siarapi/API/V1"
AEMET_DAYS = (
    "/opendata/api/valores/climatologicos/diarios/datos/fechaini/2025-10-21T00:00:00UTC"
    "/fechafin/2025-11-14T23:59:59UTC/estacion/5279X"
)


def entry(api: str, path: str, fault: str | None = None, **query: str) -> Entry:
    """Return a request as the sandbox lists it."""
    values: Mapping[str, Sequence[str]] = {name: [value] for name, value in query.items()}
    status = 429 if fault == "429" else 200
    return {"api": api, "path": path, "query": values, "status": status, "fault": fault}


@pytest.mark.parametrize(
    "call,words",
    [
        (
            entry("ree", "/es", start_date="2025-11-17T00:00", end_date="2025-11-20T23:59"),
            "asks REE for 2025-11-17 to 11-20",
        ),
        (
            entry("ree", "/es", "429", start_date="2025-11-17T00:00", end_date="2025-11-17T23:59"),
            "asks REE for 2025-11-17, which answers 429",
        ),
        (entry("esios", "/archives/70", date="2025-11-17"), "asks ESIOS for 2025-11-17"),
        (
            entry(
                "siar",
                f"{SIAR}/Datos/Horarios/ESTACION",
                FechaInicial="2023-12-31",
                FechaFinal="2024-01-01",
            ),
            "asks SIAR for 2023-12-31 to 2024-01-01",
        ),
        (entry("siar", f"{SIAR}/Autenticacion/obtenerToken"), "logs in at SIAR"),
        (entry("siar", f"{SIAR}/Autenticacion/cifrarCadena"), None),
        (entry("siar", f"{SIAR}/Info/ACCESOS"), None),
        (entry("aemet", AEMET_DAYS), "asks AEMET for 2025-10-21 to 11-14"),
        (
            entry("aemet", "/opendata/api/observacion/convencional/datos/estacion/5279X"),
            "asks AEMET for the last 12 hours",
        ),
        (entry("aemet", "/opendata/sh/abc"), None),
        (entry("openweathermap", "/data/2.5/weather"), "asks OpenWeatherMap for now"),
    ],
)
def test_a_call_is_told_once_and_in_words(call: Entry, words: str | None) -> None:
    """Whom, for which days; a call that is a part of another is not told."""
    assert in_words(call) == words


def test_calls_are_counted_by_what_they_were_for() -> None:
    """Logins and refusals are not compared with the fewest; both hops of AEMET are."""
    calls = [
        entry("siar", f"{SIAR}/Autenticacion/cifrarCadena"),
        entry("siar", f"{SIAR}/Autenticacion/obtenerToken"),
        entry("siar", f"{SIAR}/Info/ACCESOS"),
        entry("siar", f"{SIAR}/Datos/Diarios/ESTACION"),
        entry("aemet", AEMET_DAYS, "429"),
        entry("aemet", AEMET_DAYS),
        entry("aemet", "/opendata/sh/abc"),
    ]
    assert bills(calls, {"ree": 2, "siar": 1, "aemet": 2}) == [
        Bill("ree", 0, 2, 0, 0),
        Bill("siar", 1, 1, 3, 0),
        Bill("aemet", 2, 2, 0, 1),
    ]
    assert bills(calls, {"ree": 2, "siar": 1, "aemet": 2})[1].total == 4
