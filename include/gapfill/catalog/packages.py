"""Adds the sources to a catalogue that it names and that their packages define."""

from __future__ import annotations

from collections.abc import Iterator

from gapfill.catalog import reader
from gapfill.catalog.schema import CatalogEntry, SourceEntry
from gapfill.sources import registry


def with_packages(entry: CatalogEntry) -> CatalogEntry:
    """Return a catalogue with the packages' facts of each source that it only names.

    A definition in the file replaces the package's facts as a whole. A source that neither routes
    nor stations name is omitted, so that an unused package cannot break the catalogue.

    Raises:
        ConfigError: If the facts of a named source cannot be read or are wrong.
    """
    sources = dict(entry.sources)
    for name in _named(entry):
        if name in sources:
            continue
        path = registry.facts_file(name)
        if path is not None:
            facts = reader.read(path, next_step="the package of the source")
            sources[name] = reader.check(path, facts, SourceEntry)
    return entry.model_copy(update={"sources": sources})


def _named(entry: CatalogEntry) -> Iterator[str]:
    """Yield the sources of routes, then of stations, in the order of the file."""
    for zones in entry.routes.values():
        for zone in zones:
            yield from zone.sources
    for place in entry.places.values():
        for station in place.stations:
            yield station.source
