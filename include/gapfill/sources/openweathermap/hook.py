"""OpenWeatherMap: current weather, and past hours (see ``parser``).

The API accepts its key only in the query, so the key is a secret parameter. A key opens one
generation of One Call or none, and only an answer shows which: after a refusal the hook tries
the other one, and the answer's facts name the one that served (ADR 0017).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from gapfill.domain.series import Place
from gapfill.domain.subscription import generation_fact
from gapfill.errors import AuthRejected, GapfillError, RateLimited, SourceError
from gapfill.sources.http.client import ApiCall
from gapfill.sources.http.connection import variable
from gapfill.sources.http.hook import ApiHook
from gapfill.sources.http.retry_after import seconds_to_wait
from gapfill.sources.http.status_errors import RequestContext
from gapfill.sources.json_reader import Payload
from gapfill.sources.model import EXCERPT, Answer, Ask, HttpRequest, excerpt
from gapfill.sources.openweathermap import parser as owm
from gapfill.sources.openweathermap import timeline

BLOCK_S = 3600.0
"""Wait after a 429 without one: it says "your account is temporary blocked", not for how long."""

ONE_CALL = "one_call"
"""Extra of the connection that declares a subscription to One Call."""

_PROBED = Place("probe", 38.09, -3.63, "Europe/Madrid")
_PROBED_AT = datetime(2024, 1, 1, 12, tzinfo=UTC)
_REFUSED, _FORBIDDEN, _UNKNOWN, _TOO_MANY = 401, 403, 404, 429
_HALF = EXCERPT // 2
"""Characters of each body in a sentence that quotes two."""

_VALID_KEY = "put a valid one into its password. A new key takes up to two hours to become valid."

_log = logging.getLogger(__name__)


class OpenWeatherMapHook(ApiHook):
    """Fetches the current weather or past hours from OpenWeatherMap."""

    default_conn_name = "openweathermap_default"
    hook_name = "OpenWeatherMap"
    source = "openweathermap"
    public_host = "https://api.openweathermap.org"
    probe = owm.request_current(_PROBED)

    _served: str | None = None

    def fetch(self, ask: Ask) -> Answer:
        """Return the readings of the requested slots; of ``current``, of the slot of its ``dt``.

        If the key is of the other generation of One Call than the product, one call of the
        other generation replaces it.

        Raises:
            SourceError: A subclass of it.
            ConfigError: If the connection has no key, or it or the catalogue is wrong.
        """
        own = ask.product.name
        if own not in owm.GENERATIONS:
            reply = self.call(self._with_key(owm.request(ask)), ask)
            return owm.parse(ask, reply)
        asks = {name: owm.as_asked_of(ask, name) for name in _in_order(own, owm.GENERATIONS)}
        name, reply = self._one_call({n: owm.request(one) for n, one in asks.items()}, ask)
        answer = owm.parse(asks[name], reply)
        left = frozenset(ask.series.grid.slots(ask.interval)) if name != own else frozenset()
        left -= {reading.slot for reading in answer.readings}
        facts = {generation_fact(ONE_CALL): float(owm.GENERATIONS[name])}
        return replace(answer, no_verdict=answer.no_verdict | left, facts=facts)

    def test_connection(self) -> tuple[bool, str]:
        """Make one small call and return whether the API answered, with a message.

        It calls One Call if the connection declares a subscription to it.
        """
        try:
            if self.access.extra.get(ONE_CALL) is not True:
                return super().test_connection()
            name, reply = self._one_call(
                {
                    "timeline": timeline.request(_PROBED, _PROBED_AT, 1),
                    "timemachine": owm.request_moment(_PROBED, _PROBED_AT),
                },
                None,
            )
        except GapfillError as exc:
            return False, str(exc)
        said = f"{self.source} answered HTTP {reply.status} at {self.access.root}"
        return True, f"{said}; the key is of One Call {owm.GENERATIONS[name]}."

    def call(self, call: ApiCall, ask: Ask | None = None) -> Payload:
        """Make one call as the base does, with this API's own texts of refusals.

        Raises:
            SourceError: A subclass of it.
            ConfigError: If the connection is wrong.
        """
        reply, refused = self.send(call, ask, _own_refusal)
        if refused is None:
            return reply
        if reply.status == _TOO_MANY:
            raise self._limited(reply, ask)
        raise self._rejected(ask, f"was refused ({_said(reply, EXCERPT)}): {_VALID_KEY}")

    def probe_call(self) -> ApiCall:
        """Return the call that ``test_connection`` makes without a subscription to One Call."""
        return self._with_key(self.probe)

    def _one_call(
        self, requests: Mapping[str, HttpRequest], ask: Ask | None
    ) -> tuple[str, Payload]:
        """Call One Call, first the generation that served before, and return the one that served.

        Args:
            requests: By product, in the order of the attempts.
            ask: The slots that they are for, for the errors.

        Raises:
            SourceError: A subclass of it; a refusal concerns only One Call's products.
            ConfigError: If the connection is wrong.
        """
        refused: dict[str, Payload] = {}
        for name in _in_order(self._served, requests):
            reply, refusal = self.send(self._with_key(requests[name]), ask, _refusal_of_one_call)
            if reply.status == _TOO_MANY:
                raise self._limited(reply, ask)
            if refusal is None:
                self._remember(name)
                return name, reply
            refused[name] = reply
            if reply.status == _UNKNOWN and name == self._served:
                break
        raise self._closed(refused, ask)

    def _remember(self, name: str) -> None:
        if name != self._served:
            _log.info("%s: the key is of One Call %s", self.source, owm.GENERATIONS[name])
        self._served = name

    def _with_key(self, request: HttpRequest) -> ApiCall:
        return ApiCall(request, secret_params=(("appid", self.key),))

    def _context(self, ask: Ask | None) -> RequestContext:
        return RequestContext(self.source, self.http_conn_id, self.access.root, ask, True)  # noqa: FBT003 - it carries the key

    def _limited(self, reply: Payload, ask: Ask | None) -> RateLimited:
        seconds = seconds_to_wait(reply.headers, ask.now if ask else None, default_s=BLOCK_S)
        error = self._context(ask).limited(_said(reply, EXCERPT), seconds)
        if ask is not None and ask.product.name in owm.GENERATIONS:
            error.product = ask.product.key
        return error

    def _rejected(self, ask: Ask | None, text: str, product: str | None = None) -> AuthRejected:
        context = self._context(ask)
        name = f"connection {self.http_conn_id!r} ({variable(self.http_conn_id)})"
        text = f"{context}: the key of {name} {text}"
        return AuthRejected(text, product=product, **context.about)

    def _closed(self, refused: Mapping[str, Payload], ask: Ask | None) -> SourceError:
        """Return the error for a key that both generations of One Call refuse."""
        unknown = [reply for reply in refused.values() if reply.status == _UNKNOWN]
        if unknown:
            return self._context(ask).malformed(f"it answered {_said(unknown[0], EXCERPT)}")
        said = " and ".join(
            f"by One Call {owm.GENERATIONS[name]} ({_said(reply, _HALF)})"
            for name, reply in refused.items()
        )
        if any(owm.lacks_subscription(reply.body) for reply in refused.values()):
            text = (
                f"has no subscription to One Call 3.0 or 4.0, refused {said}: subscribe to it, or "
                f'remove "{ONE_CALL}": true from its extra. The current weather needs none.'
            )
        else:
            text = (
                f"was refused {said}: {_VALID_KEY} Where the current weather is served, the key "
                f'is valid without One Call: then remove "{ONE_CALL}": true from its extra.'
            )
        return self._rejected(ask, text, ask.product.key if ask else None)


HOOK = OpenWeatherMapHook


def _in_order(first: str | None, names: Iterable[str]) -> list[str]:
    """Return names with one of them moved to the front."""
    return sorted(names, key=lambda name: name != first)


def _own_refusal(payload: Payload) -> int | None:
    """Return the status of a refusal with a text of this hook: of the key, or of the rate."""
    return payload.status if payload.status in {_REFUSED, _TOO_MANY} else None


def _refusal_of_one_call(payload: Payload) -> int | None:
    """Return the status of One Call's refusal: of the key, a generation, or the rate."""
    is_one = payload.status in {_REFUSED, _FORBIDDEN, _UNKNOWN, _TOO_MANY}
    return payload.status if is_one else None


def _said(reply: Payload, length: int) -> str:
    return f"HTTP {reply.status}: {excerpt(reply.body)[:length]!r}"
