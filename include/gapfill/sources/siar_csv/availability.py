"""Check the folder of SIAR's CSV files, and find the days in its files."""

from __future__ import annotations

from collections.abc import Sequence

from gapfill.domain.candidate import Obstacle, Unusable
from gapfill.domain.interval import Interval
from gapfill.domain.product import Product
from gapfill.errors import GapfillError
from gapfill.sources.availability import SourceAvailability, SourceSetup
from gapfill.sources.siar_csv.folder import NO_FOLDER, VARIABLE, configured


class SiarCsvAvailability(SourceAvailability):
    """Reads the days from the folder's files, without a call."""

    def obstacle(self, _product: Product, setup: SourceSetup) -> Obstacle | None:
        """Return why the files cannot be read; an invalid file disables the source, not the run."""
        folder = configured()
        if folder is None:
            return Obstacle(f"is not configured: {NO_FOLDER}", needs=VARIABLE)
        try:
            folder.check(setup.stations)
        except GapfillError as exc:
            return Obstacle(f"cannot be read: {exc}".rstrip("."), is_broken=True)
        return None

    def held(self, station_id: str) -> Sequence[Interval] | None:
        """Return the days with a usable row, ``None`` without a folder."""
        folder = configured()
        return None if folder is None else folder.held(station_id)

    def unusable(self, station_id: str) -> Sequence[Unusable]:
        """Return the days without a usable row, and why."""
        folder = configured()
        return () if folder is None else folder.unusable(station_id)


AVAILABILITY = SiarCsvAvailability()
