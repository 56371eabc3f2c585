"""Reads ``catalog.yaml``, checks it, and builds the domain's frozen types.

The facts of a source are in its package (``sources/<name>/source.yaml``); a catalogue file that
defines the source overrides them. A wrong file is a ``ConfigError`` that names the file, the key
and the expected value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gapfill.catalog import reader
from gapfill.catalog.builder import Builder
from gapfill.catalog.packages import with_packages
from gapfill.catalog.schema import CatalogEntry
from gapfill.domain.product import Product, Source
from gapfill.domain.series import Series, Station
from gapfill.domain.tariff import localize
from gapfill.errors import RequestError

SHIPPED = Path(__file__).parents[1] / "catalog.yaml"


@dataclass(frozen=True, slots=True)
class Catalog:
    """All series, in the order of the file, and sources, by name."""

    series: Mapping[str, Series]
    sources: Mapping[str, Source]

    def find(self, names: Iterable[str]) -> list[Series]:
        """Return the series of these names, or all series if no name is given.

        Raises:
            RequestError: If a name is unknown; the message lists the known ones.
        """
        wanted = list(names) or list(self.series)
        for name in wanted:
            if name not in self.series:
                known = ", ".join(self.series)
                raise RequestError(f"There is no series {name!r} in the catalogue; it has {known}.")
        return [self.series[name] for name in dict.fromkeys(wanted)]

    def products_of(self, series: Series) -> list[tuple[Source, Product, Station | None]]:
        """Return every product of the series' route that has its quantity and resolution.

        Returns:
            Source, product as it serves this series, and station: one entry for each station of
            the source at the place. The station is ``None`` if the product needs none or the place
            has none.
        """
        names = dict.fromkeys(name for zone in series.route for name in zone.sources)
        steps = {era.step for era in series.grid.eras}
        found: list[tuple[Source, Product, Station | None]] = []
        for source in (self.sources[name] for name in names):
            for product in source.products:
                if product.quantity != series.quantity or product.resolution not in steps:
                    continue
                stations = [s for s in series.place.stations if s.source == source.name]
                places: list[Station | None] = list(stations) if product.by_station else []
                served = localize(product, series)
                found += [(source, served, station) for station in places or [None]]
        return found


def load(path: Path = SHIPPED) -> Catalog:
    """Read a catalogue file, and the facts of the sources that it names but does not define.

    Raises:
        ConfigError: If one of the files cannot be read or is wrong; names the file, the key and
            the expected value.
    """
    return _load(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=8)
def _load(path: Path, _changed: int) -> Catalog:
    document = reader.read(path, next_step="GAPFILL_CATALOG")
    entry = reader.check(path, document, CatalogEntry)
    return Catalog(*Builder(path, with_packages(entry)).build())
