"""The end of a run: what it came to, whatever became of its tasks, and when it is red."""

from __future__ import annotations

import json
import logging
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from gapfill.domain.grid import DAY
from gapfill.domain.interval import Interval
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.errors import SourceUnavailable, StoreError
from gapfill.services.clean_up import AT_LEAST, KEEP
from gapfill.stores.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from gapfill.services.context import RunContext
    from gapfill.sources.model import Answer, Ask
    from tests.orchestration.conftest import FakeInstance
    from tests.services.conftest import Scripted

pytestmark = pytest.mark.airflow

TASKS = ("validate_request", "detect_gaps", "plan_backfill", "choose_sources")
RUN = "gap_detection/manual__1"


@dataclass
class Events:
    """Outlet events: what was added to the alias of all series."""

    added: list[tuple[str, Any]] = field(default_factory=list)

    def __getitem__(self, alias: Any) -> Any:  # noqa: ANN401 - Airflow's alias and accessor
        assert alias.name == "gapfill_series"
        return self

    def add(self, asset: Any, extra: Any) -> None:  # noqa: ANN401 - Airflow's asset
        """Note an event."""
        self.added.append((asset.name, extra))


def task_context(
    ti: FakeInstance, events: Events | None = None, *, by: str = "scheduled"
) -> dict[str, Any]:
    """Return what Airflow hands to ``summarize``."""
    from airflow.utils.types import DagRunType

    run = SimpleNamespace(
        dag_id="gap_detection",
        run_id="manual__1",
        run_type=DagRunType(by),
        start_date=datetime.now(UTC),
    )
    return {"ti": ti, "dag_run": run, "outlet_events": events or Events()}


def lose(context: RunContext, slot: datetime) -> None:
    """Delete a price from the store's file, as an accident would."""
    assert isinstance(context.store, SqliteStore)
    connection = sqlite3.connect(context.store.path)
    with connection:
        connection.execute("DELETE FROM energy_prices WHERE slot = ?", [int(slot.timestamp())])
    connection.close()


def carry_out(ti: FakeInstance, *, is_dry: bool = False) -> list[dict[str, Any]]:
    """Run everything before ``summarize`` and return the certificates."""
    from gapfill.orchestration import tasks

    request = tasks.validate_request({"dry_run": is_dry}, ti)
    reports = tasks.detect_gaps(request, ti)
    plan = tasks.plan_backfill(request, reports, ti)
    for name, result in zip(TASKS, (request, reports, plan), strict=False):
        ti.left[name, "return_value"] = json.loads(json.dumps(result))
    ti.states |= dict.fromkeys(TASKS, "success")
    if is_dry:
        return []
    return [json.loads(json.dumps(tasks.backfill(unit, RUN, ti))) for unit in plan["units"]]


@pytest.mark.usefixtures("here")
def test_a_run_that_healed_says_how_much_and_emits_one_event(ti: FakeInstance) -> None:
    """The keys of the contract, and the healed intervals in the event."""
    from gapfill.orchestration import summarize

    events = Events()
    document = summarize.summarize_run([carry_out(ti), None], TASKS, task_context(ti, events))
    summarize.gate(document, ti)
    assert document.pop("duration_seconds") >= 0
    intervals = [{"start": "2026-02-28T23:00:00Z", "end": "2026-03-20T23:00:00Z"}]
    assert document == {
        "status": "completed",
        "slots_enriched": 0,
        "gaps_need_setup": 0,
        "ree_records_recovered": 480,
        "weather_records_recovered": 0,
        "gaps_found": 1,
        "gaps_resolved": 1,
        "gaps_waiting": 0,
        "gaps_unfillable": 0,
        "units_failed": 0,
        "units_deferred": 0,
        "calls": 2,
        "healed": {"pvpc": intervals},
        "failures": [],
        "dry_run": False,
        "units_planned": 0,
        "calls_planned": 0,
        "sights": document["sights"],
        "news": {"pvpc": 480},
        "watched": document["watched"],
    }
    assert {"pvpc", "ree", "esios", "aemet"} <= set(document["watched"])
    extra = {"series": "pvpc", "run": RUN, "intervals": intervals}
    assert events.added == [("gapfill_pvpc", extra)]


