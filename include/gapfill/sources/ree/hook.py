"""REE apidatos: PVPC prices, without a key (see ``gapfill.sources.ree.parser``)."""

from __future__ import annotations

from datetime import date

from gapfill.sources.http.client import ApiCall
from gapfill.sources.http.hook import ApiHook
from gapfill.sources.model import Answer, Ask
from gapfill.sources.ree import parser as ree

_PROBED = date(2021, 10, 31)


class ReeHook(ApiHook):
    """Fetches prices of whole Madrid days from REE apidatos."""

    default_conn_name = "ree_default"
    hook_name = "REE apidatos"
    source = "ree"
    public_host = "https://apidatos.ree.es"
    probe = ree.request_days("8741", _PROBED, _PROBED)

    def fetch(self, ask: Ask) -> Answer:
        """Return the prices of the requested slots.

        Raises:
            SourceError: A subclass of it.
            ConfigError: If the connection or the catalogue is wrong.
        """
        return ree.parse(ask, self.send(ApiCall(ree.request(ask)), ask, ree.no_data).payload)


HOOK = ReeHook
