"""What is known of a source without a call: whether it is set up, and what its files have.

It is found without the source's hook, whose import takes a second (Airflow). A package of a
source may have a module ``availability`` that names its own as ``AVAILABILITY``::

    AVAILABILITY = MySourceAvailability()

Without one, ``http.availability.ApiAvailability`` applies: its products need what they say of
the connection.
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
    """Base: always set up, and asked for everything."""

    def obstacle(self, _product: Product, _setup: SourceSetup) -> Obstacle | None:
        """Return why a product cannot be asked as it is set up, ``None`` if it can.

        Raises:
            ConfigError: If the set-up is wrong.
        """
        return None

    def held(self, _station_id: str) -> Sequence[Interval] | None:
        """Return what the source is known to have of a station, ``None`` if that must be asked.

        Raises:
            GapfillError: If it cannot be read.
        """
        return None

    def unusable(self, _station_id: str) -> Sequence[Unusable]:
        """Return what the source has of a station and cannot be used.

        Raises:
            GapfillError: If it cannot be read.
        """
        return ()