@pytest.mark.parametrize("by, news", [("scheduled", {}), ("manual", {"pvpc": 1})])
def test_only_a_run_of_a_person_has_news_of_each_slot(
    here: RunContext, ti: FakeInstance, by: str, news: dict[str, int]
) -> None:
    """Nobody is woken for one hour that the schedule healed; who asked for it is told."""
    from gapfill.orchestration import summarize

    carry_out(ti)
    lose(here, datetime(2026, 3, 10, 12, tzinfo=UTC))
    document = summarize.summarize_run([carry_out(ti)], TASKS, task_context(ti, by=by))
    assert (document["ree_records_recovered"], document["news"]) == (1, news)


@pytest.mark.usefixtures("here")
def test_a_dry_run_says_what_it_would_have_done(ti: FakeInstance) -> None:
    """And counts none of its units as lost."""
    from gapfill.orchestration import summarize

    carry_out(ti, is_dry=True)
    document = summarize.summarize_run([[], []], TASKS, task_context(ti))
    assert (document["status"], document["units_failed"]) == ("nothing_to_do", 0)
    assert (document["dry_run"], document["units_planned"], document["calls_planned"]) == (
        True,
        1,
        2,
    )


@pytest.mark.parametrize(
    "left,sentence",
    [
        (
            {("detect_gaps", "problem"): "pvpc could not be read: locked"},
            "The run could not do its work: pvpc could not be read: locked.",
        ),
        (
            {},
            (
                "The run could not do its work: no plan was made; the log of the first red task "
                "says why."
            ),
        ),
    ],
)
def test_a_run_without_a_plan_is_red_with_one_sentence(
    ti: FakeInstance, left: dict[tuple[str, str], Any], sentence: str
) -> None:
    """Also where a task was killed and left none. What an earlier try left does not count."""
    from airflow.sdk.exceptions import AirflowFailException

    from gapfill.orchestration import summarize

    ti.left = left | {("plan_backfill", "return_value"): {"stale": True}}
    ti.states = {
        "validate_request": "success",
        "detect_gaps": "failed",
        "plan_backfill": "upstream_failed",
    }
    document = summarize.summarize_run([], TASKS, task_context(ti))
    assert document["status"] == "failed"
    assert document.pop("duration_seconds") >= 0
    counts = {
        name: number
        for name, number in document.items()
        if isinstance(number, int) and not isinstance(number, bool)
    }
    assert counts == {
        "ree_records_recovered": 0,
        "weather_records_recovered": 0,
        "gaps_found": 0,
        "gaps_resolved": 0,
        "gaps_waiting": 0,
        "gaps_unfillable": 0,
        "gaps_need_setup": 0,
        "units_failed": 0,
        "units_deferred": 0,
        "units_planned": 0,
        "calls_planned": 0,
        "slots_enriched": 0,
        "calls": 0,
    }
    assert (document["healed"], document["news"]) == ({}, {})
    with pytest.raises(AirflowFailException) as caught:
        summarize.gate(document, ti)
    assert str(caught.value) == sentence


@pytest.mark.usefixtures("here")
def test_a_failed_unit_is_named_with_its_reason(ti: FakeInstance, sources: Scripted) -> None:
    """By the certificate that it left."""
    from airflow.sdk.exceptions import AirflowFailException

    from gapfill.orchestration import summarize

    def down(_ask: Ask) -> Answer:
        message = "REE timed out."
        raise SourceUnavailable(message, source="ree")

    sources.answers["ree"] = [down]
    with pytest.raises(SourceUnavailable):
        carry_out(ti)
    document = summarize.summarize_run([[ti.pushed["return_value"]]], TASKS, task_context(ti))
    assert (document["status"], document["units_failed"]) == ("failed", 1)
    with pytest.raises(AirflowFailException) as caught:
        summarize.gate(document, ti)
    assert str(caught.value) == (
        "1 unit failed: pvpc 2026-02-28T23:00Z–2026-03-20T23:00Z: REE timed out."
    )
    assert ti.pushed["problem"] == str(caught.value)


