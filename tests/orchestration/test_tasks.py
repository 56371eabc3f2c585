"""The tasks up to the writing: what they return, what they leave when they refuse to go on."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from gapfill.errors import ConfigError, RequestError, SourceUnavailable, StoreError
from gapfill.stores.influxdb.errors import Denied, Transient
from tests.services.conftest import empty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gapfill.domain.interval import Interval
    from gapfill.services.context import RunContext
    from gapfill.services.ports import Each, SeriesWindow
    from gapfill.sources.model import Answer, Ask
    from tests.orchestration.conftest import FakeInstance
    from tests.services.conftest import Scripted

pytestmark = pytest.mark.airflow

SOURCES = ("ree", "esios")
RUN = "gap_detection/manual__1"


def planned(ti: FakeInstance, **params: object) -> tuple[Any, Any]:
    """Return the request and the plan, each having been through JSON."""
    from gapfill.orchestration import tasks

    request = json.loads(json.dumps(tasks.validate_request(params, ti)))
    reports = json.loads(json.dumps(tasks.detect_gaps(request, ti)))
    return request, json.loads(json.dumps(tasks.plan_backfill(request, reports, ti)))


@pytest.mark.usefixtures("here")
def test_a_request_that_is_refused_leaves_its_sentence(ti: FakeInstance) -> None:
    """So that the end of the run can tell it."""
    from gapfill.orchestration import tasks

    with pytest.raises(RequestError):
        tasks.validate_request({"days_back": 0}, ti)
    assert ti.pushed == {
        "problem": "days_back is 0: expected a whole number from 1 to 3650.",
        "cause": "RequestError",
    }


@pytest.mark.parametrize("kind", [StoreError, Denied, Transient])
def test_a_store_that_cannot_be_written_is_told_before_anything_is_asked(
    here: RunContext, ti: FakeInstance, monkeypatch: pytest.MonkeyPatch, kind: type[StoreError]
) -> None:
    """But a dry run, which writes nothing, does not look. Whatever the store, the code is one."""
    from gapfill.orchestration import tasks

    def refuse(_store: object) -> None:
        message = "the file is read-only"
        raise kind(message)

    monkeypatch.setattr(type(here.store), "verify", refuse)
    with pytest.raises(StoreError, match="read-only"):
        tasks.validate_request({}, ti)
    assert ti.pushed == {"problem": "the file is read-only", "cause": "StoreError"}
    assert tasks.validate_request({"dry_run": True}, ti)["dry_run"] is True


def test_a_failed_read_leaves_its_reports_and_raises(
    here: RunContext, ti: FakeInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unread series is unknown, never without gaps."""
    from gapfill.orchestration import tasks

    def refuse(*_: object) -> None:
        message = "the disk is gone"
        raise StoreError(message)

    request = tasks.validate_request({}, ti)
    monkeypatch.setattr(type(here.store), "missing_by_field_each", refuse)
    with pytest.raises(StoreError, match="pvpc could not be read: the disk is gone"):
        tasks.detect_gaps(request, ti)
    assert ti.pushed["problem"] == "pvpc could not be read: the disk is gone"
    assert [report["error"] for report in ti.pushed["return_value"]] == ["the disk is gone"]
    assert ti.pushed["return_value"][0]["coverage"]["counts"]["unknown"] == 504


