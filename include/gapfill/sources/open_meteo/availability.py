"""Check the set-up of Open-Meteo, including the archive's host in the extra."""

from __future__ import annotations

from gapfill.sources.http.availability import ApiAvailability
from gapfill.sources.http.connection import ConnectionConfig, second_root


class OpenMeteoAvailability(ApiAvailability):
    """Also checks the archive's host."""

    extra_names = ("archive_host",)

    def check(self, access: ConnectionConfig) -> None:
        """Check the archive's host, see ``ApiAvailability.check``."""
        second_root(access, "archive_host")


AVAILABILITY = OpenMeteoAvailability()
