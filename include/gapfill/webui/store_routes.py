"""``/influxdb/verify``: a real query to any type of store; the earlier service had this path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gapfill.domain.due import horizon
from gapfill.domain.interval import Interval
from gapfill.domain.invalid_values import Flaws, sentences
from gapfill.domain.series import Series
from gapfill.errors import StoreError
from gapfill.orchestration import container
from gapfill.services.context import RunContext
from gapfill.services.each_series import candidates_of, good
from gapfill.services.ports import SeriesInstant, SeriesWindow
from gapfill.webui.auth import MAY_READ
from gapfill.webui.snapshot_cache import open_context
from gapfill.webui.worker_pool import reading

router = APIRouter(dependencies=[MAY_READ])


class NewestOut(BaseModel):
    """The newest reading of a series."""

    series: str
    measurement: str
    newest: datetime | None = Field(description="the newest expected slot that has a reading")
    age_hours: float | None


class VerifyOut(BaseModel):
    """What a real query to the store found."""

    status: Literal["ok", "read_only"] = Field(description="read_only: `problem` says why")
    store: str = Field(description="Kind of the store: sqlite or influxdb.")
    connection: str = Field(description="Id of the Airflow connection of the store.")
    place: str = Field(description="File, or bucket and address, of the store; never a secret.")
    readable: bool
    writable: bool
    problem: str | None
    now: datetime
    series: list[NewestOut]
    warnings: list[str] = Field(
        description="stored values and points that are not readings, a sentence each"
    )


@router.get("/verify")
@reading
def verify() -> VerifyOut:
    """Whether the store can be read and written, and the newest point of each series."""
    with open_context() as context:
        newest = _newest(context, list(context.catalog.series.values()))
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


def _newest(
    context: RunContext, every: Sequence[Series]
) -> list[tuple[NewestOut, tuple[str, ...]]]:
    """Return the newest slot of each series, and sentences about values that are not readings.

    Raises:
        StoreError: If a series cannot be read.
    """
    errors: dict[str, StoreError] = {}
    candidates = good(candidates_of(context, every), errors)
    _raise_first(errors)
    ends = [SeriesInstant(one, horizon(one, candidates[one.name], context.now)) for one in every]
    windows = [
        SeriesWindow(one, Interval(one.earliest, end)) for one, end in ends if one.earliest < end
    ]
    newest = good(context.store.newest_each(ends), errors)
    flaws = good(context.store.flaws_each(windows), errors)
    ahead = good(context.store.ahead_each(ends), errors)
    _raise_first(errors)
    return [
        (
            NewestOut(
                series=one.name,
                measurement=one.measurement,
                newest=slot,
                age_hours=(context.now - slot).total_seconds() / 3600 if slot else None,
            ),
            sentences(one, flaws.get(one.name, Flaws()), ahead[one.name]),
        )
        for one in every
        for slot in [newest[one.name]]
    ]


def _raise_first(errors: Mapping[str, StoreError]) -> None:
    for exc in errors.values():
        raise exc
