"""Incidents through runs of the real DAGs, to a real receiver, with their state in Airflow."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.alerts.receiver import receiving
from tests.catalogs import write_catalog
from tests.dags.conftest import NOW, run_dag
from tests.sources.siar_csv.files import csv_bytes, days, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.alerts.receiver import Receiver
    from tests.dags.conftest import Plant

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
    assert "did not accept the message; the next run tries those again" in said
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
    assert "Gapfill does not know whether its slots are missing" in message


def test_what_a_person_asked_for_in_vain_opens_no_incident(
    plant: Plant, receiver: Receiver
) -> None:
    """Only the person is told."""
    assert run_dag(refresh=True).state == "failed"
    assert not plant.rows()
    assert receiver.taken == []


@pytest.fixture
def days_without_a_key(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Return a plant that expects days of weather too, with no key for AEMET or SIAR."""
    first = {"pvpc": "2026-02-15", "weather_daily": "2026-03-01"}
    write_catalog(plant.catalog_file.parent, only=list(first), earliest=first, per_minute=60_000)
    for name in ("AEMET", "SIAR"):
        monkeypatch.delenv(f"AIRFLOW_CONN_{name}_DEFAULT", raising=False)
    return plant


SETUP = "Gapfill: missing slots need a source to be set up"


def test_what_is_not_set_up_is_one_incident_with_a_weekly_reminder(
    days_without_a_key: Plant, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No gap opens one of its own, no run is red for it, and a key closes it."""
    plant = days_without_a_key
    for hours in (0, 2, 26, 7 * 24 - 2):
        later(plant, hours)
        assert run_dag().state == "success"
    assert [title for title in receiver.titles if "healed" not in title] == [SETUP]
    message = receiver.taken[0]["message"]
    assert message.startswith(
        "weather_daily needs aemet_default or siar_default or GAPFILL_SIAR_CSV for 18 slots. "
    )
    later(plant, 7 * 24)
    assert run_dag("preventive_ingestion").state == "success"
    assert run_dag().state == "success"
    reminder = SETUP.replace("Gapfill: ", "Gapfill: still: ")
    assert [title for title in receiver.titles if "healed" not in title] == [SETUP, reminder]

    told = len(receiver.taken)
    siar = {"login": "12345678Z", "password": "a-key"}
    connection = {"conn_type": "http", "host": plant.sandbox.url, **siar}
    monkeypatch.setenv("AIRFLOW_CONN_SIAR_DEFAULT", json.dumps(connection))
    later(plant, 7 * 24 + 2)
    assert run_dag(data_source="series:pvpc").state == "success"
    assert len(receiver.taken) == told
    assert run_dag().state == "success"
    assert "Gapfill: no missing slot needs a source to be set up" in receiver.titles[told:]
    assert state()["incidents"] == {}


@pytest.mark.usefixtures("days_without_a_key")
def test_a_file_that_cannot_be_read_is_one_incident_and_a_red_run(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its sentence names file and line, in the run and in the message; then the file is whole."""
    folder = tmp_path / "siar"
    folder.mkdir()
    whole = csv_bytes(*rows(days(date(2026, 3, 1), 18)))
    file = folder / "J17_Linares_01_03_2026_18_03_2026.csv"
    file.write_bytes(whole[:-30])
    monkeypatch.setenv("GAPFILL_SIAR_CSV", str(folder))
    ran = run_dag()
    assert ran.state == "failed"
    (failure,) = ran.summary["failures"]
    assert failure.startswith(f"siar_csv cannot be read: {file.name}, line 19: ")
    assert run_dag().state == "failed"
    assert [title for title in receiver.titles if "healed" not in title] == [
        "Gapfill: a source cannot be used: siar_csv",
        "Gapfill: a critical gap is open: weather_daily",
    ]
    told = len(receiver.taken)
    file.write_bytes(whole)
    assert run_dag().state == "success"
    assert receiver.titles[told:] == [
        "Gapfill: a source can be used again: siar_csv",
        "Gapfill: no critical gap is open any more: weather_daily",
    ]


def test_a_firewall_is_told_when_it_has_refused_three_times(
    plant: Plant, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first refusals are told by no message, and its end by one; no key is blamed."""
    paused = {"conn_type": "http", "extra": {"paused": True}}
    monkeypatch.setenv("AIRFLOW_CONN_ESIOS_DEFAULT", json.dumps(paused))
    plant.sandbox.faults.add({"api": "ree", "kind": "firewall"})
    for hours in (0, 0.25):
        later(plant, hours)
        assert run_dag().state == "success"
    assert receiver.titles == []
    later(plant, 1)
    assert run_dag().state == "success"
    assert receiver.titles == ["Gapfill: a source may not be asked: ree"]
    (told,) = (message["message"] for message in receiver.taken)
    assert told.startswith("ree: It has refused 3 times in a row since 2026-03-20T12:00:0")
    assert "the API's firewall refused the request" in told
    plant.sandbox.faults.clear()
    later(plant, 2)
    assert run_dag().state == "success"
    assert "Gapfill: a source may be asked again: ree" in receiver.titles[1:]
    assert not any("credentials" in title for title in receiver.titles)
