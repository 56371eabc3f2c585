"""What a client asks of each simulated API, in a line each."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from tests.sandbox.http_client import Reply, archive_url, call, esios, follow, ree_url

AEMET = "/opendata/api"
OPEN_METEO_HOURLY = "temperature_2m,relative_humidity_2m,precipitation"


def ree(root: str, first: str, last: str | None = None) -> Reply:
    """Call apidatos for local days, both included."""
    return call(ree_url(root, f"{first}T00:00", f"{last or first}T23:59"))


def indicator(root: str, first: str, last: str | None = None) -> Reply:
    """Call ESIOS for local days of an indicator, both included."""
    return esios(root, f"{first}T00:00", f"{last or first}T23:59")


def archive(root: str, day: str) -> Reply:
    """Call both hops of a day of archive 70; the first one's answer where it leads nowhere."""
    reply = call(archive_url(root, day))
    return follow(reply) if "location" in reply.headers else reply


def aemet_hours(root: str, station: str = "5279X") -> str:
    """Return the URL of a station's hours."""
    return f"{root}{AEMET}/observacion/convencional/datos/estacion/{station}"


def aemet_days(root: str, first: str, last: str, station: str = "5279X") -> str:
    """Return the URL of a station's days, both included."""
    return (
        f"{root}{AEMET}/valores/climatologicos/diarios/datos/fechaini/{first}T00:00:00UTC"
        f"/fechafin/{last}T23:59:59UTC/estacion/{station}"
    )


def aemet(url: str) -> Any:  # noqa: ANN401 - any JSON
    """Call both hops; the JSON of the first one's answer where it has no link."""
    first = aemet_json(call(url, headers={"api_key": "k"}))
    return aemet_json(call(first["datos"])) if "datos" in first else first


def aemet_json(reply: Reply) -> Any:  # noqa: ANN401 - any JSON
    """Return a body in AEMET's encoding as JSON."""
    return json.loads(reply.body.decode("iso-8859-15"))


def siar(root: str, first: str, last: str, *, kind: str = "Diarios", held: str = "ready") -> Reply:
    """Call SIAR for dates, both included, with a token that was ready before."""
    query = {"token": held, "Id": "J17", "FechaInicial": first, "FechaFinal": last}
    return call(f"{root}/siarapi/API/V1/Datos/{kind}/ESTACION?{urlencode(query)}")


def open_meteo(root: str, first: str, last: str, *, product: str = "archive") -> Reply:
    """Call Open-Meteo for UTC dates, both included."""
    query = {
        "latitude": "38.15",
        "longitude": "-3.63",
        "hourly": OPEN_METEO_HOURLY,
        "start_date": first,
        "end_date": last,
    }
    return call(f"{root}/v1/{product}?{urlencode(query)}")
