"""Every step of a cycle costs in proportion to the gaps: 2,000 against 24,000 of them.

CPU time of this thread, the minimum of several runs, with the garbage collector off: another
process on the machine does not change the ratio.
"""

from __future__ import annotations

import gc
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.conftest import NoSources, Ratio
from gapfill.alerts import conditions
from gapfill.domain.candidate import RefusedRun, RefusedRuns
from gapfill.domain.coverage import classify
from gapfill.domain.plan import BackfillRequest, Missing, Plan
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.domain.unit_planner import plan_units
from gapfill.reporting import documents, log_lines
from gapfill.reporting.codec import from_json, to_json
from gapfill.services.certificate import Certificate, UnitOutcome
from gapfill.services.context import RunContext
from gapfill.services.detection import Report
from gapfill.services.explain import explain
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection
from gapfill.services.summary import summarize
from gapfill.stores.sqlite.store import SqliteStore
from gapfill.webui import response_models, responses
from gapfill.webui.request_models import SeriesQuery
from gapfill.webui.snapshot_cache import StoreSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    from gapfill.catalog import Catalog
    from gapfill.domain.plan import Unit

FEW, MANY, MOST = 2_000, 24_000, 13.0
RUNS = {FEW: 9, MANY: 4}
"""How often each size is measured: the quicker one more often."""

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class World(NamedTuple):
    """Every second hour is missing or provisional."""

    context: RunContext
    order: RunRequest
    before: list[Report]
    plan: Plan


def _certificate(unit: Unit) -> Certificate:
    return Certificate(
        batch=unit.batch("run"),
        unit=unit.label,
        series=unit.series,
        source=unit.source,
        calls=1,
        slots_asked=unit.slots,
        slots_filled=0,
        slots_enriched=0,
        grade="official",
        outcome=UnitOutcome.NO_DATA,
        seconds=1.0,
    )


def _world(folder: Path, known: Catalog, gaps: int) -> World:
    start = NOW - 2 * gaps * HOUR
    pvpc = replace(known.series["pvpc"], earliest=start)
    store = SqliteStore(folder / f"{gaps}.db")
    readings = [
        Reading(start + 2 * n * HOUR, {"price_eur_mwh": n % 300 / 2}, Grade.PROVISIONAL, "ree")
        for n in range(gaps)
    ]
    for first in range(0, gaps, 500):
        store.write(pvpc, readings[first : first + 500], "seed")
    context = RunContext(replace(known, series={"pvpc": pvpc}), store, NoSources(), NOW)
    order = RunRequest(Selection((pvpc,)))
    before = detect_all(context, order)
    assert len(before[0].coverage.gaps) == len(before[0].coverage.lower) == gaps
    return World(context, order, before, make_plan(context, order, before))


def _steps(world: World) -> Mapping[str, Callable[[], object]]:
    context, order, before, plan = world
    series = context.catalog.series["pvpc"]
    ree = next(c for c in context.candidates(series) if c.source.name == "ree")
    gaps = [gap.interval for gap in before[0].coverage.gaps]
    one_each = replace(ree, product=replace(ree.product, span=HOUR))
    wish = BackfillRequest(
        series, [one_each], [Missing(run, before[0].coverage.gaps[0].severity) for run in gaps]
    )
    units = plan_units([wish], NOW, max_units=MANY)
    certificates = [_certificate(unit) for unit in units.units]
    refused = replace(ree, refused=RefusedRuns([RefusedRun(run, "the store") for run in gaps]))
    reports = [to_json(report) for report in before]
    planned = to_json(plan)
    healed = {"pvpc": gaps}
    stored = [run.interval for run in before[0].coverage.lower]
    view = StoreSnapshot(NOW, context.catalog, tuple(before))
    window = before[0].coverage.window
    assert window is not None
    return {
        "detect": lambda: detect_all(context, order),
        "detect with a refused range for each gap": lambda: classify(
            series, window, {"price_eur_mwh": gaps}, (), [refused], NOW
        ),
        "reading back a slot beside each gap": lambda: context.store.read(series, *stored),
        "plan": lambda: make_plan(context, order, before),
        "plan with units left for later runs": lambda: plan_units([wish], NOW),
        "reports to XCom": lambda: [to_json(report) for report in before],
        "reports from XCom": lambda: [from_json(Report, report) for report in reports],
        "plan to XCom and back": lambda: (to_json(plan), from_json(Plan, planned)),
        "summarize": lambda: summarize(context, "run", [plan], [], before, before, 1.0),
        "incident rules": lambda: conditions.evaluate_conditions(
            context, before, before, [], healed
        ),
        "incident rules, a certificate for each request": lambda: conditions.evaluate_conditions(
            context, before, before, certificates, healed
        ),
        "what is worth a message": lambda: conditions.worth_telling(context, before, healed),
        "log lines": lambda: [*log_lines.report_lines(before), *log_lines.plan_lines(plan)],
        "`status --json`": lambda: documents.plain(documents.status(context.catalog, before, NOW)),
        "`explain`": lambda: explain(context, series, NOW - 1001 * HOUR),
        "`/gaps/summary`": lambda: responses.summary(view, plan, SeriesQuery()).model_dump_json(),
        "`/gaps/detect`": lambda: responses.detected(view, plan, None).model_dump_json(),
        "`/gaps/coverage`": lambda: responses.coverage(view, SeriesQuery()).model_dump_json(),
    }


def _cpu_s(step: Callable[[], object], runs: int) -> float:
    step()
    took: list[float] = []
    for _ in range(runs):
        gc.collect()
        gc.disable()
        try:
            began = time.thread_time()
            step()
            took.append(time.thread_time() - began)
        finally:
            gc.enable()
    return min(took)


def test_every_step_is_linear_in_the_gaps(
    tmp_path: Path,
    known: Catalog,
    monkeypatch: pytest.MonkeyPatch,
    ratio: Callable[[Ratio], None],
) -> None:
    """12 times the gaps cost at most 13 times the CPU, from detection to the page's lists."""
    there = response_models.DagOut(id="gap_detection", known=True, paused=False)
    monkeypatch.setattr(responses, "dag", lambda: there)
    few, many = (_steps(_world(tmp_path, known, gaps)) for gaps in (FEW, MANY))
    missed: list[str] = []
    for name, step in few.items():
        # A step that seems to miss is measured again: noise only ever adds time.
        pairs = ((_cpu_s(step, RUNS[FEW]), _cpu_s(many[name], RUNS[MANY])) for _ in range(3))
        short, long = next(pairs)
        while long / short > MOST and (again := next(pairs, None)):
            short, long = min(short, again[0]), min(long, again[1])
        try:
            what = f"{MANY:,} ÷ {FEW:,} gaps, CPU: {name}"
            ratio(Ratio(what, long / short, MOST, at_least=False))
        except AssertionError as exc:
            missed.append(str(exc))
    assert not missed, missed
