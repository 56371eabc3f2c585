"""Reads ``catalog.yaml``, checks it, and builds the domain's frozen types.

A wrong catalogue raises a ``ConfigError`` with the file, the key and the expected value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from gapfill.catalog.builder import Builder
from gapfill.catalog.schema import LONGEST_NAME, CatalogEntry
from gapfill.domain.tariff import localize
from gapfill.errors import ConfigError, RequestError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from gapfill.domain.product import Product, Source
    from gapfill.domain.series import Series, Station

    _SafeLoader = yaml.SafeLoader
else:
    # The loader in C takes an eighth of the time; not every build of PyYAML has it.
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

SHIPPED = Path(__file__).parents[1] / "catalog.yaml"


@dataclass(frozen=True, slots=True)
class Catalog:
    """All series and sources, by name, in the order of the file."""

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
                message = f"There is no series {name!r} in the catalogue; it has {known}."
                raise RequestError(message)
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
    """Read a catalogue file.

    Raises:
        ConfigError: If it cannot be read or is wrong; names the key and the expected value.
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
    return Catalog(*Builder(path, entry).build())


def _say(error: Any) -> str:  # noqa: ANN401 - pydantic's error details
    key = ".".join(_brief(part) for part in error["loc"] if part != "[key]") or "its top level"
    if error["type"] == "string_too_long":
        length = len(error["input"])
        most = error["ctx"]["max_length"]
        return f"{key}: a name of {length:,} characters; at most {most} are allowed: shorten it"
    if error["type"] == "extra_forbidden":
        return f"{key}: unknown key"
    if error["type"] in _EXPECTED:
        return f"{key}: expected {_EXPECTED[error['type']]} (got {str(error['input'])[:60]!r})"
    given = "" if error["type"] == "missing" else f" (got {str(error['input'])[:60]!r})"
    return f"{key}: {error['msg'].removeprefix('Value error, ')}{given}"


def _brief(part: object) -> str:
    text = str(part)
    return text if len(text) <= LONGEST_NAME else f"{text[:40]}…"


_DATE, _DURATION = "a date such as 2021-06-01", "an ISO 8601 duration such as PT1H or P14D"
_EXPECTED = {
    "date_from_datetime_inexact": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_type": _DATE,
    "time_delta_parsing": _DURATION,
    "time_delta_type": _DURATION,
}
"""Plain texts for value types that pydantic describes unclearly."""


class _StrictLoader(_SafeLoader):
    """A safe loader that refuses a key that appears twice, such as two series of one name.

    Dates stay text, so that the error about a wrong date can name its key.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - as in the base class
        first: [(tag, form) for tag, form in known if tag != "tag:yaml.org,2002:timestamp"]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - the base class's signature
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=deep)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} appears twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)
