"""``/influxdb/verify``: a real query, whichever store it is; the path is the earlier service's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from gapfill.domain.flaw import Flaws, sentences
from gapfill.domain.interval import Interval
from gapfill.errors import StoreError
from gapfill.orchestration import wiring
from gapfill.services.detect import last_expected
from gapfill.webui import models
from gapfill.webui.auth import MAY_READ
from gapfill.webui.desk import reading
from gapfill.webui.lookout import open_site

if TYPE_CHECKING:
    from gapfill.domain.series import Series
    from gapfill.services.site import Site

router = APIRouter(dependencies=[MAY_READ])


@router.get("/verify")
@reading
def verify() -> models.VerifyOut:
    """Whether the store can be read and written, and the newest point of each series."""
    with open_site() as site:
        newest = [_newest(site, series) for series in site.catalog.series.values()]
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
            series=[one for one, _ in newest],
            warnings=[sentence for _, said in newest for sentence in said],
        )


def _newest(site: Site, series: Series) -> tuple[models.NewestOut, tuple[str, ...]]:
    """Return how far a series reaches, and what stands in it and does not count."""
    end = last_expected(site, series)
    slot = site.store.newest(series, end)
    window = Interval(series.earliest, end) if series.earliest < end else None
    flaws = site.store.flaws(series, window) if window else Flaws()
    out = models.NewestOut(
        series=series.name,
        measurement=series.measurement,
        newest=slot,
        age_hours=(site.now - slot).total_seconds() / 3600 if slot else None,
    )
    return out, sentences(series, flaws, site.store.ahead(series, end))
