"""SIAR's account: the steps that make a token, and the limits in ``/Info/ACCESOS``."""

from __future__ import annotations

from gapfill.domain.account_limits import AccountLimits
from gapfill.errors import MalformedPayload
from gapfill.sources.json_reader import Payload, utf8
from gapfill.sources.model import HttpRequest, excerpt, number

BASE = "/siarapi/API/V1"
ENCRYPT = HttpRequest(f"{BASE}/Autenticacion/cifrarCadena")
TOKEN = HttpRequest(f"{BASE}/Autenticacion/obtenerToken")
LIMITS = HttpRequest(f"{BASE}/Info/ACCESOS")

_SOURCE = "siar"
_NAMES = {
    "maxaccesosminuto": "calls_minute",
    "maxaccesosdia": "calls_day",
    "maxregistrosminuto": "records_minute",
    "maxregistrosdia": "records_day",
    "numaccesosdiaactual": "calls_today",
    "registrosacumuladosminuto": "records_now",
    "registrosacumuladosdia": "records_today",
}
MOST = 1_000_000_000
"""Calls or records that no account makes in a day: a greater number does not limit."""

_COUNTERS = frozenset({"calls_today", "records_now", "records_today"})


def parse_word(payload: Payload) -> str | None:
    """Return the text of an answer of the authentication, ``None`` for ``null`` or nothing.

    It may be a JSON text with escapes, or a bare text within quotes and blanks.

    Raises:
        MalformedPayload: If it is not a single word: a web page, an object, a list.
    """
    document = payload.document
    text = document if isinstance(document, str) else utf8(payload.body).decode("utf-8-sig")
    word = text.strip().strip('"').strip()
    if word.lower() in {"", "null"}:
        return None
    if word[0] in "<{[" or any(char.isspace() for char in word) or not word.isprintable():
        raise _malformed("the authentication did not return a single word")
    return word


def parse_limits(payload: Payload) -> AccountLimits:
    """Return the limits in ``/Info/ACCESOS``.

    A maximum of null or 0, or above ``MOST``, means no limit.

    Raises:
        MalformedPayload: If it has none of the limits.
    """
    document = payload.document
    found: dict[str, int] = {}
    for name, value in _record(document).items():
        known = _NAMES.get(name.lower().removesuffix("s"))
        count = number(value)
        if known in _COUNTERS and count is not None:
            found[known] = int(min(max(count, 0), MOST))
        elif known is not None and count is not None and 1 <= count <= MOST:
            found[known] = int(count)
    if not any(name.lower().removesuffix("s") in _NAMES for name in _record(document)):
        raise _malformed(f"/Info/ACCESOS has no limits: {excerpt(payload.body)!r}")
    return AccountLimits(
        calls_minute=found.get("calls_minute"),
        calls_day=found.get("calls_day"),
        records_minute=found.get("records_minute"),
        records_day=found.get("records_day"),
        calls_today=found.get("calls_today", 0),
        records_now=found.get("records_now", 0),
        records_today=found.get("records_today", 0),
    )


def _record(document: object) -> dict[str, object]:
    """Return the record of an answer; ``datos`` is a list of one record, or the record."""
    if not isinstance(document, dict):
        return {}
    named = {str(key).lower(): value for key, value in document.items()}
    record = named.get("datos", document)
    if isinstance(record, list):
        record = record[0] if record else {}
    return {str(k): v for k, v in record.items()} if isinstance(record, dict) else {}


def _malformed(problem: str) -> MalformedPayload:
    message = f"siar: {problem}. Nothing was asked; see docs/how_to/runbook.md, MalformedPayload."
    return MalformedPayload(message, source=_SOURCE)
