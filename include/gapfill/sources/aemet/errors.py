"""How AEMET reports errors: ``estado`` in the body decides, whatever the HTTP status.

AEMET has refused with HTTP 200 and ``estado`` 401, 404 or 429, with HTTP 429 and a body in
ISO-8859-15, and with a web page under HTTP 500 that says "429 Too Many Requests".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum, auto

from gapfill.sources.json_reader import Payload
from gapfill.sources.model import excerpt, number

_OK, _NOT_FOUND, _GONE, _TOO_MANY, _FIRST_FAILURE = 200, 404, 410, 429, 500
_KEY_REFUSED = frozenset({401, 403})
_BUSY_PAGE = re.compile(rb"429 too many requests", re.IGNORECASE)
_NO_DATA, _TOO_LONG, _EXPIRED = "no hay datos", "rango de fechas no puede ser superior", "expirado"


class Said(Enum):
    """The meaning of AEMET's ``estado`` and ``descripcion``."""

    FINE = auto()
    """``estado`` 200: the data are at ``datos``."""
    NO_DATA = auto()
    """AEMET has no data for the requested station and time."""
    TOO_LONG = auto()
    """The range is longer than the API answers."""
    TOO_MANY = auto()
    """More requests than the minute allows."""
    KEY_REFUSED = auto()
    """The key is wrong or no longer valid."""
    EXPIRED = auto()
    """The link of a second hop is too old."""
    FAILED = auto()
    """AEMET failed; a retry may succeed."""
    OTHER = auto()
    """Anything else; never read as "no data"."""


@dataclass(frozen=True, slots=True)
class Statement:
    """AEMET's own status of an answer.

    Attributes:
        said: Its meaning.
        estado: Status in the body; 429 for a page that names it.
        text: Status and words, for an error or as evidence.
    """

    said: Said
    estado: int
    text: str


def read(payload: Payload) -> Statement | None:
    """Return AEMET's own status of an answer, ``None`` for rows and for other servers' answers."""
    status, document = payload.status, payload.document
    about = document if isinstance(document, dict) else {}
    given = about.get("descripcion")
    estado, words = number(about.get("estado")), excerpt(given if isinstance(given, str) else "")
    is_busy_page = document is None and _BUSY_PAGE.search(payload.body) is not None
    if _TOO_MANY in {status, estado} or is_busy_page:
        said = words or payload.words
        return Statement(Said.TOO_MANY, _TOO_MANY, f"HTTP {status}: {said}")
    if estado is None or status not in {_OK, _NOT_FOUND}:
        return None
    return Statement(
        _meaning(int(estado), words), int(estado), f"HTTP {status}, estado {estado:g}: {words}"
    )


def _meaning(estado: int, words: str) -> Said:
    if estado == _OK:
        return Said.FINE
    if estado in _KEY_REFUSED:
        return Said.KEY_REFUSED
    if estado >= _FIRST_FAILURE:
        return Said.FAILED
    if estado != _NOT_FOUND:
        return Said.OTHER
    known = {_NO_DATA: Said.NO_DATA, _TOO_LONG: Said.TOO_LONG, _EXPIRED: Said.EXPIRED}
    return next((said for part, said in known.items() if part in words.casefold()), Said.OTHER)


def read_link(payload: Payload) -> Statement | None:
    """Return AEMET's status of a second hop: ``EXPIRED`` where a new link may help.

    AEMET does not document its answer to an old link. Each 404, in the body or as HTTP
    status, is read as one, except the 404 that says that there are no data.
    """
    statement = read(payload)
    if statement is None:
        is_gone = payload.status in {_NOT_FOUND, _GONE}
        said = f"HTTP {payload.status}: {payload.words}"
        return Statement(Said.EXPIRED, payload.status, said) if is_gone else None
    is_unknown = statement.said is Said.OTHER and statement.estado in {_NOT_FOUND, _GONE}
    return replace(statement, said=Said.EXPIRED) if is_unknown else statement
