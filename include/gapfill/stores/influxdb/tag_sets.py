"""The condition that a point counts for a series, as short as the tag sets of a store allow.

Points without a tag of a series count for it, too. A condition that says so makes the server
look through every series of the measurement, so it is left out if no such point is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from gapfill.domain.series import Series
from gapfill.errors import StoreError
from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.points import format_tags, is_own
from gapfill.stores.tag_index import TagIndex

MOST = 50_000
"""Maximum number of tag sets of a measurement that are read; the answer is about 5 MB."""

_PART = re.compile(r"((?:[^\\,]|\\.)*)(?:,|$)")
_PAIR = re.compile(r"((?:[^\\=]|\\.)*)=(.*)", re.DOTALL)
_ESCAPED = re.compile(r"\\([,= ])")
_ODD = re.compile(r"\\(?![,= ])")
"""A backslash that is not an escape: the tag sets cannot be separated for certain."""


def conditions_of(server: InfluxClient, series: Sequence[Series]) -> dict[str, str]:
    """Return the condition of each series, by its name.

    A series that is alone in its measurement, or whose tag sets are not known, has the general one.
    A short condition is right only while no point with another tag set is written. So the caller
    reads the conditions again after its reads.
    """
    conditions = {one.name: influxql.is_own(one) for one in series}
    by_measurement: dict[str, list[Series]] = {}
    for one in series:
        by_measurement.setdefault(one.measurement, []).append(one)
    for measurement, members in by_measurement.items():
        if len(members) > 1:
            index = _index(server, measurement)
            if index is not None:
                conditions |= {one.name: _condition(one, index) for one in members}
    return conditions


def _condition(series: Series, index: TagIndex) -> str:
    """Return the shortest condition that is right for the stored tag sets."""
    without = replace(series, exclude={})
    own = index.own(without)
    if any(not index.tags(text).keys() >= series.tags.keys() for text in own):
        return influxql.is_own(series)
    is_mixed = any(not is_own(series, index.tags(text)) for text in own)
    return influxql.is_own(series if is_mixed else without, is_complete=True)


def _index(server: InfluxClient, measurement: str) -> TagIndex | None:
    """Return the tag sets of a measurement; ``None`` if they are too many or cannot be read."""
    try:
        (tables,) = server.ask([f"SHOW SERIES FROM {influxql.name(measurement)} LIMIT {MOST}"])
    except StoreError:
        return None
    keys = [str(row[0]) for table in tables for row in table.rows]
    if len(keys) == MOST or any(_ODD.search(key) for key in keys):
        return None
    return TagIndex(format_tags(dict(_tags(key))) for key in keys)


def _tags(key: str) -> Iterable[tuple[str, str]]:
    """Yield the tags of a key of line protocol: ``measurement,tag=value,…``."""
    _, *parts = [match[1] for match in _PART.finditer(key) if match[0]]
    for part in parts:
        match = _PAIR.fullmatch(part)
        if match:
            yield _plain(match[1]), _plain(match[2])


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
