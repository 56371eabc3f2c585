"""The routes that start runs, on Airflow's own tables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

pytestmark = pytest.mark.airflow


def note() -> str:
    """Return the note of the only run."""
    from airflow.models.dagrun import DagRunNote
    from airflow.utils.session import create_session

    with create_session() as session:
        return str(session.query(DagRunNote).one().content)


RANGE = {"start_date": "2026-03-01", "end_date": "2026-03-02", "data_source": "ree"}


def runs() -> list[Any]:
    """Return the runs that Airflow has."""
    from airflow.models.dagrun import DagRun

    return DagRun.find(dag_id="gap_detection")


@pytest.mark.usefixtures("dag")
def test_a_range_starts_a_run_with_its_plan(client: TestClient) -> None:
    """The run has the range, the bill as its note, and the name of who asked."""
    reply = client.post("/gaps/backfill/range", json=RANGE)
    assert reply.status_code == 200
    told = reply.json()
    (run,) = runs()
    assert (told["run_id"], told["dag_id"], told["paused"]) == (run.run_id, "gap_detection", False)
    assert told["plan"]["bill"]["calls"] == 1
    assert told["plan"]["bill"]["slots"] == 48
    assert told["links"]["run"].startswith("/dags/gap_detection/runs/manual__")
    assert "+" not in told["links"]["run"]
    assert (run.conf["start_date"], run.conf["data_source"]) == ("2026-03-01", "ree")
    assert run.triggering_user_name == "otto"
    assert "| ree | 1 | 0 |" in note()


@pytest.mark.usefixtures("dag")
def test_the_message_counts_as_people_do(client: TestClient) -> None:
    """One unit, one call; and where nobody would be asked, that."""
    day = {"start_date": "2026-03-01", "end_date": "2026-03-01", "data_source": "ree"}
    told = client.post("/gaps/backfill/range", json=day).json()["message"]
    rate = "about 0 s at the sources' rates"
    assert told == f"Started gap_detection: 1 unit, 24 slots, 1 call, {rate}."
    assert note().startswith(f"1 unit, 24 slots, 1 call, {rate}.\n")


@pytest.mark.usefixtures("dag")
def test_a_run_that_would_ask_nobody_says_so(client: TestClient) -> None:
    """It is started all the same, as it also checks and reports."""
    told = client.post("/gaps/backfill/auto?max_gap_hours=9000").json()["message"]
    assert told == "Started gap_detection: 0 units, nothing to ask."
    assert note() == "0 units: nothing to ask."


@pytest.mark.usefixtures("dag")
def test_the_body_is_read_whatever_its_type_says(client: TestClient) -> None:
    """Scripts of the earlier service send none."""
    body = '{"start_date": "2026-03-01", "end_date": "2026-03-02", "data_source": "ree"}'
    headers = {"content-type": "text/plain"}
    assert client.post("/gaps/backfill/range", content=body, headers=headers).status_code == 200


@pytest.mark.usefixtures("dag")
def test_days_back_and_auto_have_the_defaults_of_the_earlier_service(client: TestClient) -> None:
    """Ten days; gaps of more than six hours."""
    assert client.post("/gaps/backfill").status_code == 200
    assert client.post("/gaps/backfill/auto").status_code == 200
    assert sorted(str(run.conf) for run in runs()) == [
        "{'days_back': 10}",
        "{'max_gap_hours': 6.0}",
    ]


@pytest.mark.usefixtures("dag")
def test_the_same_run_twice_is_refused_while_it_lasts(client: TestClient) -> None:
    """With the run's id; another one may start."""
    first = client.post("/gaps/backfill?days_back=3").json()["run_id"]
    again = client.post("/gaps/backfill?days_back=3")
    assert again.status_code == 409
    assert (again.json()["run_id"], len(runs())) == (first, 1)
    assert client.post("/gaps/backfill?days_back=4").status_code == 200


@pytest.mark.usefixtures("dag")
def test_the_same_run_asked_for_twice_at_once_starts_once(client: TestClient) -> None:
    """As an impatient double click does."""
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(client.post, ["/gaps/backfill?days_back=5"] * 4))
    assert sorted(reply.status_code for reply in replies) == [200, 409, 409, 409]
    assert len(runs()) == 1


@pytest.mark.usefixtures("dag")
def test_a_paused_dag_is_said(client: TestClient) -> None:
    """The run waits, and the summary says why."""
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.query(DagModel).update({"is_paused": True})
    told = client.post("/gaps/backfill").json()
    assert told["paused"] is True
    assert told["message"].startswith("Started gap_detection: 1 unit, 264 slots, 1 call, about ")
    assert "gap_detection is paused" in told["message"]
    assert client.get("/gaps/summary").json()["dag"]["paused"] is True


