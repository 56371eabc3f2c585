"""ESIOS archive 70: a day of PVPC without a key, in two hops.

Source: ``api.esios.ree.es/archives/70/download_json``, read through captures of 2019 and
2021 (aiopvpc, MIT).

Documented: nothing.

Observed: a redirect (307) to the store that holds the file; decimal commas; the tariffs
GEN, NOC and VHC before 2021-06-01, PCB (peninsula, Canaries, Balearics) and CYM (Ceuta,
Melilla) since; labels "00-01" to "23-24", in spring without "02-03", in autumn on to
"24-25"; a day that is not published is HTTP 200 with a message.

Not known: the store's refusal of an old link (here S3's usual one).
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING

from gapfill_sandbox import world
from gapfill_sandbox.api import JSON, JSON_UTF8, Ask, Route, Row, SimulatedAnswer, Value
from gapfill_sandbox.kinds import (
    CLOCK_LABELS,
    EXPIRED_LINK,
    LIST_KINDS,
    NO_DATA,
    RECORD_KINDS,
    ROW_KINDS,
    WIRE_KINDS,
)
from gapfill_sandbox.noise import noise
from gapfill_sandbox.records import with_odd_record
from gapfill_sandbox.times import MADRID, local_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NO_VALUES = SimulatedAnswer(200, b'{"message":"No values for specified archive"}', JSON_UTF8)
_BAD_DATE = SimulatedAnswer(400, b'{"status":400,"error":"Bad Request"}', JSON_UTF8)


def _store_error(status: int, code: str, message: str) -> SimulatedAnswer:
    """Return an error of the store behind the second hop."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return SimulatedAnswer(status, text.encode(), "application/xml")


_NO_FILE = _store_error(404, "NoSuchKey", "The specified key does not exist.")
REFUSALS: Mapping[str, SimulatedAnswer] = {
    EXPIRED_LINK: _store_error(403, "AccessDenied", "Request has expired")
}

_HOURS_PER_DAY = 24
_PLACES = {"PCB": world.PENINSULA, "CYM": 8744}
_OLD_FACTORS = {"GEN": 1.0, "NOC": 0.6, "VHC": 0.64}
_PARTS = ("SAH", "FOM", "FOS", "INT", "PCAP", "TEU", "CCV")
_CENTS = "{:.2f}"
_PROFILE = "{:.18f}"


def _comma(value: Value, form: str = _CENTS) -> str:
    """Write a number with a decimal comma."""
    return value if isinstance(value, str) else form.format(value).replace(".", ",")


def _parts(total: float, slot: datetime) -> dict[str, float]:
    """Return the parts of a price; the market's part is the rest."""
    chance = noise("parts", slot.timestamp())
    adjustments = round(3 + 12 * chance, 2)
    fee = round(1.5 + 0.015 * abs(total), 2)
    parts = dict(zip(_PARTS, (adjustments, 0.03, 0.17, 0.0, 0.0, 0.92, fee), strict=True))
    return {"PMH": round(total - sum(parts.values()), 2), **parts}


def _columns(
    slot: datetime, prices: Mapping[str, Value], truths: Mapping[str, float]
) -> dict[str, str]:
    """Return a row's columns after its labels."""
    is_old = local_day(slot) < world.PVPC_START
    profiles = [f"COF{name}" for name in prices] if is_old else ["COF2TD"]
    columns = {name: _comma(value) for name, value in prices.items()}
    for name in profiles:
        columns[name] = _comma(round(0.00006 + 0.0001 * noise(name, slot), 12), _PROFILE)
    parts = {name: _parts(total, slot) for name, total in truths.items()}
    for part in ("PMH", *_PARTS):
        columns |= {part + name: _comma(parts[name][part]) for name in parts}
    if not is_old:
        columns |= {f"EDSR{name}": _comma(0.0) for name in parts}
    return columns


def _prices(slot: datetime) -> dict[str, float]:
    """Return the price of each tariff of the slot's day."""
    if local_day(slot) < world.PVPC_START:
        price = world.price(world.PENINSULA, slot)
        return {name: round(price * factor, 2) for name, factor in _OLD_FACTORS.items()}
    return {name: world.price(geo, slot) for name, geo in _PLACES.items()}


def _label(slot: datetime, kind: str | None) -> str:
    """Return a row's label: the local hour, in autumn the place in the day.

    A fault of ``kind`` may have the local hour in autumn as well, 02-03 twice.
    """
    slots = world.slots_of(local_day(slot))
    hour = slot.astimezone(MADRID).hour
    if len(slots) > _HOURS_PER_DAY and kind != CLOCK_LABELS:
        hour = slots.index(slot)
    return f"{hour:02d}-{hour + 1:02d}"


def _rows(day: date) -> list[Row]:
    """Return the day's slots with their prices."""
    return [Row(slot, _prices(slot)) for slot in world.slots_of(day)]


def _write(rows: Sequence[Row], kind: str | None) -> bytes:
    """Return the file, for a fault of this kind."""
    lines = [
        {
            "Dia": local_day(row.start).strftime("%d/%m/%Y"),
            "Hora": _label(row.start, kind),
            **_columns(row.start, row.values, _prices(row.start)),
        }
        for row in rows
    ]
    return json.dumps({"PVPC": with_odd_record(lines, kind)}, separators=(",", ":")).encode()


def _day(ask: Ask) -> date | None:
    """Return the requested day of either hop, none if it is not a date."""
    try:
        return date.fromisoformat(ask.parts.get("day") or ask.first("date") or "")
    except ValueError:
        return None


def _days(ask: Ask) -> tuple[date, date] | None:
    """Return the local days a request touches."""
    day = _day(ask)
    return None if day is None else (day, day)


def _link(ask: Ask) -> SimulatedAnswer:
    """Answer the first hop: a redirect to the day's file."""
    day = _day(ask)
    if day is None:
        return _BAD_DATE
    if world.published_at(day) > ask.now or not ask.spoil(_rows(day)):
        return _NO_VALUES
    signature = f"X-Amz-Expires=300&X-Amz-Signature={day:%Y%m%d}"
    location = f"{ask.hop_url}/_s3/archives/70/{day.isoformat()}?{signature}"
    return SimulatedAnswer(307, b"", "text/html; charset=utf-8", {"Location": location})


def _file(ask: Ask) -> SimulatedAnswer:
    """Answer the second hop: the file."""
    day = _day(ask)
    if day is None or world.published_at(day) > ask.now:
        return _NO_FILE
    return SimulatedAnswer(200, _write(ask.spoil(_rows(day)), ask.kind), JSON)


ROUTES = (
    Route(
        "/archives/70/download_json",
        _link,
        _days,
        WIRE_KINDS | {"empty", NO_DATA, "outage"},
    ),
    Route(
        r"/_s3/archives/70/{day:\d{4}-\d\d-\d\d}",
        _file,
        _days,
        (WIRE_KINDS | ROW_KINDS | LIST_KINDS | RECORD_KINDS | {EXPIRED_LINK, CLOCK_LABELS})
        - {"empty", NO_DATA, "outage"},
        is_counted=False,
    ),
)
