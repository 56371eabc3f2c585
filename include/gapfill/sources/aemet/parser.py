"""AEMET OpenData: hourly observations and daily climatology of a station, with a key.

Source:
    ``https://opendata.aemet.es``, described at https://opendata.aemet.es/dist/index.html;
    © AEMET, free to use with attribution. AEMET mails a key free of charge. Read 2026-11-24
    from captures of 2021 (home-assistant/core, Apache-2.0), errors quoted in public issues,
    and maintained clients (AEMET-OpenData, climaemet, meteospain).

Documented:
    Two hops: the first returns ``{descripcion, estado, datos, metadatos}``, the second, at
    the URL in ``datos``, the rows. The first sends the key in the header ``api_key``.

Observed:
    ``estado`` is the real status, not HTTP 200 (``aemet.errors``): 404 means "no data", and
    also "the range is too long". Bodies are ISO-8859-15 under any content type. The second
    hop needs no key and its link soon expires. Hourly rows are the last 12 (24 until 2021);
    values are numbers, any of which may be missing (5279X never gives humidity); ``fint``
    is the **end** of the hour in UTC, with ``+0000`` since some year. Daily values are
    texts with decimal commas, ``Ip`` for a trace of rain, ``Acum`` for rain counted later,
    "Varias" for an hour; keys may be missing. The hops can disagree: the first found rows,
    and the second has no data. Some values have binary rounding errors.

Units:
    °C, %, hPa at the station, m/s, °, mm.

Limits and lag:
    About 40 requests a minute; Gapfill makes 20, and both hops count. Days: at most 6
    months a call, 3 to 4 days late. Hours: some minutes late, and removed after 12.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from urllib.parse import quote

from gapfill.domain.formatting import count
from gapfill.domain.interval import Interval, iso
from gapfill.domain.series import Station
from gapfill.errors import ConfigError, MalformedPayload
from gapfill.sources.aemet import rows as aemet_rows
from gapfill.sources.aemet.errors import Said, Statement, read
from gapfill.sources.json_reader import Node, Payload, is_silent
from gapfill.sources.model import (
    ROW,
    Answer,
    Ask,
    HttpRequest,
    RawRow,
    Rejected,
    check,
    is_blank,
    malformed,
)
from gapfill.sources.rows import Rows, nulls

ROOT = "https://opendata.aemet.es"
_API = "/opendata/api"
STATIONS = HttpRequest(f"{_API}/valores/climatologicos/inventarioestaciones/todasestaciones")
"""The list of all stations; its first hop is a small call that needs a key."""

_OBSERVATIONS, _DAILY = "observations", "daily"
_OK = 200
_MOMENT = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_SLACK = timedelta(minutes=10)
"""How far a row may be ahead of the task's clock, which is read when the task starts."""

_WINDOW = timedelta(days=2)
"""Twice the longest window of hours that AEMET has offered."""

_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)
"""AEMET chooses the window of hours, so older hours are dropped, whatever their age."""


def request(ask: Ask) -> HttpRequest:
    """Return the first hop's request: the last hours, or the UTC days the interval touches.

    Raises:
        ConfigError: If the product is unknown or the ask names no station.
    """
    station = quote(_station(ask).id, safe="")
    if _is_hourly(ask):
        return HttpRequest(f"{_API}/observacion/convencional/datos/estacion/{station}")
    days = _whole_days(ask)
    first, last = days.start, days.end - timedelta(seconds=1)
    return HttpRequest(
        f"{_API}/valores/climatologicos/diarios/datos/fechaini/{_stamp(first)}"
        f"/fechafin/{_stamp(last)}/estacion/{station}"
    )


def link(ask: Ask, payload: Payload) -> str:
    """Return the URL of the rows from the first hop's answer.

    Raises:
        MalformedPayload: If the answer has none.
    """
    statement = read(payload)
    if payload.status != _OK or (statement and statement.said is not Said.FINE):
        raise malformed(ask, f"it is {_words(payload, statement)}")
    return Node.load(ask, payload)["datos"].text()