@pytest.mark.usefixtures("here")
def test_a_unit_whose_task_was_killed_is_lost(ti: FakeInstance) -> None:
    """Planned and not returned; what it wrote still counts as healed."""
    from gapfill.orchestration import summarize

    carry_out(ti)
    document = summarize.summarize_run([[], None], TASKS, task_context(ti))
    assert (document["status"], document["units_failed"]) == ("partial", 1)
    assert document["ree_records_recovered"] == 480
    assert document["failures"] == [
        "pvpc 2026-02-28T23:00Z–2026-03-20T23:00Z: its task ended without a certificate"
    ]


def test_a_certificate_that_is_not_read_back_makes_the_run_red(
    here: RunContext, ti: FakeInstance
) -> None:
    """What was certified and is not there any more is a failure, not a detail."""
    from gapfill.orchestration import summarize

    certificates = carry_out(ti)
    here.store.undo(certificates[0]["batch"], [here.catalog.series["pvpc"]])
    document = summarize.summarize_run([certificates], TASKS, task_context(ti))
    assert document["units_failed"] == 1
    assert document["failures"] == [
        "pvpc 2026-02-28T23:00Z–2026-03-20T23:00Z: 480 slots were certified, but 0 are read back"
    ]


@pytest.mark.usefixtures("here")
def test_certificates_of_an_earlier_plan_of_the_run_do_not_count(ti: FakeInstance) -> None:
    """A cleared run may still hold those of units that its new plan lacks."""
    from gapfill.orchestration import summarize

    certificates = carry_out(ti)
    stale = certificates[0] | {"batch": f"{RUN}/another", "outcome": "failed"}
    document = summarize.summarize_run([[*certificates, stale]], TASKS, task_context(ti))
    assert (document["status"], document["units_failed"]) == ("completed", 0)


