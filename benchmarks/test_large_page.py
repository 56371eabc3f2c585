"""The page with 2,000 series: what its routes cost the API server (``make bench-large``).

A process of its own answers from a store with two gaps in each of the series; it does what the
routes do, without Airflow and its login around it.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from unittest import mock

from benchmarks.conftest import NoSources, Ratio
from benchmarks.large_worker import FIRST, known, seed
from gapfill.services.context import RunContext
from gapfill.stores.sqlite.store import SqliteStore
from gapfill.webui import responses, snapshot_cache
from gapfill.webui.conditional_responses import Rendered, render
from gapfill.webui.request_models import SeriesQuery
from gapfill.webui.response_models import DagOut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

SERIES, DAYS, HOLE = 2000, 90, 5
NOW = FIRST + timedelta(days=DAYS)
PAGE = SeriesQuery(limit=50)
"""What the page asks for."""


def look(file: Path) -> tuple[dict[str, float], int]:
    """Answer each route once, in this process.

    Args:
        file: The store.

    Returns:
        The seconds of each route with a read that is shared, and the peak of memory in MiB.
    """
    world = known(SERIES)

    @contextmanager
    def open_context(now: datetime | None = None) -> Iterator[RunContext]:
        with closing(SqliteStore(file)) as store:
            yield RunContext(world, store, NoSources(), now or NOW)

    dag = DagOut(id="gap_detection", known=True, paused=False)
    seconds = dict[str, float]()
    with (
        mock.patch.object(snapshot_cache, "open_context", open_context),
        mock.patch.object(responses, "dag", return_value=dag),
    ):
        cache = snapshot_cache.SnapshotCache()
        view = cache.view()
        plan, closely = cache.plan(view), cache.closely(view)
        routes: dict[str, Callable[[], Rendered]] = {
            "`/gaps/coverage`, the page's 50 series": lambda: render(
                responses.coverage(closely, PAGE)
            ),
            "`/gaps/coverage`, a search": lambda: render(
                responses.coverage(closely, SeriesQuery(search="sensor01999"))
            ),
            "`/gaps/coverage`, all series": lambda: render(
                responses.coverage(closely, SeriesQuery())
            ),
            "`/gaps/summary`, all series": lambda: render(
                responses.summary(closely, plan, SeriesQuery())
            ),
        }
        for name, answer in routes.items():
            began = time.perf_counter()
            answer()
            seconds[name] = time.perf_counter() - began
    missing = sum(gap.slots for report in view.reports for gap in report.coverage.gaps)
    assert missing == SERIES * (HOLE + 23)  # the hole, and the rest of the local day, which is due
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def test_the_routes_of_the_page_answer_within_a_second(
    tmp_path_factory: pytest.TempPathFactory, ratio: Callable[[Ratio], None]
) -> None:
    """With a read of the store that is shared, as the routes share one for some seconds."""
    file = tmp_path_factory.mktemp("page") / "store.db"
    seed(file, known(SERIES), 24 * DAYS, HOLE)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        seconds, peak = pool.apply(look, [file])
    for name, took in seconds.items():
        ratio(Ratio(f"2,000 series: {name}, time ÷ a second", took, 1, at_least=False))
    ratio(Ratio("2,000 series: the page, peak of memory ÷ 400 MiB", peak / 400, 1, at_least=False))
