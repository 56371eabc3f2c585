"""SIAR's access control: its envelope and refusals, the tokens, and the counters of ACCESOS."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from gapfill_sandbox.account import LIMITS, Account, scrambled
from gapfill_sandbox.api import JSON_UTF8, Ask, SimulatedAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

_BAD_KEY, _READY = "bad", "ready"
TEXTS = {
    "calls_minute": "Ha superado el número de peticiones permitidas en un minuto.",
    "calls_day": "Ha superado el número de peticiones permitidas en un día.",
    "records_minute": (
        "La petición rebasaría el número máximo de datos permitidos en un minuto para su usuario."
    ),
    "records_day": (
        "La petición rebasaría el número máximo de datos permitidos en un día para su usuario."
    ),
}
BAD_TOKEN = "El token no es válido o ha caducado."  # noqa: S105 - a message, not a token


def say(data: object, message: str | None = None, status: int = 200) -> SimulatedAnswer:
    """Return an answer in SIAR's envelope."""
    body = {"datos": data, "MensajeRespuesta": message}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return SimulatedAnswer(status, text.encode(), JSON_UTF8)


def _word(text: str | None) -> SimulatedAnswer:
    """Return an answer of the authentication: a JSON text, or null."""
    return SimulatedAnswer(200, json.dumps(text).encode(), JSON_UTF8)


def refuse(message: str) -> SimulatedAnswer:
    """Return a refusal of a token or a quota."""
    return say(None, message, 403)


def refuse_over(limit: str) -> SimulatedAnswer:
    """Return the refusal for a limit of the account."""
    return replace(refuse(TEXTS[limit]), is_over_limit=True)


def account(ask: Ask) -> Account:
    """Return the account of the client."""
    return ask.account or Account({})


def has_token(ask: Ask) -> bool:
    """Return whether the request has a valid token: an issued one, or a ready one."""
    token = ask.first("token")
    return (token or "").startswith(_READY) or account(ask).is_token(token, ask.now)


def counted(answer: Callable[[Ask], SimulatedAnswer]) -> Callable[[Ask], SimulatedAnswer]:
    """Return an answer of no records that counts as a call."""

    def count(ask: Ask) -> SimulatedAnswer:
        limit = account(ask).admit(ask.now)
        return answer(ask) if limit is None else refuse_over(limit)

    return count


def encrypt(ask: Ask) -> SimulatedAnswer:
    """Answer a text in its encrypted form."""
    text = ask.first("cadena")
    return _word(scrambled(text) if text else None)


def give_token(ask: Ask) -> SimulatedAnswer:
    """Answer a token for encrypted credentials, null for wrong ones or plain ones."""
    given = [ask.first("Usuario") or "", ask.first("Password") or ""]
    is_encrypted = all(len(text) == len(scrambled("")) for text in given)
    if not is_encrypted or scrambled(_BAD_KEY) in given:
        return _word(None)
    return _word(account(ask).give_token(ask.now))


def tell_limits(ask: Ask) -> SimulatedAnswer:
    """Return the limits and the counters of the account."""
    asking = account(ask)
    if not has_token(ask):
        return refuse(BAD_TOKEN)
    done = asking.counted(ask.now)
    most = {limit: asking.settings.get(limit) or None for limit in LIMITS}
    record = {
        "NumAccesosMinutoActual": done["calls_minute"],
        "MaxAccesosMinuto": most["calls_minute"],
        "NumAccesosDiaActual": done["calls_day"],
        "MaxAccesosDia": most["calls_day"],
        "RegistrosAcumuladosMinuto": done["records_minute"],
        "MaxRegistrosMinuto": most["records_minute"],
        "RegistrosAcumuladosDia": done["records_day"],
        "MaxRegistrosDia": most["records_day"],
    }
    return say([record])
