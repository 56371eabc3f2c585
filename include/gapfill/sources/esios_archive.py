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
    Labels in spring go without 02-03; in autumn they run on to 24-25. So a full day is
    read **by the order of its rows**, and only a part of one by its labels.
    A day that is not published is HTTP 200 with "No values for specified archive".
    On 2026-07-08 the file came in a ZIP, with a content type of ``json`` or ``text/html``;
    the content type is not looked at, and a ZIP is opened. One user saw ``Dia`` a day off
    in it: such an answer is refused, as every ``Dia`` must be the asked day.

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
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from gapfill.errors import ConfigError
from gapfill.sources.base import Answer, Ask, HttpRequest, RawRow, excerpt, malformed
from gapfill.sources.payload import Node
from gapfill.sources.prices import answer_of, price_values, series_param, whole_days

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

COLUMNS = {"8741": "PCB", "8742": "PCB", "8743": "PCB", "8744": "CYM", "8745": "CYM"}
"""Column of the price of each ``geo_id``."""

_HOUR = timedelta(hours=1)
_LABEL = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_SKIPPED = 2
_SHORT, _USUAL, _LONG = 23, 24, 25
_SHAPES: dict[int, tuple[tuple[int, ...], ...]] = {
    _SHORT: ((0, 1, *range(3, 24)), tuple(range(23))),
    _USUAL: (tuple(range(24)),),
    _LONG: (tuple(range(25)), (0, 1, 2, *range(2, 24))),
}
"""Labels of a full day of so many hours: as observed, and as the wall clock would have it."""

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
    ValueError,  # a name that is no text
)


def request(ask: Ask) -> HttpRequest:
    """Return the request for the one Madrid day of the asked interval.

    Raises:
        ConfigError: If it touches two days, or the series' ``geo_id`` has no column.
    """
    days = whole_days(ask)
    if days.first != days.last:
        message = f"{ask.product.key} gives one day a call: set its span to P1D."
        raise ConfigError(message)
    _column(ask)
    return request_day(ask.product.params["archive"], days.first)


def request_day(archive: str, day: date) -> HttpRequest:
    """Return the request for one Madrid day of an archive."""
    path = f"/archives/{archive}/download_json"
    return HttpRequest(path, (("locale", "es"), ("date", day.isoformat())))


def parse(ask: Ask, status: int, body: bytes) -> Answer:
    """Turn a day's file into readings.

    Args:
        ask: What was asked: slots of one Madrid day.
        status: HTTP status, for the evidence.
        body: The file, or the ZIP it is in.

    Raises:
        MalformedPayload: If it is not the day's file.
        ConfigError: If the series' ``geo_id`` has no column.
    """
    column = _column(ask)
    document = Node.load(ask, _unpacked(ask, body))
    message = document.get("message")
    if message is not None and document.get("PVPC") is None:
        said = excerpt(str(message.scalar()))
        if _NONE_PUBLISHED in said.casefold():
            return Answer(evidence=f"HTTP {status}: {said}")
        raise malformed(ask, f"it holds no prices but a message: {said!r}")
    lines = document["PVPC"].items()
    if not lines:
        return Answer(evidence=f"HTTP {status}: PVPC is empty")
    _refuse_other_days(ask, lines)
    slots = _slots(ask, [_hour(line["Hora"].text()) for line in lines])
    rows = []
    for slot, line in zip(slots, lines, strict=True):
        cell = line.get(column)
        if cell is None:
            raise malformed(ask, _no_column(column, line))
        rows.append(RawRow(slot, price_values(ask, cell.scalar())))
    return answer_of(ask, rows, status)


def _column(ask: Ask) -> str:
    geo = series_param(ask, "geo_id")
    if geo not in COLUMNS:
        known = ", ".join(COLUMNS)
        message = f"Series {ask.series.name} has geo_id {geo!r}; {ask.product.key} has {known}."
        raise ConfigError(message)
    return COLUMNS[geo]


def _unpacked(ask: Ask, body: bytes) -> bytes:
    """Return the file, taken out of its ZIP where it is in one."""
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


def _refuse_other_days(ask: Ask, lines: Sequence[Node]) -> None:
    asked = f"{whole_days(ask).first:%d/%m/%Y}"
    for line in lines:
        day = line["Dia"].text()
        if day != asked:
            raise malformed(ask, f"{line.path} is of {excerpt(day)!r}, not of {asked}")


def _hour(label: str) -> int | None:
    """Return the first hour of a label such as ``00-01``, ``None`` for one of another form."""
    match = _LABEL.fullmatch(label.strip())
    if match is None or int(match[2]) != int(match[1]) + 1:
        return None
    return int(match[1])


def _slots(ask: Ask, labels: Sequence[int | None]) -> list[datetime]:
    """Return each row's slot: by order in a full day, by label in a part of one."""
    day = whole_days(ask).interval
    slots = [day.start + n * _HOUR for n in range(day.duration // _HOUR)]
    if any(_fits(labels, shape) for shape in _SHAPES[len(slots)]):
        return slots
    positions = [_position(label, len(slots)) for label in labels]
    known = [p for p in positions if p is not None and p < len(slots)]
    if len(known) < len(labels) or _is_ambiguous(labels, len(slots)):
        problem = f"its {len(labels)} rows cannot be told apart on a day of {len(slots)} hours"
        raise malformed(ask, problem)
    return [slots[position] for position in known]


def _fits(labels: Sequence[int | None], shape: Sequence[int]) -> bool:
    """Tell whether labels are those of a full day; one of an unknown form contradicts nothing."""
    return len(labels) == len(shape) and all(
        label in {None, hour} for label, hour in zip(labels, shape, strict=True)
    )


def _position(label: int | None, hours: int) -> int | None:
    """Return the place in the day of a label of part of a day."""
    if label is None or (hours == _SHORT and label == _SKIPPED):
        return None
    return label - 1 if hours == _SHORT and label > _SKIPPED else label


def _is_ambiguous(labels: Sequence[int | None], hours: int) -> bool:
    """Tell whether 02-03 stands twice on a long day whose labels may not run on to 24-25."""
    return hours == _LONG and labels.count(_SKIPPED) > 1 and _USUAL not in labels


def _no_column(column: str, line: Node) -> str:
    known = line.value if isinstance(line.value, dict) else {}
    if "GEN" in known:
        return f"it has GEN, NOC and VHC but no {column}: prices of before 2021-06-01"
    return f"{line.path} has no {column}"
