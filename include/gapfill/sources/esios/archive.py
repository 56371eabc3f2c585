"""ESIOS archive 70: a day of PVPC without a key.

Source:
    ``https://api.esios.ree.es/archives/70/download_json?locale=es&date=YYYY-MM-DD``, the
    file behind the public PVPC page; data of Red Eléctrica. Read 2026-11-24 through
    captures of 2019 and 2021 (azogue/aiopvpc, MIT) and reports of 2026.

Documented:
    Nothing.

Observed:
    One civil day per call, sometimes behind a 307 to another host. Rows with ``Dia``
    (31/10/2021), ``Hora`` (00-01) and decimal commas. Column PCB holds the price of
    Península, Canarias and Baleares, CYM that of Ceuta and Melilla; before the 2.0TD
    tariff of 2021-06-01 the columns were GEN, NOC and VHC, which are other prices.
    Labels in spring skip 02-03; in autumn they continue to 24-25. So the parser reads a full
    day **by the order of its rows**, and a part of one by its labels if they are
    unambiguous (``esios.archive_labels``).
    A day that is not published is HTTP 200 with "No values for specified archive".
    On 2026-07-08 the file came in a ZIP, with a content type of ``json`` or ``text/html``;
    the parser ignores the content type and opens a ZIP. One user saw ``Dia`` a day off
    in it: the parser refuses such an answer, as every ``Dia`` must be the requested day.

Units:
    €/MWh with a decimal comma.

Limits and lag:
    None documented; 30 calls a minute here. Published at 20:16 to 20:47 of the day before.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import NamedTuple

from gapfill.errors import ConfigError
from gapfill.sources.esios.archive_labels import hour_of, positions
from gapfill.sources.json_reader import Node, Payload, is_silent
from gapfill.sources.model import (
    ROW,
    Answer,
    Ask,
    HttpRequest,
    RawRow,
    Rejected,
    excerpt,
    is_blank,
    malformed,
    shown,
)
from gapfill.sources.prices import answer_of, geo_id, in_both_units, whole_days
from gapfill.sources.rows import Rows

COLUMNS = {"8741": "PCB", "8742": "PCB", "8743": "PCB", "8744": "CYM", "8745": "CYM"}
"""Column of the price of each ``geo_id``."""

_HOUR = timedelta(hours=1)
_DATE = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})", re.ASCII)
_NONE_PUBLISHED = "no values"
_ZIP = b"PK\x03\x04"
_MAX_FILE = 5_000_000
_PLAIN_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,  # encrypted, or of a later version of the format
    ValueError,  # a name that is not text
)


def request(ask: Ask) -> HttpRequest:
    """Return the request for the one Madrid day of the requested interval.

    Raises:
        ConfigError: If it touches two days, or the series' ``geo_id`` has no column.
    """
    days = whole_days(ask)
    if days.first != days.last:
        raise ConfigError(f"{ask.product.key} gives one day a call: set its span to P1D.")
    _column(ask)
    return request_day(ask.product.params["archive"], days.first)


def request_day(archive: str, day: date) -> HttpRequest:
    """Return the request for one Madrid day of an archive."""
    path = f"/archives/{archive}/download_json"
    return HttpRequest(path, (("locale", "es"), ("date", day.isoformat())))


def parse(ask: Ask, payload: Payload) -> Answer:
    """Turn a day's file into readings.

    Args:
        ask: The request: slots of one Madrid day.
        payload: The file, or the ZIP it is in.

    Raises:
        MalformedPayload: If it is not the day's file.
        ConfigError: If the series' ``geo_id`` has no column.
    """
    column = _column(ask)
    status = payload.status
    document = Node.load(ask, Payload(status, _unpacked(ask, payload.body)))
    message, lines = document.get("message"), document.get("PVPC")
    said = excerpt(message.value) if message and isinstance(message.value, str) else ""
    is_none = _NONE_PUBLISHED in said.casefold()
    if lines is None or (is_none and is_silent(lines.value)):
        if is_none:
            return Answer(evidence=f"HTTP {status}: {said}")
        if message is not None:
            raise malformed(ask, f"it holds no prices but a message: {shown(message.value)!r}")
    if is_none:
        raise malformed(ask, f"it contradicts itself: it says {said!r} and holds prices")
    nodes = document["PVPC"].items()
    if not nodes:
        return Answer(evidence=f"HTTP {status}: PVPC is empty")
    rows, dropped = _rows(ask, nodes, column)
    return answer_of(ask, rows, status, dropped)


class _Line(NamedTuple):
    """A row of a day's file.

    Attributes:
        path: Its place in the document.
        label: First hour of its label, ``None`` for one of another form.
        price: The value in its column.
        fault: Why its price is not usable, empty if it is.
    """

    path: str
    label: int | None
    price: object
    fault: str


def _rows(ask: Ask, nodes: Sequence[Node], column: str) -> Rows:
    """Return the rows with their slots, and those that have a price and no known hour.

    Raises:
        MalformedPayload: If one is of another day, none has the column, or the labels
            are ambiguous.
    """
    found = Rows([], [])
    lines: list[_Line] = []
    seen: set[frozenset[tuple[str, object]]] = set()
    for node in nodes:
        if isinstance(node.value, dict):
            line = _line(ask, node, column)
            row = _scalars(node.value)
            if line.label is None or row not in seen:  # the two hours at two are never the same
                lines.append(line)
            seen.add(row)
        elif not is_silent(node.value):
            found.dropped.append(Rejected(None, ROW, node.path, "is not an object"))
    if not any(column in node.value for node in nodes if isinstance(node.value, dict)):
        raise malformed(ask, _no_column(column, nodes))
    counted = [line for line in lines if line.label is not None or not is_blank(line.price)]
    day = whole_days(ask).interval
    hours = day.duration // _HOUR
    places = positions([line.label for line in counted], hours)
    if places is None:
        raise malformed(ask, f"its {len(counted)} rows are ambiguous on a day of {hours} hours")
    for line, place in zip(counted, places, strict=True):
        slot = None if place is None else day.start + place * _HOUR
        if slot is not None and not line.fault:
            found.rows.append(RawRow(slot, in_both_units(ask, line.price)))
        elif not is_blank(line.price):
            reason = line.fault or "has a Hora that does not say which hour it is"
            found.dropped.append(Rejected(slot, ROW, line.path, reason))
    return found


def _scalars(record: Mapping[str, object]) -> frozenset[tuple[str, object]]:
    """Return the members of a row, to recognise a duplicate."""
    return frozenset((k, v) for k, v in record.items() if isinstance(v, str | int | float))


def _line(ask: Ask, node: Node, column: str) -> _Line:
    """Read a row.

    Raises:
        MalformedPayload: If it has a price of another day.
    """
    price, label, day = (node.within(name) for name in (column, "Hora", "Dia"))
    fault = ""
    if not is_blank(price):
        asked = whole_days(ask).first
        found = _DATE.fullmatch(day.strip()) if isinstance(day, str) else None
        if found is None:
            fault = "has no Dia" if is_blank(day) else f"has the Dia {shown(day)!r}, not a date"
        elif (int(found[3]), int(found[2]), int(found[1])) != (asked.year, asked.month, asked.day):
            raise malformed(ask, f"{node.path} is of {shown(day)!r}, not of {asked:%d/%m/%Y}")
    return _Line(node.path, hour_of(label) if isinstance(label, str) else None, price, fault)


def _column(ask: Ask) -> str:
    geo = geo_id(ask)
    if geo not in COLUMNS:
        known = ", ".join(COLUMNS)
        message = f"Series {ask.series.name} has geo_id {geo!r}; {ask.product.key} has {known}."
        raise ConfigError(message)
    return COLUMNS[geo]


def _unpacked(ask: Ask, body: bytes) -> bytes:
    """Return the file, unpacked if it is a ZIP."""
    if not body.startswith(_ZIP):
        return body
    with suppress(*_ZIP_ERRORS), zipfile.ZipFile(io.BytesIO(body)) as packed:
        members = packed.infolist()
        if len(members) == 1 and members[0].compress_type in _PLAIN_METHODS:
            with packed.open(members[0]) as member:
                data = member.read(_MAX_FILE + 1)
            if len(data) <= _MAX_FILE:
                return data
    raise malformed(ask, f"it is a ZIP of {len(body)} bytes without one readable file in it")


def _no_column(column: str, nodes: Sequence[Node]) -> str:
    if any(node.within("GEN") is not None for node in nodes):
        return f"it has GEN, NOC and VHC but no {column}: prices of before 2021-06-01"
    return f"none of its rows has {column}"
