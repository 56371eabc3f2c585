"""OpenWeatherMap: the weather of now, and of a past hour (see ``gapfill.sources.openweathermap``).

The API takes its key in the query alone, so it travels as a secret parameter.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gapfill.domain.series import Place
from gapfill.errors import AuthRejected
from gapfill.hooks.access import variable
from gapfill.hooks.base import ApiHook
from gapfill.hooks.call import Call
from gapfill.hooks.retry_after import seconds_to_wait
from gapfill.hooks.verdict import Errand
from gapfill.sources import openweathermap as owm
from gapfill.sources.base import excerpt

if TYPE_CHECKING:
    from gapfill.errors import SourceError
    from gapfill.hooks.transport import Reply
    from gapfill.sources.base import Answer, Ask, HttpRequest

BLOCK_S = 3600.0
"""Wait where a 429 names none: it says "your account is temporary blocked", not for how long."""

ONE_CALL = "one_call"
"""Extra of the connection that says that One Call is subscribed to."""

_PROBED = Place("probe", 38.09, -3.63, "Europe/Madrid")
_PROBED_AT = datetime(2024, 1, 1, 12, tzinfo=UTC)
_OK_BELOW, _TOO_MANY = 400, 429


class OpenWeatherMapHook(ApiHook):
    """Asks OpenWeatherMap for the weather of one slot."""

    default_conn_name = "openweathermap_default"
    hook_name = "OpenWeatherMap"
    source = "openweathermap"
    public_host = "https://api.openweathermap.org"
    probe = owm.request_current(_PROBED)

    def get_weather(self, ask: Ask) -> Answer:
        """Return the reading of the asked slot; of ``current``, of the slot of its own ``dt``.

        Raises:
            SourceError: One of its leaves.
            ConfigError: If the connection has no key, or it or the catalogue is wrong.
        """
        reply = self.call(self._with_key(owm.request(ask)), ask)
        return owm.parse(ask, reply.status, reply.body)

    fetch = get_weather

    def probe_call(self) -> Call:
        """Return a small call: to One Call where the connection says that it is subscribed to."""
        if self.access.extra.get(ONE_CALL) is True:
            return self._with_key(owm.request_moment(_PROBED, _PROBED_AT))
        return self._with_key(self.probe)

    def call(self, call: Call, ask: Ask | None = None) -> Reply:
        """Make one call as the base does, and word this API's own refusals.

        Raises:
            SourceError: One of its leaves.
            ConfigError: If the connection is wrong.
        """
        reply = super().call(replace(call, claims=owm.says_refusal), ask)
        if reply.status < _OK_BELOW:
            return reply
        root = call.root or self.access.root
        raise _refusal(reply, Errand(self.source, self.http_conn_id, root, ask, True))  # noqa: FBT003 - it carries the key

    def _with_key(self, request: HttpRequest) -> Call:
        return Call(request, secret_params=(("appid", self.key),))


def _refusal(reply: Reply, errand: Errand) -> SourceError:
    said = f"HTTP {reply.status}: {excerpt(reply.body)!r}"
    if reply.status == _TOO_MANY:
        now = errand.ask.now if errand.ask else None
        return errand.limited(said, seconds_to_wait(reply.headers, now, default_s=BLOCK_S))
    name = f"connection {errand.conn_id!r} ({variable(errand.conn_id)})"
    if owm.lacks_subscription(reply.body):
        text = (
            f"the key of {name} has no subscription to One Call 3.0, which timemachine needs "
            f'({said}): subscribe to it, or remove "{ONE_CALL}": true from its extra. '
            "The current weather needs none."
        )
    else:
        text = (
            f"the key of {name} was refused ({said}): put a valid one into its password. "
            "A new key takes up to two hours to become valid."
        )
    return AuthRejected(f"{errand}: {text}", **errand.about)
