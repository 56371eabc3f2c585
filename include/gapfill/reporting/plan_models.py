"""JSON models of plans and of the results of runs; see ``models``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, WrapSerializer

from gapfill.reporting.models import Document, End, OverallWord, SeverityOf, Start, attribute
from gapfill.services.certificate import Certificate

Seconds = int | float
"""Seconds; no time is 0, not 0.0."""


class Span(Document):
    """A stretch of time, ``[start, end)``."""

    start: datetime
    end: datetime


class UnitOut(Document):
    """The requests of one mapped task."""

    label: str
    series: str
    source: str
    product: str
    station: str | None
    severity: SeverityOf
    slots: int
    fields: Annotated[list[str], attribute("fields_asked")]
    requests: list[Span]


class _Left(Document):
    series: str
    start: Start
    end: End
    slots: int


class WaitingOut(_Left):
    """Slots for which a source can be asked later, but none now."""

    until: datetime
    source: str
    reason: str


class UnhealableOut(_Left):
    """Slots for which no source can be asked."""

    reason: str
    needs: list[str]


class CostOut(Document):
    """The cost of one source."""

    calls: int
    seconds: Seconds
    quota_left: int | None = Field(description="of the day, before these calls; null for no quota")


class BillOut(Document):
    """The cost of a plan."""

    calls: int
    seconds: Seconds = Field(description="at the sources' rates, one source after the other")
    slots: int
    by_source: Annotated[dict[str, CostOut], attribute("bill")]


class ErrorOut(Document):
    """A series that could not be read, and so is not in a plan."""

    series: str
    error: str


Errors = Annotated[
    list[ErrorOut],
    Field(
        default_factory=list,
        exclude_if=lambda errors: not errors,
        description="series that could not be read; there only if there are any",
    ),
]


class PlanOut(Document):
    """The requests of a run, and their cost."""

    now: datetime
    units: list[UnitOut]
    waiting: list[WaitingOut]
    unhealable: list[UnhealableOut]
    deferred: int
    bill: BillOut
    errors: Errors


class RunOut(Document):
    """The result of ``summarize``."""

    status: str
    ree_records_recovered: int | None
    weather_records_recovered: int | None
    duration_seconds: float
    gaps_found: int | None
    gaps_resolved: int | None
    gaps_waiting: int | None
    gaps_unfillable: int | None
    units_failed: int
    units_deferred: int
    calls: int
    healed: Mapping[str, list[Span]] | None
    failures: Annotated[
        list[str],
        BeforeValidator(lambda failures: [getattr(one, "sentence", one) for one in failures]),
    ]
    slots_enriched: int | None
    gaps_need_setup: int | None


class BatchOut(Document):
    """The written slots of one batch, verified or not."""

    batch: str
    series: str
    slots: int


def _certificate(certificate: Certificate, dump: SerializerFunctionWrapHandler) -> Any:  # noqa: ANN401 - JSON
    document = dump(certificate)
    for name in ("slots_unproven", "refused"):  # of failures only
        if not document[name]:
            del document[name]
    return document


class HealOut(RunOut):
    """The document of ``heal --json``; an unknown value is null."""

    certificates: list[Annotated[Certificate, WrapSerializer(_certificate)]]
    state: OverallWord
    waiting: list[WaitingOut] | None
    unhealable: list[UnhealableOut] | None
    errors: Errors
    error: str | None = Field(default=None, exclude_if=lambda error: error is None)
    batches: list[BatchOut] | None = Field(
        description="what was written; null where that is not known"
    )
