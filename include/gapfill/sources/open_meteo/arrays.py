"""Read Open-Meteo's parallel arrays: one per variable, and one with the labels of the hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from gapfill.sources.json_reader import Node, moment_of
from gapfill.sources.model import Ask, Rejected, excerpt, is_blank, malformed
from gapfill.sources.rows import Rows, bad, read_rows

Record = Mapping[str, object]

_HOUR = timedelta(hours=1)


class ModelVariable(NamedTuple):
    """One array of an answer.

    Attributes:
        name: The API's name.
        unit: The unit in the request.
        field: The series' name.
    """

    name: str
    unit: str
    field: str


VARIABLES = (
    ModelVariable("temperature_2m", "°C", "temperature"),
    ModelVariable("relative_humidity_2m", "%", "humidity"),
    ModelVariable("surface_pressure", "hPa", "pressure"),
    ModelVariable("wind_speed_10m", "m/s", "wind_speed"),
    ModelVariable("wind_direction_10m", "°", "wind_direction"),
    ModelVariable("wind_gusts_10m", "m/s", "wind_gust"),
    ModelVariable("precipitation", "mm", "precipitation"),
    ModelVariable("shortwave_radiation", "W/m²", "solar_radiation"),
)


def rows_of(ask: Ask, hourly: Node, units: Node) -> Rows:
    """Return a row per label, at the start of the hour that the label ends.

    An array that is missing, has another length than the times or has no unit affects only
    its own field.

    Raises:
        MalformedPayload: If no array fits the times, one is in another unit than requested,
            or no label can be read.
    """
    labels = hourly["time"].items()
    columns: dict[str, Sequence[object]] = {}
    dropped: list[Rejected] = []
    for variable in VARIABLES:
        values = hourly.within(variable.name)
        fault = _fault(ask, variable, values, len(labels), units)
        if fault:
            dropped.append(Rejected(None, variable.field, f"hourly.{variable.name}", fault))
        elif isinstance(values, list):
            columns[variable.field] = values
    if not columns:
        first = dropped[0]
        raise malformed(ask, f"no array fits its times: {first.value} {first.reason}")

    records = [
        Node(
            ask, {"time": label.value} | {f: column[n] for f, column in columns.items()}, label.path
        )
        for n, label in enumerate(labels)
    ]
    found = read_rows(ask, records, values=_values, time=_slot)
    return Rows(found.rows, [*dropped, *found.dropped])


def _values(record: Record) -> dict[str, object]:
    return {name: value for name, value in record.items() if name != "time"}


def _fault(ask: Ask, variable: ModelVariable, values: object, times: int, units: Node) -> str:
    """Return why an array is not usable, empty if it is.

    Raises:
        MalformedPayload: If it is in another unit than requested.
    """
    if not isinstance(values, list):
        return "is missing" if values is None else "is not a list"
    if len(values) != times:
        return f"has {len(values)} values for {times} times"
    if all(is_blank(value) for value in values):
        return ""
    given = units.within(variable.name)
    if isinstance(given, str) and given != variable.unit:
        problem = f"hourly_units.{variable.name} is {excerpt(given)!r}, not {variable.unit!r}"
        raise malformed(ask, problem)
    return "" if isinstance(given, str) else "has no unit"


def _slot(record: Record) -> datetime:
    """Return the start of the hour that ends at a label, a UTC time without offset."""
    end = moment_of(record.get("time"))
    if end is None or end.tzinfo is not None:
        raise bad(record, "time", "a time without offset")
    return end.replace(tzinfo=UTC) - _HOUR
