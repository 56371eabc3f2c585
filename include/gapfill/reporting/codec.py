"""What travels between tasks: the services' frozen types as plain JSON, and back.

Airflow stores XComs as JSON and refuses to read objects of other packages, so tasks
exchange documents. Severities and grades travel by their label, which the retry policy,
the UI and people can read; instants as ``2025-10-26T00:00:00Z``; a series by its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, TypeAdapter

from gapfill.domain.coverage import Coverage
from gapfill.domain.interval import Interval, as_utc, iso
from gapfill.domain.invalid_values import Ahead, Flaw, Flaws
from gapfill.domain.plan import Plan, Unit
from gapfill.domain.request import Request
from gapfill.domain.series import Grade, State
from gapfill.domain.severity import Severity
from gapfill.services.certificate import Certificate
from gapfill.services.coverage_warnings import UnusableSource
from gapfill.services.planning import RunRequest
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    from enum import IntEnum

    from gapfill.catalog import Catalog

Json = dict[str, Any]
T = TypeVar("T")


def _by_label(levels: type[IntEnum]) -> tuple[BeforeValidator, PlainSerializer]:
    return (
        BeforeValidator(lambda value: levels[value.upper()] if isinstance(value, str) else value),
        PlainSerializer(lambda level: level.name.lower(), return_type=str),
    )


_TYPES: Mapping[str, Any] = {
    "Ahead": Ahead,
    "Flaw": Flaw,
    "Flaws": Flaws,
    "UnusableSource": UnusableSource,
    "Coverage": Coverage,
    "Grade": Annotated[Grade, *_by_label(Grade)],
    "Interval": Interval,
    "Mapping": Mapping,
    "Request": Request,
    "Sequence": Sequence,
    "Severity": Annotated[Severity, *_by_label(Severity)],
    "State": State,
    "datetime": Annotated[datetime, AfterValidator(as_utc)],
}
"""How annotations of the frozen types are read: their modules import these for the type
checker only, and some have another form in JSON than pydantic's own."""


_adapters: dict[object, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - a type, as pydantic takes it
    if kind not in _adapters:
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        adapter.rebuild(force=True, _types_namespace=_TYPES)
        _adapters[kind] = adapter
    return _adapters[kind]


def to_json(value: Any) -> Json:  # noqa: ANN401 - any of the services' frozen types
    """Return a Report, Plan, Unit, Certificate, Sight or the like as plain JSON.

    A unit also carries its label, by which Airflow names the mapped task.
    """
    document: Json = _adapter(type(value)).dump_python(value, mode="json")
    if isinstance(value, Plan):
        document["units"] = [to_json(unit) for unit in value.units]
        if not value.unread:
            del document["unread"]
    if isinstance(value, Certificate) and not value.refused:
        del document["refused"]
    if isinstance(value, Unit):
        document |= {"label": value.label, "severity": value.severity.label}
    return document


def from_json(kind: type[T], document: Json) -> T:
    """Return what ``to_json`` was given.

    Raises:
        ValueError: If the document is not one of that kind.
    """
    if kind is Plan:
        document = document | {"units": [_numbered(unit) for unit in document["units"]]}
    elif kind is Unit:
        document = _numbered(document)
    found: T = _adapter(kind).validate_python(document)
    return found


def _numbered(unit: Json) -> Json:
    """Return a unit's document with its severity as the type has it."""
    return unit | {"severity": Severity[str(unit["severity"]).upper()]}


def request_to_json(order: RunRequest) -> Json:
    """Return an order as plain JSON, its series by name."""
    selection = order.selection
    return {
        "series": [series.name for series in selection.series],
        "start": iso(selection.start) if selection.start else None,
        "end": iso(selection.end) if selection.end else None,
        "max_gap_hours": order.max_gap_hours,
        "force": order.force,
        "refresh": order.refresh,
        "sources": list(order.sources) if order.sources else None,
    }


def request_from_json(document: Json, catalog: Catalog) -> RunRequest:
    """Return the order of a document, with the series as the catalogue has them now.

    Raises:
        RequestError: If the catalogue has lost one of the series.
    """
    start, end = document["start"], document["end"]
    selection = Selection(
        tuple(catalog.find(document["series"])),
        as_utc(datetime.fromisoformat(start)) if start else None,
        as_utc(datetime.fromisoformat(end)) if end else None,
    )
    return RunRequest(
        selection,
        max_gap_hours=document["max_gap_hours"],
        force=document["force"],
        refresh=document["refresh"],
        sources=tuple(document["sources"]) if document["sources"] else None,
    )
