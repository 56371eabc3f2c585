"""Builds the domain's frozen types from a catalogue's entries, and checks one against another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gapfill.catalog.schema import (
    CatalogEntry,
    PlaceEntry,
    ProductEntry,
    RuleEntry,
    SeriesEntry,
    SourceEntry,
)
from gapfill.domain.grid import Era, Grid
from gapfill.domain.interval import BEGINNING, END_OF_TIME, Interval
from gapfill.domain.local_time import AfterEnd, AtClock, Rule, day_start
from gapfill.domain.product import Product, Source
from gapfill.domain.series import Field, Grade, Place, Series, Station, Zone
from gapfill.domain.severity import Thresholds
from gapfill.domain.tariff import SYSTEMS, is_pvpc
from gapfill.errors import ConfigError
from gapfill.sources import registry


class Builder:
    """Builds the domain's types and checks references between entries."""

    def __init__(self, path: Path, entry: CatalogEntry) -> None:
        self.path = path
        self.entry = entry
        self._sources = tuple(dict.fromkeys((*entry.sources, *registry.names())))

    def build(self) -> tuple[dict[str, Series], dict[str, Source]]:
        """Return series and sources by name, in the order of the file.

        Raises:
            ConfigError: If an entry names an unknown entry, or contradicts another one.
        """
        places = {name: self._place(name, e) for name, e in self.entry.places.items()}
        sources = {name: self._source(name, e) for name, e in self.entry.sources.items()}
        series = {name: self._series(name, e, places) for name, e in self.entry.series.items()}
        self._check_tags(series)
        return series, sources

    def _wrong(self, key: str, problem: str) -> ConfigError:
        return ConfigError(f"The catalogue {self.path} is wrong at {key}: {problem}.")

    def _known(self, key: str, name: str, names: Iterable[str], kind: str) -> str:
        if name not in names:
            raise self._wrong(key, f"there is no {kind} {name!r}; known: {', '.join(names)}")
        return name

    def _place(self, name: str, entry: PlaceEntry) -> Place:
        stations = []
        for n, station in enumerate(entry.stations):
            key = f"places.{name}.stations.{n}"
            self._known(f"{key}.source", station.source, self._sources, "source")
            start = day_start(station.from_, "UTC")
            end = day_start(station.to, "UTC") if station.to else END_OF_TIME
            if start >= end:
                raise self._wrong(f"{key}.to", "a station must end after it starts")
            reach = Interval(start, end)
            stations.append(Station(station.source, station.id, reach, station.distance_km))
        return Place(name, entry.latitude, entry.longitude, entry.zone, tuple(stations))

    def _source(self, name: str, entry: SourceEntry) -> Source:
        products = tuple(_product(name, n, e) for n, e in entry.products.items())
        return Source(
            name=name,
            title=entry.title,
            connection=entry.connection,
            host=entry.host,
            per_minute=entry.per_minute,
            per_day=entry.per_day,
            opening_calls=entry.opening_calls,
            products=products,
        )

    def _series(self, name: str, entry: SeriesEntry, places: Mapping[str, Place]) -> Series:
        key = f"series.{name}"
        place = places[self._known(f"{key}.place", entry.place, places, "place")]
        route = self._route(key, entry.route)
        is_tariff = self._is_tariff(entry, route)
        if is_tariff:
            self._check_clock(key, entry, place)
        day_zone = place.zone if is_tariff else None
        ordered = sorted(entry.fields.items(), key=lambda item: not item[1].required)
        return Series(
            name=name,
            group=entry.group,
            quantity=entry.quantity,
            measurement=entry.measurement,
            tags=dict(sorted(entry.tags.items())),
            place=place,
            grid=self._grid(key, entry, place.zone),
            fields=tuple(Field(n, f.unit, f.min, f.max, f.required, f.wanted) for n, f in ordered),
            target=Grade[entry.target.upper()],
            default_grade=Grade[entry.default_grade.upper()],
            earliest=day_start(entry.earliest, "UTC" if entry.resolution.days else place.zone),
            route=route,
            due=_rule(entry.due, day_zone) if entry.due else None,
            overdue=_rule(entry.overdue, day_zone) if entry.overdue else None,
            thresholds=Thresholds(entry.severity.minor, entry.severity.moderate)
            if entry.severity
            else Thresholds(),
            exclude=entry.exclude,
            params=entry.params,
        )

    def _is_tariff(self, entry: SeriesEntry, route: Sequence[Zone]) -> bool:
        """Return whether a series is PVPC of an electric system, by the data of its sources."""
        offered = (self.entry.sources[name].products for zone in route for name in zone.sources)
        return entry.params.get("geo_id") in SYSTEMS and any(
            product.quantity == entry.quantity and is_pvpc(product.params)
            for products in offered
            for product in products.values()
        )

    def _check_clock(self, key: str, entry: SeriesEntry, place: Place) -> None:
        """Raise if the clock of a PVPC series' place is not that of its electric system."""
        geo = entry.params["geo_id"]
        system = SYSTEMS[geo]
        if place.zone not in system.zones:
            there = [f"{g} {s.name}" for g, s in SYSTEMS.items() if place.zone in s.zones]
            other = f", or set geo_id to that of the place ({', '.join(there)})" if there else ""
            problem = (
                f"PVPC of geo_id {geo} ({system.name}) follows the clock of {system.zones[0]}, and "
                f"{place.name} is in {place.zone}; name a place whose zone is "
                f"{system.zones[0]}{other}"
            )
            raise self._wrong(f"{key}.place", problem)

    def _route(self, key: str, name: str) -> tuple[Zone, ...]:
        self._known(f"{key}.route", name, self.entry.routes, "route")
        zones = self.entry.routes[name]
        for n, zone in enumerate(zones):
            for source in zone.sources:
                self._known(f"routes.{name}.{n}.sources", source, self._sources, "source")
        last = zones[-1]
        if last.younger_than or last.current_month:
            raise self._wrong(f"routes.{name}", "the last zone must take every slot that is left")
        return tuple(Zone(z.sources, z.younger_than, z.current_month) for z in zones)

    def _grid(self, key: str, entry: SeriesEntry, zone: str) -> Grid:
        eras = [Era(BEGINNING, entry.resolution)]
        eras += [Era(day_start(era.from_, zone), era.resolution) for era in entry.eras]
        try:
            return Grid(tuple(eras))
        except ValueError as exc:
            raise self._wrong(f"{key}.eras", str(exc)) from exc

    def _check_tags(self, series: Mapping[str, Series]) -> None:
        """Raise if two series of one measurement have no tag with different values."""
        known = list(series.values())
        for n, left in enumerate(known):
            for right in known[n + 1 :]:
                shared = left.tags.keys() & right.tags.keys()
                apart = any(left.tags[tag] != right.tags[tag] for tag in shared)
                if left.measurement == right.measurement and not apart:
                    raise self._wrong(
                        f"series.{right.name}.tags",
                        f"{right.name} and {left.name} share the measurement "
                        f"{left.measurement}; give them one tag with different values",
                    )