def test_a_dag_that_airflow_does_not_know_is_said(client: TestClient) -> None:
    """It is no fault of the request."""
    reply = client.post("/gaps/backfill")
    assert reply.status_code == 503
    assert "does not know the DAG" in reply.json()["detail"]


WRONG = (
    ("/gaps/backfill?days_back=0", b"", 400, "days_back is 0"),
    ("/gaps/backfill?days_back=1000000000", b"", 400, "from 1 to 3650"),
    ("/gaps/backfill?days_back=x", b"", 422, "days_back"),
    ("/gaps/backfill/auto?max_gap_hours=-1", b"", 400, "max_gap_hours is -1.0"),
    ("/gaps/backfill/auto?max_gap_hours=inf", b"", 400, "max_gap_hours is inf"),
    ("/gaps/backfill?dayz_back=3", b"", 422, "dayz_back: Extra inputs"),
    ("/gaps/backfill/auto?max_gap=3", b"", 422, "max_gap: Extra inputs"),
    ("/gaps/backfill/range?dry_run=true", b"", 422, "dry_run: Put it into the body (given 'true')"),
    ("/gaps/backfill/range", b"", 400, "The body is not JSON"),
    ("/gaps/backfill/range", b"\xff\xfe", 400, "The body is not JSON"),
    ("/gaps/backfill/range", b"[" * 60000, 400, "The body is not JSON"),
    ("/gaps/backfill/range", b"[]", 422, "body"),
    ("/gaps/backfill/range", b"{}", 422, "start_date: Field required"),
    ("/gaps/backfill/range", b'{"start_date": 3, "end_date": "2026-03-02"}', 422, "start_date"),
    ("/gaps/backfill/range", b'{"start_date": "soon", "end_date": "2026-03-02"}', 400, "'soon'"),
    (
        "/gaps/backfill/range",
        b'{"start_date": "2026-03-01", "end_date": "2026-03-02", "data_source": "gold"}',
        400,
        "There is no data_source 'gold'",
    ),
    (
        "/gaps/backfill/range",
        b'{"start_date": "0001-01-01", "end_date": "9999-12-31"}',
        400,
        "start_date: '0001-01-01' is not between the years 1900 and 2200.",
    ),
    (
        "/gaps/backfill/range",
        b'{"start_date": "20260301", "end_date": "20260302"}',
        400,
        "start_date is '20260301': expected a date such as 2025-10-26.",
    ),
    (
        "/gaps/backfill/range",
        b'{"start_date": "2026-03-01", "end_date": "2026-03-02", "until": "now"}',
        422,
        "until: Extra inputs",
    ),
    ("/gaps/backfill/range", b" " * 70000, 413, "longer than 65,536 bytes"),
)


@pytest.mark.usefixtures("dag")
@pytest.mark.parametrize("path, body, status, sentence", WRONG)
def test_what_makes_no_sense_starts_nothing(
    client: TestClient, path: str, body: bytes, status: int, sentence: str
) -> None:
    """It is refused in a sentence."""
    reply = client.post(path, content=body)
    assert (reply.status_code, runs()) == (status, [])
    assert sentence in reply.json()["detail"]


@pytest.mark.usefixtures("dag")
def test_a_body_without_end_is_not_read_whole(client: TestClient) -> None:
    """Nor does it need to tell its length."""
    sent = []

    def parts() -> Any:  # noqa: ANN401 - a generator of bytes
        for _ in range(100):
            sent.append(1)
            yield b" " * 10000

    assert client.post("/gaps/backfill/range", content=parts()).status_code == 413


@pytest.mark.usefixtures("dag")
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": "http://[::1"},
    ],
)
def test_another_sites_page_starts_nothing(client: TestClient, headers: dict[str, str]) -> None:
    """Although the browser sends the cookie with its request."""
    reply = client.post("/gaps/backfill", headers=headers)
    assert (reply.status_code, runs()) == (403, [])
    assert "another site" in reply.json()["detail"]


@pytest.mark.usefixtures("dag")
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin"},
        {"origin": "http://testserver"},
        {"authorization": "Bearer x", "origin": "https://elsewhere.example"},
    ],
)
def test_our_own_page_and_programs_may_start_runs(
    client: TestClient, headers: dict[str, str]
) -> None:
    """A bearer token comes from nobody by accident."""
    assert client.post("/gaps/backfill", headers=headers).status_code == 200


@pytest.mark.usefixtures("dag")
def test_nothing_starts_while_the_store_cannot_be_read(client: TestClient, plant: Any) -> None:  # noqa: ANN401 - the fixture's own type
    """There is no plan for what is not known."""
    plant.store_file.write_bytes(b"no database at all " * 100)
    assert client.post("/gaps/backfill").status_code == 503
    assert runs() == []
