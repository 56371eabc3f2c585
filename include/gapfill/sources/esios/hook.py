"""ESIOS: PVPC by indicator with a token, by archive without (see ``parser``)."""

from __future__ import annotations

from datetime import date

from gapfill.sources.esios import archive
from gapfill.sources.esios import parser as esios
from gapfill.sources.http.client import ApiCall
from gapfill.sources.http.hook import ApiHook
from gapfill.sources.http.redirects import listed_hosts
from gapfill.sources.model import Answer, Ask

ARCHIVE_HOSTS = (".amazonaws.com",)
"""The storage provider that serves the archive's files, over https."""

_PROBED = date(2021, 10, 31)


class EsiosHook(ApiHook):
    """Fetches prices of whole Madrid days from ESIOS."""

    default_conn_name = "esios_default"
    hook_name = "ESIOS"
    source = "esios"
    public_host = "https://api.esios.ree.es"
    probe = archive.request_day("70", _PROBED)

    def fetch(self, ask: Ask) -> Answer:
        """Return the prices of the requested slots, of an indicator or an archive.

        Raises:
            SourceError: A subclass of it.
            ConfigError: If the connection has no token and the product needs one, or
                the connection or the catalogue is wrong.
        """
        request = esios.request(ask)
        if esios.is_archive(ask):
            reply = self.call(ApiCall(request, leads_to=self._archive_hosts), ask)
        else:
            reply = self.call(ApiCall(request, headers={"x-api-key": self.key}), ask)
        return esios.parse(ask, reply)

    @property
    def _archive_hosts(self) -> tuple[str, ...]:
        """Hosts to which the archive may redirect, with those of the connection's extra."""
        return (*ARCHIVE_HOSTS, *listed_hosts(self.access))

    def probe_call(self) -> ApiCall:
        """Return a small call: of an indicator with the token, of the archive without one."""
        if self.access.key is None:
            return ApiCall(self.probe, leads_to=self._archive_hosts)
        request = esios.request_days("1001", "8741", _PROBED, _PROBED)
        return ApiCall(request, headers={"x-api-key": self.key})


HOOK = EsiosHook
