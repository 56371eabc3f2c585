"""Find the reason of SIAR's refusals: status 403 has five, and only the text distinguishes them.

A web page is from a firewall or a proxy, so words like "usuario" on it do not mean the token.

No complete body is public: the phrases come from clients that search for them. The search
ignores case and accents. It covers ``MensajeRespuesta``, a body that is not JSON, and the
header ``mensajerespuesta`` of version 1.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from gapfill.domain.local_time import at_local, local_date
from gapfill.sources.firewall_pages import is_web_page
from gapfill.sources.json_reader import Payload, utf8
from gapfill.sources.model import excerpt

MINUTE_S = 65.0
"""Wait after the minute's quota is spent; clients found it sufficient."""

READ = 20_000
"""Characters of a text to search: a refusal is a sentence."""

REFUSED = frozenset({401, 403})
_FIRST_ERROR = 400
_DAY = timedelta(days=1)
_ZONE = "Europe/Madrid"
_BOTH_MIDNIGHTS = time(2)
_HEADER = "mensajerespuesta"
_QUOTA = (
    "peticiones permitidas",
    "datos permitidos",
    "registros permitidos",
    "accesos permitidos",
    "rebasaria",
    "limite de peticiones",
    "limite de accesos",
    "limite de registros",
    "limite de datos",
    "numero maximo de",
    "limite maximo",
    "superado el",
    "cuota",
)
_BLOCKED = ("bloquead",)
_RECORDS = ("datos", "registros")
_TOKEN = ("token", "claveapi", "credencial", "autentic", "no autorizad", "usuario")
_A_DAY = re.compile(r"\b(un|al|por|el|cada) dia\b|\bdia actual\b|\bdiari[oa]s?\b")
_TOO_EARLY = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bfecha inicial\b",
        r"\b(inferior|anterior)\b",
        r"\b(autorizad|permitid|minim)",
    )
)
"""Searched in this order; one combined pattern would be very slow on a long text."""
_NOUN = (
    r"(datos?|registros?|resultados?|medicion(es)?|medidas?|observacion(es)?|informacion"
    r"|lecturas?|valores)"
)
_SOME = r"((ningun|ninguna|mas|nuevos|nuevas|los|las|aun|todavia|ya) )*"
_FOUND = (
    r"(encontr|encuentr|hall|obten|obtuv|obtien|devuel|devolv|localiz|recuper|dispon|dispuest"
    r"|produc|dado)"
)
_NOTHING = re.compile(
    rf"\bno (hay|existen?|constan?|figuran?|tienen?|contienen?) {_SOME}{_NOUN}\b"
    rf"|\bno (se )?((ha|han) )?{_FOUND}\w*( de)? {_SOME}{_NOUN}\b"
    rf"|\b(sin|ningun|ninguna|cero|0) {_NOUN}\b"
    rf"|\b{_NOUN} no (encontrad|hallad|disponible)"
    r"|\b(consulta|respuesta|resultado) (vacia|vacio)\b"
)
"""Phrases for "no data": *No existen datos*, *La consulta no ha devuelto resultados* …"""

_FAILURE = re.compile(
    r"\b(error|fallo|excepcion|conexion|temporal\w*|momento|mantenimiento|reintent\w*|intentelo"
    r"|pued\w+|pud\w+|podid\w+|parametro|incorrect\w+|invalid\w+|obligatori\w+|de entrada"
    r"|tiempo de espera|base de datos)\b"
)
"""Words of a failure: a message with one of them never means "no data"."""

_ASIDE = re.compile(r"\b\w+ por el usuario\b")
_DATES = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b|\b(\d{1,2})[/-](\d{1,2})[/-](\d{4})\b")


