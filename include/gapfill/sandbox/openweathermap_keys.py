"""OpenWeatherMap's refusals, in its own words: of a key, of a subscription, of too many calls."""

from __future__ import annotations

import json

from gapfill.sandbox.api import JSON_UTF8, Answer, Ask

_BAD_KEY, _FREE_KEY = "bad", "free"


def json_answer(status: int, data: object) -> Answer:
    """Return an answer in this API's JSON."""
    return Answer(status, json.dumps(data, separators=(",", ":")).encode(), JSON_UTF8)


def error(status: int, cod: int | str, message: str) -> Answer:
    """Return an error in this API's shape."""
    return json_answer(status, {"cod": cod, "message": message})


INVALID_KEY = error(
    401,
    401,
    "Invalid API key. Please see http://openweathermap.org/faq#error401 for more info.",
)
_NO_SUBSCRIPTION = Answer(
    401,
    b'{"cod": 401, "message": "Please note that using One Call 3.0 requires a separate '
    b"subscription to the One Call by Call plan. Learn more here https://openweathermap.org/price. "
    b"If you have a valid subscription to the One Call by Call plan, but still receive this error, "
    b'then please see https://openweathermap.org/faq#error401 for more info."}',
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

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def given(ask: Ask, name: str) -> str | None:
    """Return a parameter, whatever the case of its name."""
    return next((v[0] for key, v in ask.query.items() if key.lower() == name and v), None)


def admit(ask: Ask, *, is_one_call: bool) -> None:
    """Refuse a key that may not ask.

    Raises:
        Refused: If it is none, bad or without the subscription.
    """
    key = given(ask, "appid") or _BAD_KEY
    if key.startswith(_BAD_KEY):
        raise Refused(INVALID_KEY)
    if is_one_call and _FREE_KEY in key:
        raise Refused(_NO_SUBSCRIPTION)