@pytest.mark.usefixtures("here")
def test_a_source_that_cannot_be_used_and_is_missed_makes_the_run_red(
    ti: FakeInstance, sources: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sentence is the run's failure, and one incident of the source, not of the run."""
    from airflow.sdk.exceptions import AirflowFailException

    from gapfill.domain.candidate import Obstacle
    from gapfill.orchestration import summarize

    broken = Obstacle("cannot be used: ree_default holds no JSON", is_broken=True)
    unset = Obstacle("is not configured", "esios_default")
    monkeypatch.setattr(sources, "obstacle", lambda p: broken if p.source == "ree" else unset)
    assert carry_out(ti) == []
    document = summarize.summarize_run([[]], TASKS, task_context(ti))
    sentence = "ree cannot be used: ree_default holds no JSON."
    assert (document["status"], document["failures"]) == ("failed", [sentence])
    open_now = [(s["kind"], s["subject"]) for s in document["sights"] if s["is_there"]]
    assert open_now == [("broken", "ree"), ("gap", "pvpc")]
    with pytest.raises(AirflowFailException, match="ree_default holds no JSON"):
        summarize.gate(document, ti)


@pytest.mark.usefixtures("here")
def test_a_source_that_cannot_be_used_fails_no_run_where_others_have_all_slots(
    ti: FakeInstance, sources: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log warns of it, and its incident is open."""
    from gapfill.domain.candidate import Obstacle
    from gapfill.orchestration import summarize

    broken = Obstacle("cannot be used: ree_default holds no JSON", is_broken=True)
    monkeypatch.setattr(sources, "obstacle", lambda p: broken if p.source == "ree" else None)
    document = summarize.summarize_run([carry_out(ti)], TASKS, task_context(ti))
    assert (document["status"], document["failures"]) == ("completed", [])
    assert [s["kind"] for s in document["sights"] if s["is_there"]] == ["broken"]
    summarize.gate(document, ti)


@pytest.mark.usefixtures("here")
def test_what_is_not_set_up_is_said_and_no_failure(
    ti: FakeInstance, sources: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is green: it did all that it can. Its sentence and one incident name the need."""
    from gapfill.domain.candidate import Obstacle
    from gapfill.orchestration import summarize
    from gapfill.reporting import log_lines

    monkeypatch.setattr(
        sources, "obstacle", lambda p: Obstacle("is not configured", f"{p.source}_default")
    )
    document = summarize.summarize_run([carry_out(ti)], TASKS, task_context(ti))
    summarize.gate(document, ti)
    assert (document["status"], document["gaps_need_setup"]) == ("nothing_to_do", 1)
    assert log_lines.sentence(document).endswith(
        "; 0 of 1 gap closed; 1 gap in need of a source to be set up."
    )
    (seen,) = [s for s in document["sights"] if s["is_there"] and s["opens"]]
    assert (seen["kind"], seen["subject"]) == ("setup", "sources")
    assert seen["what"] == "pvpc needs esios_default or ree_default for 480 slots."


def test_a_run_that_asked_a_source_folds_the_old_ledger(
    ti: FakeInstance,
    here: RunContext,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A dry run does not, and a clean-up that fails is a warning in the log of a green run."""
    from gapfill.orchestration import summarize

    hour = timedelta(hours=1)
    start = here.now - 60 * DAY
    here.store.append_ledger(
        [
            LedgerEntry(
                series="pvpc",
                product="ree.pvpc",
                station=None,
                interval=Interval(start + n * hour, start + (n + 1) * hour),
                outcome=Outcome.FILLED,
                asked_at=here.now - KEEP - hour,
                evidence="",
            )
            for n in range(AT_LEAST)
        ]
    )
    carry_out(ti, is_dry=True)
    summarize.summarize_run([], TASKS, task_context(ti))
    assert not any(entry.folded for entry in here.store.entries("pvpc"))
    certificates = carry_out(ti)
    caplog.set_level(logging.INFO, "gapfill")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SqliteStore, "fold_old", _refuse)
        document = summarize.summarize_run([certificates], TASKS, task_context(ti))
    summarize.gate(document, ti)
    summarize.summarize_run([certificates], TASKS, task_context(ti))
    told = caplog.text + capsys.readouterr().out  # which one: what has imported Airflow decides
    assert "old ledger lines could not be folded, the next run tries again: no space" in told
    assert f"folded {AT_LEAST} old ledger lines and 0 old calls" in told
    assert here.store.entries("pvpc")[0].interval == Interval(start, start + AT_LEAST * hour)


def _refuse(*_: object) -> None:
    message = "no space"
    raise StoreError(message)


def test_a_summary_lists_the_newest_healed_intervals_and_counts_the_others() -> None:
    """With few of them it is as it was; with many series, each listed one has its newest."""
    from gapfill.orchestration.summarize import shorten

    few = {"healed": {"a": list(range(60)), "b": list(range(40))}, "calls": 1}
    assert shorten(few) == few
    more = {"healed": {"a": list(range(61)), "b": list(range(40))}, "calls": 1}
    assert shorten(more) == {
        "healed": {"a": list(range(11, 61)), "b": list(range(40))},
        "calls": 1,
        "healed_not_listed": 11,
    }
    many = {"healed": {str(n): [n, n + 1] for n in range(150)}}
    short = shorten(many)
    assert (len(short["healed"]), short["healed"]["7"], short["healed_not_listed"]) == (
        100,
        [8],
        200,
    )
