"""Whether Open-Meteo can be asked: also the archive's host in the extra must be right."""

from __future__ import annotations

from gapfill.sources.http.availability import ApiAvailability
from gapfill.sources.http.connection import ConnectionConfig, second_root


class OpenMeteoAvailability(ApiAvailability):
    """As of any API, with the archive's host."""

    def check(self, access: ConnectionConfig) -> None:
        """Check the archive's host, see ``ApiAvailability.check``."""
        second_root(access, "archive_host")


AVAILABILITY = OpenMeteoAvailability()
