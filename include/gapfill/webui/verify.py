"""``/influxdb/verify``: a real query, whichever store it is; the path is the earlier service's."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotations
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gapfill.errors import StoreError
from gapfill.orchestration import wiring
from gapfill.webui.auth import MAY_READ
from gapfill.webui.desk import reading
from gapfill.webui.lookout import open_site

router = APIRouter(dependencies=[MAY_READ])


class NewestOut(BaseModel):
    """How far a series reaches."""

    series: str
    measurement: str
    newest: datetime | None
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


@router.get("/verify")
@reading
def verify() -> VerifyOut:
    """Whether the store can be read and written, and the newest point of each series."""
    with open_site() as site:
        newest = [(series, site.store.newest(series)) for series in site.catalog.series.values()]
        problem = None
        try:
            site.store.verify()
        except StoreError as exc:
            problem = str(exc)
        return VerifyOut(
            status="ok" if problem is None else "read_only",
            store=site.store.place.kind,
            connection=wiring.STORE,
            place=site.store.place.where,
            readable=True,
            writable=problem is None,
            problem=problem,
            now=site.now,
            series=[
                NewestOut(
                    series=series.name,
                    measurement=series.measurement,
                    newest=slot,
                    age_hours=(site.now - slot).total_seconds() / 3600 if slot else None,
                )
                for series, slot in newest
            ],
        )
