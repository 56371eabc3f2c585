"""The catalogue: reads ``catalog.yaml``, checks it, and builds the domain's frozen types.

A wrong catalogue is a ``ConfigError`` that names the file, the key and what was expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from gapfill.catalog_schema import CatalogEntry
from gapfill.domain.civil import AfterEnd, AtClock, day_start
from gapfill.domain.interval import BEGINNING, END_OF_TIME, Interval
from gapfill.domain.product import Product, Source
from gapfill.domain.resolution import Era, Grid
from gapfill.domain.series import Field, Grade, Place, Series, Station, Zone
from gapfill.domain.severity import Thresholds
from gapfill.errors import ConfigError, RequestError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping
    from datetime import datetime

    from gapfill.catalog_schema import (
        PlaceEntry,
        ProductEntry,
        RuleEntry,
        SeriesEntry,
        SourceEntry,
    )
    from gapfill.domain.civil import Rule

SHIPPED = Path(__file__).with_name("catalog.yaml")


@dataclass(frozen=True, slots=True)
class Catalog:
    """All series and sources, by name, in the order of the file."""

    series: Mapping[str, Series]
    sources: Mapping[str, Source]

    def find(self, names: Iterable[str]) -> list[Series]:
        """Return the series of these names, all of them for none.

        Raises:
            RequestError: If a name is unknown; the message lists the known ones.
        """
        wanted = list(names) or list(self.series)
        for name in wanted:
            if name not in self.series:
                known = ", ".join(self.series)
                message = f"There is no series {name!r} in the catalogue; it has {known}."
                raise RequestError(message)
        return [self.series[name] for name in dict.fromkeys(wanted)]

    def products_of(self, series: Series) -> list[tuple[Source, Product, Station | None]]:
        """Return every product of the series' route that has its quantity and resolution."""
        names = dict.fromkeys(name for zone in series.route for name in zone.sources)
        steps = {era.step for era in series.grid.eras}
        found: list[tuple[Source, Product, Station | None]] = []
        for source in (self.sources[name] for name in names):
            for product in source.products:
                if product.quantity != series.quantity or product.resolution not in steps:
                    continue
                stations = [s for s in series.place.stations if s.source == source.name]
                places: list[Station | None] = list(stations) if product.by_station else [None]
                found += [(source, product, station) for station in places]
        return found


def load(path: Path = SHIPPED) -> Catalog:
    """Read a catalogue file.

    Raises:
        ConfigError: If it cannot be read or is wrong; names the key and what was expected.
    """
    return _load(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=8)
def _load(path: Path, _changed: int) -> Catalog:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
        entry = CatalogEntry.model_validate(document)
    except OSError as exc:
        message = f"The catalogue {path} cannot be read ({exc.strerror}); see GAPFILL_CATALOG."
        raise ConfigError(message) from exc
    except UnicodeDecodeError as exc:
        message = f"The catalogue {path} is not UTF-8 text."
        raise ConfigError(message) from exc
    except yaml.YAMLError as exc:
        problem = " ".join(str(exc).replace('in "<unicode string>", line', "at line").split())
        message = f"The catalogue {path} is not valid YAML: {problem}"
        raise ConfigError(message) from exc
    except ValidationError as exc:
        problems = "; ".join(_say(error) for error in exc.errors()[:5])
        message = f"The catalogue {path} is wrong at {problems}."
        raise ConfigError(message) from exc
    return _Builder(path, entry).build()


def _say(error: Any) -> str:  # noqa: ANN401 - pydantic's error details
    key = ".".join(str(part) for part in error["loc"]) or "its top level"
    if error["type"] == "extra_forbidden":
        return f"{key}: unknown key"
    if error["type"] in _EXPECTED:
        return f"{key}: expected {_EXPECTED[error['type']]} (got {str(error['input'])[:60]!r})"
    given = "" if error["type"] == "missing" else f" (got {str(error['input'])[:60]!r})"
    return f"{key}: {error['msg'].removeprefix('Value error, ')}{given}"


_DATE, _DURATION = "a date such as 2021-06-01", "an ISO 8601 duration such as PT1H or P14D"
_EXPECTED = {
    "date_from_datetime_inexact": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_type": _DATE,
    "time_delta_parsing": _DURATION,
    "time_delta_type": _DURATION,
}
"""What pydantic says of these kinds of values in words that help nobody."""


class _StrictLoader(yaml.SafeLoader):
    """A safe loader that refuses a key given twice, such as two series of one name.

    Dates stay texts, so that one that is wrong is told with its key.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - the base class's way
        first: [(tag, form) for tag, form in known if tag != "tag:yaml.org,2002:timestamp"]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - the base class's signature
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=deep)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


class _Builder:
    """Builds the domain's types and checks what one entry says of another."""

    def __init__(self, path: Path, entry: CatalogEntry) -> None:
        self.path = path
        self.entry = entry

    def build(self) -> Catalog:
        places = {name: self._place(name, e) for name, e in self.entry.places.items()}
        sources = {name: self._source(name, e) for name, e in self.entry.sources.items()}
        series = {name: self._series(name, e, places) for name, e in self.entry.series.items()}
        self._check_tags(series)
        return Catalog(series, sources)

    def _wrong(self, key: str, problem: str) -> ConfigError:
        return ConfigError(f"The catalogue {self.path} is wrong at {key}: {problem}.")

    def _known(self, key: str, name: str, names: Iterable[str], kind: str) -> str:
        if name not in names:
            raise self._wrong(key, f"there is no {kind} {name!r}; it has {', '.join(names)}")
        return name

    def _place(self, name: str, entry: PlaceEntry) -> Place:
        stations = []
        for n, station in enumerate(entry.stations):
            key = f"places.{name}.stations.{n}"
            self._known(f"{key}.source", station.source, self.entry.sources, "source")
            start = day_start(station.from_, "UTC")
            end = day_start(station.to, "UTC") if station.to else END_OF_TIME
            if start >= end:
                raise self._wrong(f"{key}.to", "a station must end after it starts")
            stations.append(Station(station.source, station.id, Interval(start, end)))
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
            earliest=_first_slot(entry, place.zone),
            route=route,
            due=_rule(entry.due) if entry.due else None,
            overdue=_rule(entry.overdue) if entry.overdue else None,
            thresholds=Thresholds(entry.severity.minor, entry.severity.moderate)
            if entry.severity
            else Thresholds(),
            exclude=entry.exclude,
            params=entry.params,
        )

    def _route(self, key: str, name: str) -> tuple[Zone, ...]:
        self._known(f"{key}.route", name, self.entry.routes, "route")
        zones = self.entry.routes[name]
        for n, zone in enumerate(zones):
            for source in zone.sources:
                self._known(f"routes.{name}.{n}.sources", source, self.entry.sources, "source")
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
        """Series of one measurement need a tag that tells them apart."""
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


def _first_slot(entry: SeriesEntry, zone: str) -> datetime:
    return day_start(entry.earliest, "UTC" if entry.resolution.days else zone)


def _rule(entry: RuleEntry) -> Rule:
    if entry.lag is not None:
        return AfterEnd(entry.lag)
    if entry.days is None or entry.at is None or entry.zone is None:
        message = "a rule needs lag, or days, at and zone"
        raise ConfigError(message)
    return AtClock(entry.days, entry.at, entry.zone)


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
        params=entry.params,
    )
