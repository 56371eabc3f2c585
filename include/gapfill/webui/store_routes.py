"""``/influxdb/verify``: a real query, whichever store it is; the path is the earlier service's."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gapfill.domain.interval import Interval
from gapfill.domain.invalid_values import Flaws, sentences
from gapfill.domain.series import Series
from gapfill.errors import StoreError
from gapfill.orchestration import container
from gapfill.services.context import RunContext
from gapfill.services.detection import last_expected
from gapfill.webui.auth import MAY_READ
from gapfill.webui.snapshot_cache import open_context
from gapfill.webui.worker_pool import reading

router = APIRouter(dependencies=[MAY_READ])


class NewestOut(BaseModel):
    """How far a series reaches."""

    series: str
    measurement: str
    newest: datetime | None = Field(description="the newest expected slot that has a reading")
    age_hours: float | None


class VerifyOut(BaseModel):
    """What a real query found."""

    status: Literal["ok", "read_only"] = Field(description="read_only: `problem` says why")
    store: str = Field(description="Its kind: sqlite or influxdb.")
    connection: str = Field(description="Id of the Airflow connection that names it.")
    place: str = Field(description="Its file, or its bucket and address; never a secret.")
    readable: bool
    writable: bool
    problem: str | None
    now: datetime
    series: list[NewestOut]
    warnings: list[str] = Field(description="values and points that do not count, a sentence each")


@router.get("/verify")
@reading
def verify() -> VerifyOut:
    """Whether the store can be read and written, and the newest point of each series."""
    with open_context() as context:
        newest = [_newest(context, series) for series in context.catalog.series.values()]
        problem = None
        try:
            context.store.verify()
        except StoreError as exc:
            problem = str(exc)
        return VerifyOut(
            status="ok" if problem is None else "read_only",
            store=context.store.place.kind,
            connection=container.STORE,
            place=context.store.place.where,
            readable=True,
            writable=problem is None,
            problem=problem,
            now=context.now,
            series=[one for one, _ in newest],
            warnings=[sentence for _, said in newest for sentence in said],
        )


def _newest(context: RunContext, series: Series) -> tuple[NewestOut, tuple[str, ...]]:
    """Return how far a series reaches, and what stands in it and does not count."""
    end = last_expected(context, series)
    slot = context.store.newest(series, end)
    window = Interval(series.earliest, end) if series.earliest < end else None
    flaws = context.store.flaws(series, window) if window else Flaws()
    out = NewestOut(
        series=series.name,
        measurement=series.measurement,
        newest=slot,
        age_hours=(context.now - slot).total_seconds() / 3600 if slot else None,
    )
    return out, sentences(series, flaws, context.store.ahead(series, end))