def parse(ask: Ask, payload: Payload, *, found: str | None = None) -> Answer:
    """Turn the rows of the second hop, or either hop's "no data", into readings.

    Args:
        ask: The request.
        payload: The answer.
        found: Status of the first hop when it found rows; ``None`` for an answer of the
            first hop itself.

    Returns:
        The requested slots' readings; none, with evidence, if there are no data.

    Raises:
        MalformedPayload: If it does not answer the request, or the hops contradict each
            other: the first found rows, and the second has none.
        ConfigError: If the product is unknown or the ask names no station.
    """
    status, statement = payload.status, read(payload)
    if statement is not None and statement.said is Said.NO_DATA:
        if found is not None:
            raise _contradiction(ask, found, statement.text)
        return Answer(evidence=statement.text)
    if statement is not None or status != _OK:
        raise malformed(ask, f"it is {_words(payload, statement)}")
    station, is_hourly = _station(ask), _is_hourly(ask)
    records = Node.load(ask, payload).items()
    nodes = [node for node in records if not is_silent(node.value)]
    if found is not None and not nodes:
        raise _contradiction(ask, found, _words(payload, None))
    read_all = aemet_rows.observations if is_hourly else aemet_rows.days
    rows, dropped = read_all(ask, station, nodes)
    if is_hourly:
        rows, dropped = _of_one_window(ask, rows, dropped)
    dropped = [*dropped, *nulls(records)]
    # A period that is not over: such an answer is shifted, and would do harm unseen.
    latest = ask.now + _SLACK - ask.product.resolution
    allowed = Interval(_BEFORE_ALL, ask.now + _DAY) if is_hourly else _whole_days(ask)
    return check(
        ask,
        rows,
        allowed,
        f"HTTP {status}: {count(len(nodes), 'row')}",
        dropped=dropped,
        latest=latest,
        digits=aemet_rows.DIGITS,
    )


def _words(payload: Payload, statement: Statement | None) -> str:
    return statement.text if statement else f"HTTP {payload.status}: {payload.words!r}"


def _of_one_window(ask: Ask, rows: list[RawRow], dropped: list[Rejected]) -> Rows:
    """Drop hours that are days older than others: the time of such a row is wrong.

    A station that is out of order may give only old hours: no slot needs them.
    """
    oldest = ask.now - _WINDOW
    kept = [row for row in rows if row.instant >= oldest]
    if not kept:
        return Rows(rows, dropped)
    lost = [
        Rejected(None, ROW, iso(row.instant), "is days older than the other hours")
        for row in rows
        if row.instant < oldest and not all(is_blank(value) for value in row.values.values())
    ]
    return Rows(kept, [*dropped, *lost])


def _contradiction(ask: Ask, found: str, said: str) -> MalformedPayload:
    return malformed(
        ask, f"it contradicts itself: the first hop says {found!r}, and the second {said!r}"
    )


def _whole_days(ask: Ask) -> Interval:
    """Return the UTC days that the requested interval touches."""
    start, last = (
        datetime.combine(instant.date(), time(), UTC)
        for instant in (ask.interval.start, ask.interval.end - _MOMENT)
    )
    return Interval(start, last + _DAY)


def _stamp(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}UTC"


def _is_hourly(ask: Ask) -> bool:
    if ask.product.name not in {_OBSERVATIONS, _DAILY}:
        message = f"AEMET has {_OBSERVATIONS} and {_DAILY}, no product {ask.product.name!r}."
        raise ConfigError(message)
    return ask.product.name == _OBSERVATIONS


def _station(ask: Ask) -> Station:
    if ask.station is None:
        raise ConfigError(
            f"Series {ask.series.name} cannot be asked of AEMET: add an AEMET station to its "
            f"place {ask.series.place.name!r} in the catalogue."
        )
    return ask.station
