"""What AEMET says of an answer: ``estado`` in the body counts, whatever the HTTP status.

A refusal has been seen as HTTP 200 with ``estado`` 401, 404 or 429, as HTTP 429 with a body
in ISO-8859-15, and as a web page with HTTP 500 that speaks of "429 Too Many Requests".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from gapfill.sources.model import excerpt, number

if TYPE_CHECKING:
    from gapfill.sources.json_reader import Payload

_OK, _NOT_FOUND, _GONE, _TOO_MANY, _FIRST_FAILURE = 200, 404, 410, 429, 500
_KEY_REFUSED = frozenset({401, 403})
_BUSY_PAGE = re.compile(rb"429 too many requests", re.IGNORECASE)
_NO_DATA, _TOO_LONG, _EXPIRED = "no hay datos", "rango de fechas no puede ser superior", "expirado"


class Said(Enum):
    """What an answer says of itself."""

    FINE = auto()
    """``estado`` 200: the data are at ``datos``."""
    NO_DATA = auto()
    """The asked station and time have none, in AEMET's own words."""
    TOO_LONG = auto()
    """The range is longer than the API answers."""
    TOO_MANY = auto()
    """More requests than the minute allows."""
    KEY_REFUSED = auto()
    """The key is wrong or no longer valid."""
    EXPIRED = auto()
    """The link of a second hop is too old."""
    FAILED = auto()
    """A failure of theirs, worth another try."""
    OTHER = auto()
    """Anything else: never taken for "no data"."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What an answer says of itself.

    Attributes:
        said: What it comes to.
        estado: Status in the body, 429 for a page that says so.
        text: Its words, for an error or as evidence.
    """

    said: Said
    estado: int
    text: str


def read(payload: Payload) -> Statement | None:
    """Return what an answer says of itself, ``None`` for rows and for what is not AEMET's."""
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
    """Return what an answer of a second hop says: ``EXPIRED`` where a fresh link may do.

    What an old link is answered is not documented: each 404 is taken for it, in the body
    or as HTTP status, except the one that says in AEMET's words that there are no data.
    """
    statement = read(payload)
    if statement is None:
        is_gone = payload.status in {_NOT_FOUND, _GONE}
        said = f"HTTP {payload.status}: {payload.words}"
        return Statement(Said.EXPIRED, payload.status, said) if is_gone else None
    is_unknown = statement.said is Said.OTHER and statement.estado in {_NOT_FOUND, _GONE}
    return replace(statement, said=Said.EXPIRED) if is_unknown else statement
