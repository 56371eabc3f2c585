"""Incidents through runs of the real DAGs, to a real receiver, with their state in Airflow."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.dags.conftest import NOW, run_dag
from tests.orchestration.receiver import receiving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dags.conftest import Plant
    from tests.orchestration.receiver import Receiver

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

SECRET = "s3cr3t-of-the-phone"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Connect a receiver, with no incident open."""
    from airflow.models.variable import Variable

    Variable.delete("gapfill_incidents")
    with receiving() as built:
        monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_ALERTS", built.connection(SECRET))
        yield built
    Variable.delete("gapfill_incidents")


def state() -> Any:  # noqa: ANN401 - whatever is JSON
    """Return what the Variable holds."""
    from airflow.models.variable import Variable

    return json.loads(Variable.get("gapfill_incidents", default_var="{}"))


def later(plant: Plant, hours: float) -> None:
    """Set the clock so many hours after noon."""
    plant.sandbox.clock.set(NOW + timedelta(hours=hours))


def break_sources(plant: Plant) -> None:
    """Let REE be down, and ESIOS refuse every key."""
    plant.sandbox.faults.add({"api": "ree", "kind": "500"})
    plant.sandbox.faults.add({"api": "esios", "kind": "401"})


def test_an_incident_is_two_messages_across_restarts_with_a_reminder_a_day(
    plant: Plant, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run reads the files and the Variable anew; both DAGs share the state."""
    key = "k3y-of-esios"
    esios = {"conn_type": "http", "host": plant.sandbox.url, "password": key}
    monkeypatch.setenv("AIRFLOW_CONN_ESIOS_DEFAULT", json.dumps(esios))
    break_sources(plant)
    assert run_dag().state == "failed"
    opened = [
        "Gapfill: a source is down: ree",
        "Gapfill: a critical gap is open: pvpc",
    ]
    assert receiver.titles == opened
    assert (
        "pvpc: First fill: 816 slots missing: 2026-02-14T23:00:00Z" in receiver.taken[1]["message"]
    )
    assert "Seen at 2026-03-20T12:00:00Z. Tried: ree: failed" in receiver.taken[1]["message"]
    assert "/dags/gap_detection/runs/" in receiver.taken[1]["message"]

    later(plant, 0.1)
    assert run_dag("preventive_ingestion").state == "failed"
    assert receiver.titles == opened

    later(plant, 0.2)
    assert run_dag().state == "failed"
    assert receiver.titles[2:] == ["Gapfill: credentials are refused: esios"]

    later(plant, 24)
    assert run_dag().state == "failed"
    assert receiver.titles[3:] == [
        "Gapfill: still: a source is down: ree",
        "Gapfill: still: a critical gap is open: pvpc",
    ]

    plant.sandbox.faults.clear()
    told = len(receiver.taken)
    later(plant, 27)
    assert run_dag().state == "success"
    assert "Gapfill: no critical gap is open any more: pvpc" in receiver.titles[told:]
    closing = receiver.titles.index("Gapfill: no critical gap is open any more: pvpc")
    assert (
        "over after 1 d 3 h (since 2026-03-20T12:00:00Z). Nothing is missing. 840 slots"
        in (receiver.taken[closing]["message"])
    )
    assert list(state()["incidents"]) == ["credentials:esios"]  # nobody has asked it since

    told = len(receiver.taken)
    assert run_dag().state == "success"
    assert len(receiver.taken) == told
    assert not any(secret in json.dumps(receiver.taken) for secret in (key, SECRET))


@pytest.mark.usefixtures("plant")
def test_a_message_that_was_not_taken_is_sent_by_the_next_run(
    receiver: Receiver, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The run is as it would be; neither log nor state holds the receiver's URL."""
    receiver.status = 500
    assert run_dag(start_date="2026-03-01", end_date="2026-03-01").state == "success"
    waiting = [message["title"] for message in state()["outbox"]]
    assert waiting == ["Gapfill: a critical gap is open: pvpc", "Gapfill: 24 slots healed"]
    said = "".join((*capfd.readouterr(), caplog.text))
    assert "did not take it; the next run tries those again" in said
    assert SECRET not in said + json.dumps(state())

    receiver.status = 200
    assert run_dag().state == "success"
    assert receiver.titles == [
        *waiting,
        "Gapfill: no critical gap is open any more: pvpc",
    ]
    assert state()["outbox"] == []


@pytest.mark.usefixtures("plant")
def test_a_service_that_is_down_costs_the_others_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each message reaches each service once, whenever that can take it."""
    with receiving() as second:
        both = [{"path": f"json://127.0.0.1:{one.port}/"} for one in (receiver, second)]
        connection = {"conn_type": "apprise", "extra": {"config": both}}
        monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_ALERTS", json.dumps(connection))
        second.status = 500
        assert run_dag(start_date="2026-03-01", end_date="2026-03-01").state == "success"
        first = ["Gapfill: a critical gap is open: pvpc", "Gapfill: 24 slots healed"]
        assert (receiver.titles, second.titles) == (first, [])
        assert run_dag().state == "success"
        told = [*first, "Gapfill: no critical gap is open any more: pvpc"]
        assert (receiver.titles, second.titles) == (told, [])
        second.status = 200
        assert run_dag().state == "success"
        assert (receiver.titles, second.titles) == (told, told)
    assert state()["outbox"] == []


def test_a_store_that_fails_is_one_incident_and_no_other(plant: Plant, receiver: Receiver) -> None:
    """Nothing is known then of gaps; when it answers again, that is told."""
    plant.store_file.write_bytes(b"this is no database" * 100)
    assert run_dag().state == "failed"
    assert run_dag().state == "failed"
    assert receiver.titles == ["Gapfill: the store cannot be reached: gapfill_store"]
    assert "is no database" not in receiver.taken[0]["message"]
    plant.store_file.unlink()
    assert run_dag().state == "success"
    assert receiver.titles[1:] == [
        "Gapfill: the store answers again: gapfill_store",
        "Gapfill: 816 slots healed",
    ]


def test_a_first_fill_that_heals_at_once_is_no_incident(plant: Plant, receiver: Receiver) -> None:
    """It says how much, once."""
    assert run_dag().state == "success"
    assert plant.rows()
    assert receiver.titles == ["Gapfill: 816 slots healed"]


def test_a_series_that_leaves_the_catalogue_is_told_once_and_not_called_healed(
    plant: Plant, receiver: Receiver
) -> None:
    """Nobody looks at it any more, so nobody can say that it is whole."""
    break_sources(plant)
    assert run_dag().state == "failed"
    told = len(receiver.taken)
    text = plant.catalog_file.read_text(encoding="utf-8")
    text = text.replace("\nseries:\n  pvpc:\n", "\nseries:\n  prices:\n")
    plant.catalog_file.write_text(text, encoding="utf-8")
    plant.sandbox.faults.clear()
    for _ in range(2):
        later(plant, 2)
        assert run_dag().state == "success"
    assert receiver.titles[told:] == [
        "Gapfill: not in the catalogue any more: pvpc",
        "Gapfill: a source answers again: ree",
        "Gapfill: 816 slots healed",
    ]
    message = receiver.taken[told]["message"]
    assert message.startswith("pvpc: a critical gap is open, open for 2 h (since 2026-03-20T12:0")
    assert "last: First fill: 816 slots missing" in message
    assert "Whether it is whole is not known" in message


def test_what_a_person_asked_for_in_vain_opens_no_incident(
    plant: Plant, receiver: Receiver
) -> None:
    """Only the person is told."""
    assert run_dag(refresh=True).state == "failed"
    assert not plant.rows()
    assert receiver.taken == []