def _rule(entry: RuleEntry, day_zone: str | None = None) -> Rule:
    """Return a rule; its days are those of ``day_zone`` if that is given."""
    if entry.lag is not None:
        return AfterEnd(entry.lag)
    if entry.days is None or entry.at is None or entry.zone is None:
        raise ConfigError("a rule needs lag, or days, at and zone")
    is_other = day_zone not in {None, entry.zone}
    return AtClock(entry.days, entry.at, entry.zone, day_zone if is_other else None)


def _product(source: str, name: str, entry: ProductEntry) -> Product:
    zone = entry.day_zone or "UTC"
    return Product(
        source=source,
        name=name,
        quantity=entry.quantity,
        resolution=entry.resolution,
        grade=Grade[entry.grade.upper()],
        span=entry.span,
        available=_rule(entry.available),
        grace=_rule(entry.grace),
        since=day_start(entry.since, zone) if entry.since else BEGINNING,
        window=entry.window,
        last=entry.last,
        official_after=entry.official_after,
        day_zone=entry.day_zone,
        publishes_days=entry.publishes_days,
        needs_key=entry.needs_key,
        needs_login=entry.needs_login,
        by_station=entry.by_station,
        hops=entry.hops,
        records=entry.records,
        gives=entry.gives,
        data=entry.data or "",
        params=entry.params,
    )
