"""What tasks pass on through the store: large reports and plans, and what is in XCom for them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.errors import StoreError
from gapfill.orchestration.large_documents import KEPT, drop_old, opened, pass_on
from gapfill.stores.sqlite.store import SqliteStore
from tests.orchestration.conftest import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill.services.context import RunContext
    from tests.orchestration.conftest import FakeInstance

pytestmark = pytest.mark.airflow

LARGE = [f"gap {n}" for n in range(5_000)]
TASKS = ("validate_request", "detect_gaps", "plan_backfill", "choose_sources")


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    """Return an empty store."""
    return SqliteStore(tmp_path / "documents.db")


def through_json(value: object) -> Any:  # noqa: ANN401 - whatever is JSON
    """Return a value as XCom returns it."""
    return json.loads(json.dumps(value))


def riddled(context: RunContext) -> None:
    """Store two of three hours of the price series."""
    series = context.catalog.series["pvpc"]
    hours = range(int((context.now - series.earliest) / timedelta(hours=1)))
    slots = [series.earliest + timedelta(hours=n) for n in hours if n % 3]
    readings = [Reading(slot, {"price_eur_mwh": 50.0}, Grade.OFFICIAL, "ree") for slot in slots]
    context.store.write(series, readings, "run/a")


def test_a_small_document_is_passed_on_as_it_is(store: SqliteStore) -> None:
    """The store has nothing of it."""
    assert pass_on({"a": [1]}, {"n": 1}, store, NOW) == {"a": [1]}
    assert opened({"a": [1]}, store, NOW) == {"a": [1]}


def test_a_large_document_is_a_reference_of_a_bounded_size(store: SqliteStore) -> None:
    """A retry after a kill before the push, and another run, get the same reference."""
    passed = through_json(pass_on(LARGE, {"gaps": 5_000}, store, NOW))
    assert set(passed) == {"document", "gaps"}
    assert len(json.dumps(passed)) < 100
    assert pass_on(LARGE, {"gaps": 5_000}, store, NOW + timedelta(hours=1)) == passed
    assert opened(passed, store, NOW) == LARGE


def test_a_large_document_that_may_not_be_stored_is_in_its_reference(store: SqliteStore) -> None:
    """A dry run writes nothing."""
    passed = through_json(pass_on(LARGE, {}, None, NOW))
    assert set(passed) == {"packed"}
    assert opened(passed, store, NOW) == LARGE


@pytest.mark.parametrize("change", ["missing", "incomplete", "changed", "expired"])
def test_a_document_that_is_not_whole_is_an_error_with_the_next_step(
    store: SqliteStore, change: str
) -> None:
    """It is never an empty report."""
    passed = pass_on(LARGE, {}, store, NOW)
    name = passed["document"]
    text = store.load_document(name, NOW) or ""
    if change == "missing":
        store.drop_documents(NOW + timedelta(seconds=1))
    elif change != "expired":
        other = text[:-4] if change == "incomplete" else f"{text[:-5]}AAAA{text[-1]}"
        store.save_document(name, other, NOW)
    late = NOW + KEPT + timedelta(seconds=1) if change == "expired" else NOW
    with pytest.raises(StoreError, match="Clear detect_gaps of this run"):
        opened(passed, store, late)


def test_documents_of_old_runs_are_removed(store: SqliteStore) -> None:
    """Those of runs that can be cleared are kept."""
    old = pass_on(LARGE, {}, store, NOW - KEPT - timedelta(seconds=1))
    new = pass_on(LARGE[1:], {}, store, NOW - KEPT)
    drop_old(store, NOW)
    assert store.load_document(old["document"], NOW - 2 * KEPT) is None
    assert opened(new, store, NOW) == LARGE[1:]


@pytest.mark.parametrize("is_dry", [False, True])
def test_a_run_with_many_gaps_passes_on_little(
    here: RunContext, ti: FakeInstance, monkeypatch: pytest.MonkeyPatch, *, is_dry: bool
) -> None:
    """Each unit is the one that was planned, and the summary is that of whole documents in XCom."""
    from gapfill.domain.plan import Plan
    from gapfill.orchestration import large_documents, summarize, tasks
    from gapfill.reporting.codec import from_json
    from tests.orchestration.test_summarize import task_context

    riddled(here)

    def carry_out() -> tuple[Any, Any, Any]:
        request = through_json(tasks.validate_request({"dry_run": is_dry}, ti))
        reports = through_json(tasks.detect_gaps(request, ti))
        plan = through_json(tasks.plan_backfill(request, reports, ti))
        for name, result in zip(TASKS, (request, reports, plan), strict=False):
            ti.left[name, "return_value"] = result
        ti.states = dict.fromkeys(TASKS, "success")
        return request, reports, plan

    with monkeypatch.context() as patch:
        patch.setattr(large_documents, "LARGEST", 10_000_000)
        request, whole_reports, whole_plan = carry_out()
        whole = summarize.summarize_run([], TASKS, task_context(ti)) if is_dry else None
    _, reports, plan = carry_out()
    assert reports["gaps"] == len(whole_reports[0]["coverage"]["gaps"]) > 100
    assert opened(reports, here.store, here.now) == whole_reports
    made = opened(plan, here.store, here.now)
    assert from_json(Plan, made) == from_json(Plan, whole_plan)
    key = "packed" if is_dry else "document"
    assert key in reports
    assert key in plan
    chosen = tasks.choose_sources(request, plan, ("ree", "esios"), "units_", ti)
    assert chosen == ([] if is_dry else ["units_ree"])
    units = through_json(tasks.pick_units(plan, "ree"))
    assert [unit["label"] for unit in units] == [unit["label"] for unit in whole_plan["units"]]
    if is_dry:
        told = summarize.summarize_run([], TASKS, task_context(ti))
        assert told | {"duration_seconds": 0} == (whole or {}) | {"duration_seconds": 0}
        return
    sent = sum(len(json.dumps(one)) for one in (reports, plan, units))
    assert sent * 20 < sum(len(json.dumps(one)) for one in (whole_reports, whole_plan))
    done = [through_json(tasks.backfill(unit, "gap_detection/manual__1", ti)) for unit in units]
    assert [one["unit"] for one in done] == [unit["label"] for unit in units]
    told = summarize.summarize_run([done], TASKS, task_context(ti))
    assert (told["status"], told["failures"]) == ("completed", [])


def test_a_run_whose_reports_are_gone_makes_no_plan_and_no_summary(
    here: RunContext, ti: FakeInstance
) -> None:
    """It is never an all-clear: each task fails with the next step."""
    from gapfill.orchestration import summarize, tasks
    from tests.orchestration.test_summarize import task_context

    riddled(here)
    request = through_json(tasks.validate_request({}, ti))
    reports = through_json(tasks.detect_gaps(request, ti))
    plan = through_json(tasks.plan_backfill(request, reports, ti))
    (unit,) = tasks.pick_units(plan, "ree")
    here.store.drop_documents(here.now + timedelta(days=1))
    with pytest.raises(StoreError, match="Clear detect_gaps"):
        tasks.plan_backfill(request, reports, ti)
    assert "Clear detect_gaps" in ti.pushed["problem"]
    with pytest.raises(StoreError, match="Clear detect_gaps"):
        tasks.backfill(unit, "gap_detection/manual__1", ti)
    for name, result in zip(TASKS, (request, reports, plan), strict=False):
        ti.left[name, "return_value"] = result
    ti.states = dict.fromkeys(TASKS, "success")
    with pytest.raises(StoreError, match="Clear detect_gaps"):
        summarize.summarize_run([], TASKS, task_context(ti))
