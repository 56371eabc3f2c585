"""Convert the services' frozen types to plain JSON for XCom, and back.

Airflow stores XComs as JSON and refuses to read objects of other packages. Severities and grades
are stored by their label, instants as ``2025-10-26T00:00:00Z``, a series by its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, TypeAdapter

from gapfill.catalog import Catalog
from gapfill.domain.coverage import Coverage
from gapfill.domain.interval import Interval, as_utc
from gapfill.domain.invalid_values import Ahead, Flaw, Flaws
from gapfill.domain.plan import Plan, Unit
from gapfill.domain.request import Request
from gapfill.domain.series import Grade, State
from gapfill.domain.severity import Severity
from gapfill.reporting.documents import plain
from gapfill.reporting.models import Document, attribute
from gapfill.services.certificate import Certificate
from gapfill.services.coverage_warnings import UnusableSource
from gapfill.services.planning import RunRequest
from gapfill.services.selection import Selection

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
"""Names in annotations of the frozen types: their modules import these for the type checker
only, and some have another form in JSON than pydantic's own."""


_adapters: dict[object, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - a type, as pydantic takes it
    if kind not in _adapters:
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        adapter.rebuild(force=True, _types_namespace=_TYPES)
        _adapters[kind] = adapter
    return _adapters[kind]


def to_json(value: Any) -> Json:  # noqa: ANN401 - any of the services' frozen types
    """Return a Report, Plan, Unit, Certificate, Condition or the like as plain JSON.

    A unit also has its label, which becomes the name of the mapped task.
    """
    document: Json = _adapter(type(value)).dump_python(value, mode="json")
    if isinstance(value, Plan):
        document["units"] = [to_json(unit) for unit in value.units]
        if not value.unread:
            del document["unread"]
    if isinstance(value, Certificate) and not value.refused:
        del document["refused"]
    if isinstance(value, Unit):
        document["label"] = value.label
    return document


def from_json(kind: type[T], document: Json) -> T:
    """Return the object of a document of ``to_json``.

    Raises:
        ValueError: If the document is of another kind.
    """
    found: T = _adapter(kind).validate_python(document)
    return found


class _Request(Document):
    """A request with the names of its series."""

    series: Annotated[
        list[str],
        BeforeValidator(lambda series: [getattr(one, "name", one) for one in series]),
        attribute("selection", "series"),
    ]
    start: Annotated[datetime | None, attribute("selection", "start")]
    end: Annotated[datetime | None, attribute("selection", "end")]
    max_gap_hours: int | float
    force: bool
    refresh: bool
    sources: tuple[str, ...] | None


def request_to_json(request: RunRequest) -> Json:
    """Return a request as plain JSON."""
    return plain(_Request.model_validate(request))


def request_from_json(document: Json, catalog: Catalog) -> RunRequest:
    """Return the request of a document, with the series of the present catalogue.

    Raises:
        RequestError: If the catalogue no longer has one of the series.
    """
    asked = dict(_Request.model_validate(document))
    bounds = [bound and as_utc(bound) for bound in (asked.pop("start"), asked.pop("end"))]
    return RunRequest(Selection(tuple(catalog.find(asked.pop("series"))), *bounds), **asked)
