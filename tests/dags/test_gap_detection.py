"""``gap_detection`` in this process, against a real store and a served sandbox."""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import StoreError
from gapfill_sandbox import world
from tests.builders import with_other_prices
from tests.dags.conftest import NOW, run_dag

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dags.conftest import Plant

pytestmark = pytest.mark.airflow

FIRST = datetime(2026, 2, 14, 23, tzinfo=UTC)
DUE_END = datetime(2026, 3, 20, 23, tzinfo=UTC)


def truth() -> dict[datetime, float]:
    """Return every price that is due at noon of 2026-03-20."""
    hours = int((DUE_END - FIRST) / timedelta(hours=1))
    slots = [FIRST + timedelta(hours=n) for n in range(hours)]
    return {slot: world.price(8741, slot) for slot in slots}


def test_an_empty_store_is_healed_with_the_right_values(plant: Plant) -> None:
    """34 days take three calls, and every due hour equals what REE published."""
    run = run_dag()
    assert run.state == "success"
    assert plant.prices() == truth()
    assert run.summary["status"] == "completed"
    assert run.summary["ree_records_recovered"] == 816
    assert (run.summary["gaps_found"], run.summary["gaps_resolved"]) == (1, 1)
    assert (run.summary["calls"], run.summary["units_failed"]) == (3, 0)
    assert run.labels == ["pvpc 2026-02-14T23:00Z–2026-03-20T23:00Z"]


def test_one_source_leaf_runs_for_each_unit(plant: Plant) -> None:
    """The guard of the DAG's shape: a branch inside a mapped group would run every leaf."""
    run = run_dag()
    assert run.tasks["units_ree"] == ["success"]
    assert run.tasks["backfill_ree"] == ["success"]
    assert run.tasks["units_esios"] == ["skipped"]
    assert run.tasks["backfill_esios"] == ["skipped"]
    assert len(plant.sandbox.requests.of("ree")) == 3
    assert plant.sandbox.requests.of("esios") == []


def test_a_quiet_cycle_runs_six_task_instances_and_makes_no_call(plant: Plant) -> None:
    """What stands is neither asked nor written again."""
    run_dag()
    before, calls = plant.rows(), len(plant.sandbox.requests.all())
    run = run_dag()
    assert (run.state, run.ran, run.summary["status"]) == ("success", 6, "nothing_to_do")
    assert plant.rows() == before
    assert len(plant.sandbox.requests.all()) == calls


def test_a_dry_run_shows_the_plan_and_writes_nothing(
    plant: Plant, caplog: pytest.LogCaptureFixture
) -> None:
    """No call, no store file, and the bill in the log."""
    caplog.set_level(logging.INFO, "gapfill")
    run = run_dag(dry_run=True)
    assert (run.state, run.summary["status"], run.summary["dry_run"]) == (
        "success",
        "nothing_to_do",
        True,
    )
    assert plant.sandbox.requests.all() == []
    assert not plant.store_file.exists()
    assert "Plan: 1 unit, 816 slots, 3 calls" in caplog.text


def test_a_range_heals_the_slots_that_start_in_it(plant: Plant) -> None:
    """Local days, the last one included."""
    run = run_dag(start_date="2026-03-01", end_date="2026-03-02", data_source="ree")
    assert run.state == "success"
    assert len(plant.prices()) == 48
    assert run.summary["gaps_resolved"] == 1


