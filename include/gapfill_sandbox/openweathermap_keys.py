"""OpenWeatherMap's refusals, in its own words: of a key, of a subscription, of too many calls."""

from __future__ import annotations

import json

from gapfill_sandbox.api import JSON_UTF8, Ask, SimulatedAnswer

_BAD_KEY, _FREE_KEY, _NEW_KEY = "bad", "free", "4.0"


def json_answer(status: int, data: object) -> SimulatedAnswer:
    """Return an answer in this API's JSON."""
    return SimulatedAnswer(status, json.dumps(data, separators=(",", ":")).encode(), JSON_UTF8)


def error(status: int, cod: int | str, message: str) -> SimulatedAnswer:
    """Return an error in this API's shape."""
    return json_answer(status, {"cod": cod, "message": message})


INVALID_KEY = error(
    401,
    401,
    "Invalid API key. Please see http://openweathermap.org/faq#error401 for more info.",
)


def _no_subscription(generation: str) -> SimulatedAnswer:
    """Return the refusal of a key without a subscription to a generation of One Call."""
    return SimulatedAnswer(
        401,
        b'{"cod": 401, "message": "Please note that using One Call %s requires a separate '
        b"subscription to the One Call by Call plan. Learn more here "
        b"https://openweathermap.org/price. If you have a valid subscription to the One Call by "
        b"Call plan, but still receive this error, then please see "
        b'https://openweathermap.org/faq#error401 for more info."}' % generation.encode(),
        JSON_UTF8,
    )


BLOCKED = error(
    429,
    429,
    "Your account is temporary blocked due to exceeding of requests limitation of your "
    "subscription type. Please choose the proper subscription http://openweathermap.org/price",
)
NO_CITY = error(404, "404", "city not found")


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, answer: SimulatedAnswer) -> None:
        super().__init__()
        self.answer = answer


def given(ask: Ask, name: str) -> str | None:
    """Return a parameter, whatever the case of its name."""
    return next((v[0] for key, v in ask.query.items() if key.lower() == name and v), None)


def admit(ask: Ask, *, generation: str | None) -> None:
    """Refuse a missing or invalid key.

    Args:
        ask: The request.
        generation: Generation of One Call, ``None`` for paths that every key opens.

    Raises:
        Refused: If the key is missing or bad, or not one of this generation.
    """
    key = given(ask, "appid") or _BAD_KEY
    if key.startswith(_BAD_KEY):
        raise Refused(INVALID_KEY)
    own = None if _FREE_KEY in key else "4.0" if _NEW_KEY in key else "3.0"
    if generation is not None and generation != own:
        raise Refused(_no_subscription(generation))
