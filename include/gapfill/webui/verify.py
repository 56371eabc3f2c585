"""``/influxdb/verify``: a real query, whichever store it is; the path is the earlier service's."""

from __future__ import annotations

from fastapi import APIRouter

from gapfill.errors import StoreError
from gapfill.orchestration import wiring
from gapfill.webui import models
from gapfill.webui.auth import MAY_READ
from gapfill.webui.desk import reading
from gapfill.webui.lookout import open_site

router = APIRouter(dependencies=[MAY_READ])


@router.get("/verify")
@reading
def verify() -> models.VerifyOut:
    """Whether the store can be read and written, and the newest point of each series."""
    with open_site() as site:
        newest = [(series, site.store.newest(series)) for series in site.catalog.series.values()]
        problem = None
        try:
            site.store.verify()
        except StoreError as exc:
            problem = str(exc)
        return models.VerifyOut(
            status="ok" if problem is None else "read_only",
            store=site.store.place.kind,
            connection=wiring.STORE,
            place=site.store.place.where,
            readable=True,
            writable=problem is None,
            problem=problem,
            now=site.now,
            series=[
                models.NewestOut(
                    series=series.name,
                    measurement=series.measurement,
                    newest=slot,
                    age_hours=(site.now - slot).total_seconds() / 3600 if slot else None,
                )
                for series, slot in newest
            ],
        )