@pytest.mark.parametrize(
    "try_number,max_tries,goes_on", [(1, 1, False), (2, 1, True), (1, 0, True), (3, 3, True)]
)
def test_one_series_that_cannot_be_read_is_tried_again_and_then_left_out(
    here: RunContext,
    ti: FakeInstance,
    monkeypatch: pytest.MonkeyPatch,
    try_number: int,
    max_tries: int,
    goes_on: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """A passing fault costs one more try; a lasting one does not stop the other series."""
    from gapfill.orchestration import tasks

    both = {**here.catalog.series, "other": replace(here.catalog.series["pvpc"], name="other")}
    wider = replace(here, catalog=replace(here.catalog, series=both))
    monkeypatch.setattr("gapfill.orchestration.container.make_context", lambda: wider)
    missing = here.store.missing_by_field_each

    def refuse(_: object, windows: Sequence[SeriesWindow]) -> Each[dict[str, list[Interval]]]:
        return {**missing(windows), "other": StoreError("its table is damaged")}

    monkeypatch.setattr(type(here.store), "missing_by_field_each", refuse)
    ti.try_number, ti.max_tries = try_number, max_tries
    request = tasks.validate_request({}, ti)
    if not goes_on:
        with pytest.raises(StoreError, match="other could not be read: its table is damaged"):
            tasks.detect_gaps(request, ti)
        return
    plan = json.loads(json.dumps(tasks.plan_backfill(request, tasks.detect_gaps(request, ti), ti)))
    assert {unit["series"] for unit in plan["units"]} == {"pvpc"}
    assert plan["unread"] == [{"series": "other", "error": "its table is damaged"}]


@pytest.mark.usefixtures("here")
def test_sources_are_chosen_by_the_plan(ti: FakeInstance) -> None:
    """The pickers of those it asks; of none for a dry run."""
    from gapfill.orchestration import tasks

    request, plan = planned(ti)
    assert tasks.choose_sources(request, plan, SOURCES, "units_", ti) == ["units_ree"]
    dry = request | {"dry_run": True}
    assert tasks.choose_sources(dry, plan, SOURCES, "units_", ti) == []
    assert [unit["label"] for unit in tasks.pick_units(plan, "ree")] == [
        "pvpc 2026-02-28T23:00Z–2026-03-20T23:00Z"
    ]
    assert tasks.pick_units(plan, "esios") == []


@pytest.mark.usefixtures("here")
def test_a_plan_that_asks_a_source_without_tasks_says_so(ti: FakeInstance) -> None:
    """As a catalogue may that is newer than the DAG."""
    from gapfill.orchestration import tasks

    request, plan = planned(ti)
    with pytest.raises(ConfigError, match="The plan asks ree, but this DAG has no task for it"):
        tasks.choose_sources(request, plan, ("esios",), "units_", ti)


def test_a_unit_returns_its_certificate_and_tells_its_story(
    here: RunContext, ti: FakeInstance, caplog: pytest.LogCaptureFixture
) -> None:
    """Asked, got, written, read back."""
    from gapfill.orchestration import tasks

    caplog.set_level(logging.INFO, "gapfill")
    _, plan = planned(ti)
    certificate = tasks.backfill(plan["units"][0], RUN, ti)
    assert (certificate["outcome"], certificate["slots_filled"]) == ("filled", 480)
    assert certificate["batch"].startswith(f"{RUN}/pvpc:ree.pvpc:")
    assert "Asks ree pvpc for 480 slots of pvpc (critical) in 2 requests." in caplog.text
    assert "2 calls to ree, 480 slots asked for, 480 written and read back" in caplog.text
    assert here.store.calls_of(RUN) == 2


@pytest.mark.usefixtures("here")
def test_a_unit_that_fails_leaves_a_certificate_of_it(ti: FakeInstance, sources: Scripted) -> None:
    """With the reason; a retry replaces it."""
    from gapfill.orchestration import tasks

    def down(_ask: Ask) -> Answer:
        message = "REE timed out"
        raise SourceUnavailable(message, source="ree")

    sources.answers["ree"] = [down]
    _, plan = planned(ti)
    with pytest.raises(SourceUnavailable):
        tasks.backfill(plan["units"][0], RUN, ti)
    left = ti.pushed["return_value"]
    assert (left["outcome"], left["note"]) == ("failed", "REE timed out")


@pytest.mark.usefixtures("here")
def test_a_unit_without_an_answer_ends_well(ti: FakeInstance, sources: Scripted) -> None:
    """No data is a verdict, not a failure."""
    from gapfill.orchestration import tasks

    sources.otherwise = empty
    _, plan = planned(ti, start_date="2026-03-01", end_date="2026-03-01")
    assert tasks.backfill(plan["units"][0], RUN, ti)["outcome"] == "no_data"


def test_the_id_of_a_run_is_another_one_for_each_run() -> None:
    """And the first part of its batches, which are found by it."""
    from gapfill.orchestration import tasks

    assert tasks.run_name("gap_detection", "manual__1") == "gap_detection/manual__1"
