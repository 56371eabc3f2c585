"""Open-Meteo: modelled weather, without a key (see ``gapfill.sources.open_meteo.parser``)."""

from __future__ import annotations

from datetime import date
from functools import cached_property

from gapfill.errors import GapfillError, Limit
from gapfill.sources.http import retry_after
from gapfill.sources.http.client import ApiCall
from gapfill.sources.http.connection import is_at_home, second_root
from gapfill.sources.http.hook import ApiHook
from gapfill.sources.http.status_errors import QUEUE_S
from gapfill.sources.json_reader import Payload
from gapfill.sources.model import Answer, Ask, HttpRequest, excerpt
from gapfill.sources.open_meteo import parser as open_meteo
from gapfill.sources.open_meteo.refusals import Refusal, read, seconds_refused

PUBLIC_ARCHIVE = "https://archive-api.open-meteo.com"

_PLACE = (("latitude", "38.09"), ("longitude", "-3.63"), ("hourly", "temperature_2m"))
_PROBED = date(2021, 10, 31).isoformat()


class OpenMeteoHook(ApiHook):
    """Fetches the weather of whole UTC dates from one of Open-Meteo's two hosts."""

    default_conn_name = "open_meteo_default"
    hook_name = "Open-Meteo"
    source = "open_meteo"
    public_host = "https://api.open-meteo.com"
    probe = HttpRequest(open_meteo.PATHS["forecast"], (*_PLACE, ("forecast_days", "1")))
    archive_probe = HttpRequest(
        open_meteo.PATHS["archive"], (*_PLACE, ("start_date", _PROBED), ("end_date", _PROBED))
    )

    @cached_property
    def archive_root(self) -> str:
        """Root URL of the archive.

        The extra ``archive_host`` names it; else it is the connection's host, unless that is
        the public one, which has no archive.

        Raises:
            ConfigError: If the connection is wrong.
        """
        root = self.access.root
        is_public = is_at_home(self.public_host, root)
        return second_root(self.access, "archive_host") or (PUBLIC_ARCHIVE if is_public else root)

    def fetch(self, ask: Ask) -> Answer:
        """Return the modelled weather of the requested slots, without future hours.

        Raises:
            SourceError: A subclass of it.
            ConfigError: If the connection or the catalogue is wrong.
        """
        return open_meteo.parse(ask, self.call(self._call(open_meteo.request(ask)), ask))

    def call(self, call: ApiCall, ask: Ask | None = None) -> Payload:
        """Make one call as ``ApiHook`` does; the reason of a refusal sets its length."""
        reply, said = self.send(call, ask, read)
        if isinstance(said, Refusal):
            now = ask.now if ask else None
            usual = QUEUE_S if said.limit is Limit.QUEUE else seconds_refused(said, now)
            seconds = retry_after.seconds_to_wait(reply.headers, now, default_s=usual)
            words = f"HTTP {reply.status}: {excerpt(reply.body)!r}"
            raise self.context(call, ask).limited(words, seconds, said.limit)
        return reply

    def test_connection(self) -> tuple[bool, str]:
        """Make a small call to each host, and return whether both answered."""
        is_there, said = super().test_connection()
        if not is_there:
            return is_there, said
        try:
            reply = self.call(self._call(self.archive_probe))
        except GapfillError as exc:
            return False, str(exc)
        return True, f"{said} Its archive answered HTTP {reply.status} at {self.archive_root}."

    def probe_call(self) -> ApiCall:
        """Return the call that tests the main host."""
        return self._call(self.probe)

    def _call(self, request: HttpRequest) -> ApiCall:
        is_archive = request.path == open_meteo.PATHS["archive"]
        return ApiCall(
            request,
            root=self.archive_root if is_archive else None,
        )


HOOK = OpenMeteoHook
