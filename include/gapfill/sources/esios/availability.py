"""Check the set-up of ESIOS, including the hosts in the connection's extra."""

from __future__ import annotations

from gapfill.sources.http.availability import ApiAvailability
from gapfill.sources.http.connection import ConnectionConfig
from gapfill.sources.http.redirects import listed_hosts


class EsiosAvailability(ApiAvailability):
    """Also checks the hosts to which the archive may redirect."""

    def check(self, access: ConnectionConfig) -> None:
        """Check these hosts, see ``ApiAvailability.check``."""
        listed_hosts(access)


AVAILABILITY = EsiosAvailability()
