"""Whether ESIOS can be asked: also the hosts in the connection's extra must be right."""

from __future__ import annotations

from gapfill.sources.http.availability import ApiAvailability
from gapfill.sources.http.connection import ConnectionConfig
from gapfill.sources.http.redirects import listed_hosts


class EsiosAvailability(ApiAvailability):
    """As of any API, with the hosts that the archive may redirect to."""

    def check(self, access: ConnectionConfig) -> None:
        """Check these hosts, see ``ApiAvailability.check``."""
        listed_hosts(access)


AVAILABILITY = EsiosAvailability()