@pytest.mark.parametrize(
    "params,words",
    [
        ({"start_date": "2026-03-01"}, "start_date is given without end_date"),
        ({"start_date": "2026-03-02", "end_date": "2026-03-01"}, "is before start_date"),
        ({"data_source": "series:nope"}, "There is no data_source 'series:nope'"),
        ({"refresh": True}, "refresh asks for complete slots again"),
        ({"start_date": "2030-01-01", "end_date": "2030-01-02"}, "starts in the future"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_in_a_sentence(
    plant: Plant, params: dict[str, object], words: str
) -> None:
    """The run is red, its summary says why, and nothing is asked."""
    run = run_dag(**params)
    assert run.state == "failed"
    assert words in " ".join(run.summary["failures"])
    assert plant.sandbox.requests.all() == []


def test_a_store_that_cannot_be_read_is_red_and_never_no_gaps(plant: Plant, tmp_path: Path) -> None:
    """A file that is no database: the run fails before any call, and says which file."""
    plant.store_file.write_bytes(b"this is no database" * 100)
    run = run_dag()
    assert run.state == "failed"
    assert str(tmp_path / "store.db") in " ".join(run.summary["failures"])
    assert run.summary["status"] == "failed"
    assert plant.sandbox.requests.all() == []


def test_one_series_that_cannot_be_read_does_not_keep_the_others_from_being_healed(
    plant: Plant,
) -> None:
    """They are healed, and the run is red and names the one that was not."""
    text = plant.catalog_file.read_text(encoding="utf-8")
    plant.catalog_file.write_text(with_other_prices(text), encoding="utf-8")
    with closing(sqlite3.connect(plant.store_file)) as store:
        store.execute("CREATE VIEW other_prices AS SELECT * FROM nowhere")
    run = run_dag()
    assert run.state == "failed"
    assert (run.tasks["detect_gaps"], run.tasks["gate"]) == (["success"], ["failed"])
    assert plant.prices() == truth()
    assert (run.summary["status"], run.summary["ree_records_recovered"]) == ("partial", 816)
    (failure,) = run.summary["failures"]
    assert failure.startswith("other could not be read: ")
    assert [s["kind"] for s in run.summary["sights"] if s["is_there"]] == ["store"]


def test_no_store_connection_says_how_to_set_it(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never a silent default."""
    monkeypatch.delenv("AIRFLOW_CONN_GAPFILL_STORE")
    run = run_dag()
    assert run.state == "failed"
    assert "There is no connection gapfill_store" in " ".join(run.summary["failures"])
    assert plant.sandbox.requests.all() == []


@pytest.mark.parametrize("kind", ["reset", "500", "html", "truncated", "shifted", "estado_429"])
def test_a_fault_makes_the_run_red_stores_nothing_wrong_and_heals_later(
    plant: Plant, kind: str
) -> None:
    """Whatever REE sends: the next healthy run ends with the truth."""
    plant.sandbox.faults.add({"api": "ree", "kind": kind})
    run = run_dag()
    assert run.state == "failed"
    assert run.summary["units_failed"] == 1
    assert plant.prices().items() <= truth().items()
    plant.sandbox.faults.clear()
    assert run_dag().state == "success"
    assert plant.prices() == truth()


def test_a_hiccup_is_tried_again_and_nobody_is_told(
    plant: Plant, caplog: pytest.LogCaptureFixture
) -> None:
    """One failed answer, then the truth; what stood is not asked again."""
    plant.sandbox.faults.add({"api": "ree", "kind": "500", "after": 1, "times": 1})
    run = run_dag()
    assert (run.state, run.summary["status"], run.summary["calls"]) == ("success", "completed", 4)
    assert plant.prices() == truth()
    assert "ALERT" not in caplog.text


def test_a_failure_is_told_once_in_a_sentence(
    plant: Plant, caplog: pytest.LogCaptureFixture
) -> None:
    """By the gate; the run's own callback leaves it at that."""
    plant.sandbox.faults.add({"api": "ree", "kind": "500"})
    run = run_dag()
    assert run.tasks["summarize"] == ["success"]
    assert run.tasks["gate"] == ["failed"]
    said = [r.getMessage() for r in caplog.records if r.getMessage().startswith("ALERT")]
    assert len(said) == 1
    assert "1 unit failed: pvpc 2026-02-14T23:00Z–2026-03-20T23:00Z: " in said[0]
    assert "ree_default" in said[0]


def test_a_run_that_ends_before_its_gate_is_told_by_the_run(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its own callback names the task that could not say anything itself."""
    from gapfill.orchestration import summarize

    def refuse(*_: object) -> None:
        message = "the disk is gone"
        raise StoreError(message)

    monkeypatch.setattr(summarize, "detect_all", refuse)
    run = run_dag()
    assert (run.state, run.tasks["gate"]) == ("failed", ["upstream_failed"])
    said = [r.getMessage() for r in caplog.records if r.getMessage().startswith("ALERT")]
    assert len(said) == 1
    assert "task summarize failed or was killed before the gate" in said[0]
    assert plant.prices() == truth()


def test_a_firewall_is_not_red_and_esios_stands_in(plant: Plant) -> None:
    """REE is left alone for ten minutes, then for twenty; the next run asks ESIOS."""
    plant.sandbox.faults.add({"api": "ree", "kind": "403"})
    run = run_dag()
    assert run.state == "success"
    assert (run.summary["status"], run.summary["units_deferred"]) == ("partial", 1)
    plant.sandbox.clock.set(NOW + timedelta(minutes=5))
    assert run_dag().summary["status"] == "completed"
    assert plant.prices() == truth()
    assert len(plant.sandbox.requests.of("ree")) == 1


def test_a_refusal_for_an_hour_defers_and_is_not_red(plant: Plant) -> None:
    """The source is blocked, the unit deferred, and the run says so."""
    plant.sandbox.faults.add({"api": "ree", "kind": "429", "retry_after": 3600})
    run = run_dag()
    assert run.state == "success"
    assert (run.summary["status"], run.summary["units_deferred"]) == ("partial", 1)
    plant.sandbox.faults.clear()
    plant.sandbox.clock.set(datetime(2026, 3, 20, 14, tzinfo=UTC))
    assert run_dag().summary["status"] == "completed"
    assert plant.prices() == truth()


def test_one_asset_event_is_emitted_for_each_changed_series(plant: Plant) -> None:
    """With the healed intervals in its extra; a quiet cycle emits none."""
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import select

    del plant
    with create_session() as session:
        before = len(session.scalars(select(AssetEvent)).all())
    run_dag()
    run_dag()
    with create_session() as session:
        events = session.scalars(select(AssetEvent)).all()[before:]
        extras = [event.extra for event in events]
    assert [(extra["series"], extra["intervals"]) for extra in extras] == [
        ("pvpc", [{"start": "2026-02-14T23:00:00Z", "end": "2026-03-20T23:00:00Z"}])
    ]


def test_a_paused_source_is_not_asked(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one of the route serves: ESIOS' keyless archive, a day a call."""
    paused = {"conn_type": "http", "host": plant.sandbox.url, "extra": {"paused": True}}
    monkeypatch.setenv("AIRFLOW_CONN_REE_DEFAULT", json.dumps(paused))
    run = run_dag(start_date="2026-03-01", end_date="2026-03-02")
    assert run.state == "success"
    assert plant.sandbox.requests.of("ree") == []
    assert {row.source for row in plant.rows()} == {"esios"}
    assert len(plant.prices()) == 48
