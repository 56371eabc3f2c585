"""Reports as documents: keys and types that outside checks rely on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gapfill.domain.grid import Era, Grid
from gapfill.domain.reading import Row
from gapfill.domain.series import Grade
from gapfill.errors import StoreError
from gapfill.reporting import documents
from gapfill.reporting.models import resolution
from gapfill.services.detection import detect
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.ports import Block
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    import pytest

    from gapfill.domain.interval import Interval
    from gapfill.services.context import RunContext
    from tests.services.conftest import Scripted

STATES = ["complete", "provisional", "missing", "pending", "unfillable", "unknown"]


def status(
    context: RunContext, start: datetime | None = None, end: datetime | None = None
) -> dict[str, Any]:
    """Return the document, by way of JSON."""
    selection = Selection((context.catalog.series["pvpc"],), start, end)
    document = documents.status(context.catalog, detect(context, selection), context.now)
    read: dict[str, Any] = json.loads(json.dumps(documents.plain(document), allow_nan=False))
    return read


def test_every_state_has_a_count(context: RunContext) -> None:
    """Six whole numbers, whatever is there."""
    (series,) = status(context)["series"]
    assert list(series["slots"]) == STATES
    assert list(series["slots"].values()) == [0, 0, 480, 24, 0, 0]
    assert (series["coverage"], series["usable"], series["newest"]) == (0.0, 0.0, None)


def test_coverage_is_null_where_nothing_is_due(context: RunContext) -> None:
    """Nothing of nothing is not 100 %."""
    tomorrow = datetime(2026, 3, 20, 23, tzinfo=UTC)
    document = status(context, tomorrow, tomorrow + timedelta(days=1))
    assert document["state"] == "ok"
    assert document["series"][0]["coverage"] is None
    assert document["series"][0]["slots"]["pending"] == 24


def test_a_failed_read_is_unknown(context: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its slots are unknown, its gap too, and the error is there."""

    def fail(_windows: object) -> dict[str, list[Interval]]:
        message = "The store is away."
        raise StoreError(message)

    monkeypatch.setattr(context.store, "missing_by_field_each", fail)
    document = status(context)
    (series,) = document["series"]
    assert (document["state"], series["error"]) == ("unknown", "The store is away.")
    assert list(series["slots"].values()) == [0, 0, 0, 0, 0, 504]
    assert (series["coverage"], series["usable"]) == (None, None)
    assert [(gap["state"], gap["slots"]) for gap in series["gaps"]] == [("unknown", 504)]


def test_a_gap_says_until_when_it_waits(context: RunContext, sources: Scripted) -> None:
    """An instant where nobody can be asked now, null where somebody can."""
    assert status(context)["series"][0]["gaps"][0]["waiting"] is None
    sources.obstacles["esios"] = "is paused"
    context.store.block(Block("ree", datetime(2026, 3, 20, 13, tzinfo=UTC), "REE said 429."))
    (gap,) = status(context)["series"][0]["gaps"]
    assert gap == {
        "start": "2026-02-28T23:00:00Z",
        "end": "2026-03-20T23:00:00Z",
        "slots": 480,
        "hours": 480.0,
        "severity": "critical",
        "state": "missing",
        "waiting": "2026-03-20T13:00:00Z",
        "next_ask": None,
        "reason": "ree pvpc is blocked until 2026-03-20T13:00:00Z: REE said 429.; "
        "esios 1001 is paused; esios archive70 is paused",
        "needs": [],
        "fields": ["price_eur_mwh"],
    }


def test_what_waits_is_in_the_plan(context: RunContext, sources: Scripted) -> None:
    """With its slots, its instant and its source; it is no unit."""
    sources.obstacles["esios"] = "is paused"
    context.store.block(Block("ree", datetime(2026, 3, 20, 13, tzinfo=UTC), "REE said 429."))
    order = RunRequest(Selection((context.catalog.series["pvpc"],)))
    document = documents.plain(
        documents.plan(make_plan(context, order, detect_all(context, order)))
    )
    assert document["units"] == []
    (waiting,) = document["waiting"]
    assert {
        key: waiting[key] for key in ("series", "start", "end", "slots", "until", "source")
    } == {
        "series": "pvpc",
        "start": "2026-02-28T23:00:00Z",
        "end": "2026-03-20T23:00:00Z",
        "slots": 480,
        "until": "2026-03-20T13:00:00Z",
        "source": "ree",
    }
    assert document["bill"] == {"calls": 0, "seconds": 0, "slots": 0, "by_source": {}}


def test_the_bill_is_by_source(context: RunContext) -> None:
    """Two requests of at most 14 days, two seconds each."""
    order = RunRequest(Selection((context.catalog.series["pvpc"],)))
    document = documents.plain(
        documents.plan(make_plan(context, order, detect_all(context, order)))
    )
    assert document["bill"]["calls"] == 2
    assert document["bill"]["seconds"] == 4.0
    assert document["bill"]["by_source"] == {
        "ree": {"calls": 2, "seconds": 4.0, "quota_left": None}
    }
    assert document["deferred"] == 0


def test_the_first_line_names_all_that_is_not_complete(context: RunContext) -> None:
    """Never shorter than the truth."""
    series = context.catalog.series["pvpc"]
    slot = datetime(2026, 3, 10, tzinfo=UTC)
    rows = [
        Row(slot, {"price_eur_mwh": 1.0}, Grade.OFFICIAL),
        Row(slot + timedelta(hours=1), {"price_eur_mwh": 1.0}, Grade.OBSERVED),
    ]
    context.store.import_rows(series, rows)
    reports = detect(context, Selection((series,)))
    assert documents.first_line(reports) == (
        "Gaps: 1 complete, 478 missing, 1 provisional, 24 pending"
    )


def test_a_resolution_is_the_newest_eras(context: RunContext) -> None:
    """As ISO 8601 writes it."""
    grid = context.catalog.series["pvpc"].grid
    era = Era(datetime(2025, 10, 1, tzinfo=UTC), timedelta(minutes=15))
    assert resolution(grid) == "PT1H"
    assert resolution(replace(grid, eras=(*grid.eras, era))) == "PT15M"
    assert resolution(Grid.of(timedelta(days=1))) == "P1D"
    assert resolution(Grid.of(timedelta(seconds=10))) == "PT10S"
