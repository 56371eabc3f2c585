"""A clean-up of the ledger changes no report, no plan, no summary and no use of a quota."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gapfill.domain.evidence import EvidenceKind
from gapfill.domain.interval import Interval
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.errors import StoreError
from gapfill.reporting import documents
from gapfill.reporting.plan_models import RunOut
from gapfill.services import clean_up as module
from gapfill.services.clean_up import AT_LEAST, KEEP, clean_up
from gapfill.services.detection import detect
from gapfill.services.explain import explain
from gapfill.services.heal import heal
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.ports import Folded
from gapfill.services.selection import Selection
from gapfill.services.summary import summarize
from gapfill.stores.sqlite.store import SqliteStore
from tests.examples import examples
from tests.services.conftest import NOW
from tests.services.scenes import Scene, build, expected, scenes
from tests.services.test_heal import Nobody
from tests.stores.backends import InfluxBackend

if TYPE_CHECKING:
    from gapfill.services.context import RunContext
    from gapfill.services.ports import LedgerQuery, LedgerSnapshot, Store

DAY = timedelta(days=1)
SERIES = ("pvpc", "weather_hourly", "weather_daily")
LIMIT = 10_000

quickly = settings(
    max_examples=examples(12),
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)
on_a_server = settings(quickly, max_examples=examples(3))


def said(context: RunContext, asked: Interval) -> dict[str, object]:
    """Return what users see of a store at an instant: all documents, and the use of quotas."""
    (series,) = context.catalog.series.values()
    found: dict[str, object] = {}
    for force in (False, True):
        order = RunRequest(Selection((series,)), force=force)
        reports = detect_all(context, order)
        plan = make_plan(context, order, reports)
        summary = summarize(context, "run", [plan], [], reports, reports, 1.0)
        found |= {
            f"plan {force}": documents.plain(documents.plan(plan)),
            f"summary {force}": documents.plain(RunOut.model_validate(summary)),
            f"status {force}": documents.plain(
                documents.status(context.catalog, reports, context.now)
            ),
        }
    refresh = RunRequest(Selection((series,), asked.start, asked.end), refresh=True)
    again = make_plan(context, refresh, detect_all(context, refresh))
    found["refresh"] = documents.plain(documents.plan(again))
    middle = Selection((series,), asked.start + asked.duration / 4, asked.end - asked.duration / 4)
    found["range"] = documents.plain(
        documents.status(context.catalog, detect(context, middle), context.now)
    )
    for n in range(4):
        slot = asked.start + n * (asked.duration / 4)
        found[f"explain {n}"] = documents.plain(documents.explained(explain(context, series, slot)))
    status = context.status([series])
    found["quotas"] = status.usage, [one.quota_left for one in status.candidates(series)]
    return found


def at_times(context: RunContext, asked: Interval) -> list[dict[str, object]]:
    """Return what users see now, in a week, in a month, and in a year."""
    return [said(replace(context, now=context.now + days * DAY), asked) for days in (0, 7, 30, 365)]


@st.composite
def more_lines(draw: st.DrawFn, scene: Scene, context: RunContext) -> list[LedgerEntry]:
    """Draw lines beside those of the scene: for a field, or with values nobody believes."""
    known = context.store.entries(scene.world.series)
    if not known:
        return []
    lines = []
    for like in draw(st.lists(st.sampled_from(known), max_size=8)):
        outcome = draw(st.sampled_from(Outcome))
        kind = draw(st.sampled_from([EvidenceKind.NOT_BELIEVED, EvidenceKind.OTHER]))
        field = draw(st.sampled_from([None, "solar_radiation", "et0", "temperature"]))
        age = draw(st.sampled_from([1, 24, 26, 60, 200, 900])) * timedelta(hours=1)
        evidence = draw(st.sampled_from(["HTTP 200", "HTTP 404"]))
        times = draw(st.integers(1, 4))
        lines += [
            replace(
                like,
                outcome=outcome,
                evidence_kind=kind,
                field=field,
                asked_at=context.now - age - n * DAY,
                evidence=evidence,
            )
            for n in range(times)
        ]
    return lines


def check(data: st.DataObject, scene: Scene, context: RunContext) -> None:
    """Check that clean-ups of every strictness change nothing that users see."""
    slots = expected(scene)
    asked = Interval(slots[0], slots[-1])
    context.store.append_ledger(data.draw(more_lines(scene, context)))
    before = at_times(context, asked)
    for keep in (KEEP, 2 * DAY, DAY):
        limit = data.draw(st.sampled_from([1, 3, LIMIT]))
        while context.store.fold_old(context.now - keep, limit) != (0, 0):
            pass
        assert at_times(context, asked) == before, keep


@pytest.mark.slow
@pytest.mark.parametrize("name", SERIES)
@given(data=st.data())
@quickly
def test_a_clean_up_changes_nothing_that_users_see(name: str, data: st.DataObject) -> None:
    """Now and later: status, plans, summary, explanations and what is left of each quota."""
    scene = data.draw(scenes(name))
    with tempfile.TemporaryDirectory() as folder:
        context = build(scene, Path(folder))
        check(data, scene, context)
        context.store.close()


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize("name", SERIES)
@given(data=st.data())
@on_a_server
def test_a_clean_up_of_influxdb_changes_nothing_that_users_see(
    name: str, data: st.DataObject
) -> None:
    """The same on a server."""
    scene = data.draw(scenes(name))
    backend = InfluxBackend(Path())
    try:
        check(data, scene, build(scene, Path(), backend.open()))
    finally:
        backend.close()


class _AllSlots:
    """A store that reads the ledger of all slots, whichever are asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the store's own
        return getattr(self._store, name)

    def ledger_snapshot(self, inquiry: LedgerQuery) -> LedgerSnapshot:
        """Ask for all slots."""
        return self._store.ledger_snapshot(replace(inquiry, windows=(), is_ledger=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", SERIES)
@given(data=st.data())
@quickly
def test_the_ledger_of_other_slots_changes_no_plan(name: str, data: st.DataObject) -> None:
    """A plan from the lines about the slots in question is the plan from all lines."""
    scene = data.draw(scenes(name))
    slots = expected(scene)
    asked = Interval(slots[0], slots[-1])
    with tempfile.TemporaryDirectory() as folder:
        context = build(scene, Path(folder))
        context.store.append_ledger(data.draw(more_lines(scene, context)))
        whole = replace(context, store=_AllSlots(context.store))
        assert at_times(context, asked) == at_times(whole, asked)
        context.store.close()


def _filled(age: timedelta, number: int) -> list[LedgerEntry]:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    hour = timedelta(hours=1)
    return [
        LedgerEntry(
            "pvpc",
            "ree.pvpc",
            None,
            Interval(start + n * hour, start + (n + 1) * hour),
            Outcome.FILLED,
            NOW - age,
            "",
            "before/a",
        )
        for n in range(number)
    ]


def test_only_old_lines_of_large_ledgers_are_folded(context: RunContext) -> None:
    """A hundred of one series and source, older than eight days."""
    context.store.append_ledger(_filled(KEEP + DAY, AT_LEAST - 1))
    assert clean_up(context) == (Folded(0, 0), "")
    context.store.append_ledger(_filled(KEEP, 1))
    assert clean_up(context) == (Folded(0, 0), "")
    context.store.append_ledger(_filled(KEEP + DAY, 1))
    assert clean_up(context) == (Folded(AT_LEAST, 0), "")


def test_the_work_of_one_run_is_bounded(
    context: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run continues."""
    monkeypatch.setattr(module, "LINES", 150)
    context.store.append_ledger(_filled(2 * KEEP, 200))
    context.store.append_ledger(_filled(3 * KEEP, 100))
    assert [clean_up(context)[0].lines for _ in range(4)] == [100, 150, 0, 0]


def test_a_run_that_filled_something_folds(context: RunContext) -> None:
    """A run that asked nobody leaves the ledger alone."""
    context.store.append_ledger(_filled(2 * KEEP, AT_LEAST))
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    heal(context, order, "first", Nobody())
    assert [e.folded for e in context.store.entries("pvpc")][:1] == [(NOW - 2 * KEEP,)]
    context.store.append_ledger(_filled(2 * KEEP, AT_LEAST))
    heal(context, order, "second", Nobody())
    assert len(context.store.entries("pvpc")) > AT_LEAST


def test_a_problem_of_the_clean_up_is_no_problem_of_the_run(
    context: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger is still right, and the next run tries again."""

    def fail(*_: object) -> Folded:
        message = "the disk is full"
        raise StoreError(message)

    monkeypatch.setattr(SqliteStore, "fold_old", fail)
    assert clean_up(context) == (
        Folded(),
        "old ledger lines could not be folded, the next run tries again: the disk is full",
    )
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    assert heal(context, order, "run", Nobody()).summary.status == "completed"