class RefusalKind(StrEnum):
    """The reason of a refusal."""

    MINUTE = "minute"
    DAY = "day"
    TOO_EARLY = "too early"
    TOKEN = "token"  # noqa: S105 - no secret but a word
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal.

    Attributes:
        kind: Its reason.
        said: Status and text, shortened.
        text: The text, for the date in it.
    """

    kind: RefusalKind
    said: str
    text: str


def is_of_records(refusal: Refusal) -> bool:
    """Return whether a quota limits records, not the rate of calls."""
    return any(word in fold(refusal.text) for word in _RECORDS)


def read(payload: Payload) -> Refusal | None:
    """Return the refusal in an answer, ``None`` if there is none.

    A 401 and a 403 always are refusals; a 2xx is one if it has no rows and its message names a
    reason. Any other status has its HTTP meaning.
    """
    status = payload.status
    if status >= _FIRST_ERROR and status not in REFUSED:
        return None
    text = _text(payload, is_refused=status in REFUSED)[:READ]
    text = text.encode("utf-8", "replace").decode()  # a JSON text may hold half a character
    kind = _kind(fold(text))
    if kind is RefusalKind.TOKEN and is_web_page(text.encode()):
        kind = RefusalKind.BLOCKED
    if status in REFUSED:
        is_silent = status == 401 and kind is None  # noqa: PLR2004 - HTTP's own word for it
        kind = RefusalKind.TOKEN if is_silent else kind or RefusalKind.BLOCKED
    if kind is None:
        return None
    return Refusal(kind, f"HTTP {status}: {excerpt(text)!r}" if text else f"HTTP {status}", text)


def says_nothing_there(message: str) -> bool:
    """Return whether a message only means "no data"."""
    folded = fold(message[:READ])
    is_failure = _kind(folded) is not None or _FAILURE.search(folded) is not None
    return not is_failure and _NOTHING.search(folded) is not None


def authorised_from(refusal: Refusal, first: date, last: date) -> date | None:
    """Return the date from which an account may see data, if its refusal names it.

    The text may also repeat the requested range, so the date must be the only other one and
    later than the start of the range.
    """
    found = set()
    for match in _DATES.finditer(refusal.text):
        year, month, day = match.group(1, 2, 3) if match[1] else match.group(6, 5, 4)
        with suppress(ValueError):
            found.add(date(int(year), int(month), int(day)))
    later = {day for day in found - {last} if day > first}
    return later.pop() if len(later) == 1 else None


def day_quota_s(now: datetime | None) -> float:
    """Return the seconds until a day's quota restarts: 02:00 in Madrid, 24 h at most.

    ACCESOS counts "the current day" without a zone. 02:00 in Madrid is past midnight there and in
    UTC, so the wait covers both midnights. Without a clock it is 24 h, which covers both as well.
    """
    if now is None:
        return _DAY.total_seconds()
    at = at_local(local_date(now.astimezone(UTC), _ZONE) + _DAY, _BOTH_MIDNIGHTS, _ZONE)
    return min(at - now, _DAY).total_seconds()


def fold(text: str) -> str:
    """Return a text in lower case without accents, on one line."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in parts if not unicodedata.combining(c)).split())


def _kind(text: str) -> RefusalKind | None:
    """Return the reason in a folded text; a quota without a period counts as a minute's."""
    text = _ASIDE.sub("", text)
    if any(word in text for word in _BLOCKED):
        return RefusalKind.BLOCKED
    if any(word in text for word in _QUOTA):
        is_day = "minuto" not in text and _A_DAY.search(text) is not None
        return RefusalKind.DAY if is_day else RefusalKind.MINUTE
    if _says_too_early(text):
        return RefusalKind.TOO_EARLY
    if any(word in text for word in _TOKEN):
        return RefusalKind.TOKEN
    return None


def _says_too_early(text: str) -> bool:
    start = 0
    for part in _TOO_EARLY:
        found = part.search(text, start)
        if found is None:
            return False
        start = found.end()
    return True


def _text(payload: Payload, *, is_refused: bool) -> str:
    """Return the message of an answer, empty if it has rows."""
    document = payload.document
    if isinstance(document, dict):
        named = {str(key).lower(): value for key, value in document.items()}
        rows, message = named.get("datos"), named.get("mensajerespuesta")
        if rows and not is_refused:
            return ""
        if isinstance(message, str) and message.strip():
            return message
    if not is_refused:
        return ""
    if _HEADER in payload.headers:
        return _decoded(payload.headers[_HEADER].encode("latin-1", "replace"))
    return document if isinstance(document, str) else _decoded(payload.body)


def _decoded(text: bytes) -> str:
    """Return a text in either encoding; HTTP clients always read headers as Latin-1."""
    return utf8(text).decode()
