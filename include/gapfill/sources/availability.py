"""Whether a source is set up, and which days its files have, without a call.

The source's hook is not imported: that takes a second (Airflow). A package of a source may
have a module ``availability`` that names its own class as ``AVAILABILITY``::

    AVAILABILITY = MySourceAvailability()

Without one, ``http.availability.ApiAvailability`` applies: it checks the credentials that each
product requires of the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gapfill.domain.candidate import Obstacle, Unusable
from gapfill.domain.interval import Interval
from gapfill.domain.product import Product, Source
from gapfill.extras import Connection


@dataclass(frozen=True, slots=True)
class SourceSetup:
    """How a source is set up here.

    Attributes:
        source: Its facts.
        stations: Ids of its stations in the catalogue.
        connection: Looks up its Airflow connection; returns ``None`` if there is none.
    """

    source: Source
    stations: Sequence[str]
    connection: Callable[[], Connection | None]


class SourceAvailability:
    """Base: the source is always set up and may have any slot."""

    def obstacle(self, _product: Product, _setup: SourceSetup) -> Obstacle | None:
        """Return why the set-up does not allow a product, ``None`` if it does.

        Raises:
            ConfigError: If the set-up is wrong.
        """
        return None

    def held(self, _station_id: str) -> Sequence[Interval] | None:
        """Return the intervals that the source has of a station, ``None`` if only a call can show.

        Raises:
            GapfillError: If it cannot be read.
        """
        return None

    def unusable(self, _station_id: str) -> Sequence[Unusable]:
        """Return the source's unusable intervals of a station.

        Raises:
            GapfillError: If it cannot be read.
        """
        return ()
