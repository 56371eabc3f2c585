"""The routes that read, with the numbers of a store that is known to the hour."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill import catalog
from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading, Row
from gapfill.domain.series import Grade
from gapfill.services.planning import RunRequest, detect_all
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import FROZEN, write_catalog

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from gapfill.services.context import RunContext
    from gapfill.services.detection import Report
    from tests.dags.conftest import Plant

pytestmark = pytest.mark.airflow

MARKUP = "<img src=x onerror=alert(1)>"


def fill(plant: Plant, *holes: Interval, source: str = "ree") -> None:
    """Store every price but the holes, from the first hour to the end of 2026-03-20 in Madrid."""
    pvpc = catalog.load(plant.catalog_file).series["pvpc"]
    whole = Interval(pvpc.earliest, utc("2026-03-20T23"))
    slots = [s for s in pvpc.grid.slots(whole) if not any(s in hole for hole in holes)]
    prices = [Reading(s, {"price_eur_mwh": 50.0}, Grade.OFFICIAL, source) for s in slots]
    store = SqliteStore(plant.store_file)
    store.write(pvpc, prices, "test/fill")
    store.close()


def utc(text: str) -> datetime:
    """Return the instant of ``2026-03-20T23``."""
    return datetime.fromisoformat(f"{text}:00").replace(tzinfo=UTC)


def hole(start: str, end: str) -> Interval:
    """Return ``[start, end)``."""
    return Interval(utc(start), utc(end))


def test_the_summary_has_the_keys_of_the_earlier_service(client: TestClient) -> None:
    """An empty store misses every hour of 34 days."""
    told = client.get("/gaps/summary").json()
    assert (told["ree_data"]["status"], told["ree_data"]["gap_hours"]) == ("gaps", 816.0)
    assert (told["weather_data"]["status"], told["weather_data"]["gap_hours"]) == ("none", 0.0)
    assert told["ree_data"]["severity"] == "critical"
    assert told["recovery"] == {
        "units": 1,
        "calls": 3,
        "seconds": pytest.approx(0.003),
        "slots": 816,
        "waiting_slots": 0,
        "unhealable_slots": 0,
        "deferred_units": 0,
    }
    assert told["strategy"]["body"] == {
        "start_date": "2026-02-15",
        "end_date": "2026-03-20",
        "data_source": "all",
    }


def test_a_whole_store_has_nothing_to_recommend(client: TestClient, plant: Plant) -> None:
    """And says how far it reaches."""
    fill(plant)
    told = client.get("/gaps/summary").json()
    assert (told["state"], told["recommendation"]) == ("ok", "Nothing is missing.")
    assert told["strategy"]["name"] == "none"
    assert told["ree_data"]["newest"] == "2026-03-20T22:00:00Z"
    assert told["series"][0]["coverage"] == 1.0


def test_detect_names_each_gap_with_its_severity(client: TestClient, plant: Plant) -> None:
    """Of the last days only those that reach into them, and those whole."""
    fill(
        plant,
        hole("2026-02-20T03", "2026-02-20T04"),
        hole("2026-03-01T00", "2026-03-01T05"),
        hole("2026-03-17T20", "2026-03-19T20"),
    )
    told = client.get("/gaps/detect").json()
    found = [(g["start"], g["end"], g["severity"]) for g in told["ree_gaps"]]
    assert found == [
        ("2026-02-20T03:00:00Z", "2026-02-20T04:00:00Z", "minor"),
        ("2026-03-01T00:00:00Z", "2026-03-01T05:00:00Z", "moderate"),
        ("2026-03-17T20:00:00Z", "2026-03-19T20:00:00Z", "critical"),
    ]
    assert told["weather_gaps"] == []
    recent = client.get("/gaps/detect?days_back=2").json()
    assert [g["slots"] for g in recent["ree_gaps"]] == [48]
    assert "3 gaps are open" in told["recommendation"]
    assert (told["strategy"]["name"], told["recovery"]["slots"]) == ("range", 54)
    assert "1 gap is open: heal the last 2 days" in recent["recommendation"]
    assert recent["strategy"]["path"] == "/gaps/backfill?days_back=2"
    assert recent["recovery"]["slots"] == 45  # from local midnight of 2026-03-18 on


def test_gaps_of_late_are_healed_by_days_back(client: TestClient, plant: Plant) -> None:
    """From the day of the oldest one."""
    fill(plant, hole("2026-03-17T20", "2026-03-19T20"))
    told = client.get("/gaps/summary").json()
    assert told["strategy"]["path"] == "/gaps/backfill?days_back=3"


def test_days_back_reach_over_what_is_published_ahead(client: TestClient, plant: Plant) -> None:
    """The evening's prices are out at noon, and due."""
    fill(plant, hole("2026-03-20T10", "2026-03-20T16"))
    assert client.get("/gaps/summary").json()["strategy"]["path"] == "/gaps/backfill?days_back=1"
    assert client.get("/gaps/plan?days_back=1").json()["bill"]["slots"] == 6


def test_the_plan_is_the_bill_of_a_range(client: TestClient) -> None:
    """Two weeks of prices are one call."""
    query = "start_date=2026-03-01&end_date=2026-03-14&data_source=ree"
    told = client.get(f"/gaps/plan?{query}").json()
    assert (told["bill"]["calls"], told["bill"]["slots"]) == (1, 336)
    assert told["units"][0]["label"] == "pvpc 2026-02-28T23:00Z–2026-03-14T23:00Z"


def test_no_gap_is_longer_than_an_absurd_number_of_hours(client: TestClient) -> None:
    """It is a limit like any other."""
    assert client.get("/gaps/plan?max_gap_hours=1e300").json()["units"] == []


@pytest.mark.parametrize("route", ["coverage", "summary"])
def test_a_route_lists_the_series_that_are_asked_for(
    client: TestClient, plant: Plant, route: str
) -> None:
    """By a part of the name, by group and in pages; all other numbers are of all series."""
    write_catalog(plant.catalog_file.parent, earliest="2026-02-15")
    fill(plant)
    whole = client.get(f"/gaps/{route}").json()
    names = [row["series"] for row in whole["series"]]
    assert whole["series_total"] == len(names) > 1
    for query, listed, total in (
        ("search=PVP", ["pvpc"], 1),
        ("group=ree", ["pvpc"], 1),
        ("search=pvpc&group=weather", [], 0),
        ("limit=1", names[:1], len(names)),
        ("limit=500&offset=1", names[1:], len(names)),
        ("search=nothing", [], 0),
    ):
        found = client.get(f"/gaps/{route}?{query}").json()
        assert [row["series"] for row in found["series"]] == listed, query
        assert found["series_total"] == total, query
        changed = {key for key in whole if found[key] != whole[key]}
        assert changed <= {"series", "series_total"}, query


def test_coverage_counts_the_series_of_each_group(client: TestClient, plant: Plant) -> None:
    """Every series is in one group; all could be read."""
    write_catalog(plant.catalog_file.parent, earliest="2026-02-15")
    fill(plant)
    whole = client.get("/gaps/coverage").json()
    assert sum(group["series"] for group in whole["groups"]) == len(whole["series"]) > 1
    assert (whole["errors"], whole["unread"]) == ([], [])


@pytest.mark.parametrize("route", ["coverage", "summary"])
@pytest.mark.parametrize("query", ["limit=0", "limit=501", "offset=-1", "page=2", "limit=x"])
def test_a_page_that_cannot_be_is_refused(client: TestClient, query: str, route: str) -> None:
    """With the parameter's name."""
    reply = client.get(f"/gaps/{route}?{query}")
    assert reply.status_code == 422
    assert query.split("=", maxsplit=1)[0] in reply.json()["detail"]


def test_coverage_tells_days_by_their_slots(client: TestClient, plant: Plant) -> None:
    """Equal days in a row come once; tomorrow is not due."""
    fill(plant, hole("2026-03-01T00", "2026-03-01T05"))
    told = client.get("/gaps/coverage").json()
    row = told["series"][0]
    assert (row["series"], row["first_day"], row["zone"]) == ("pvpc", "2026-02-15", "Europe/Madrid")
    assert row["days"] == [[14, "24c"], [1, "19c5m"], [19, "24c"], [1, "24n"]]
    assert [(g["series"], g["slots"]) for g in told["gaps"]] == [("pvpc", 5)]


def test_more_gaps_than_are_listed_are_counted(client: TestClient, plant: Plant) -> None:
    """Every third hour of 34 days is missing: the worst 200 gaps are told one by one."""
    first = utc("2026-02-14T23")
    hours = [first + timedelta(hours=n) for n in range(0, 816, 3)]
    fill(plant, *(Interval(hour, hour + timedelta(hours=1)) for hour in hours))
    told = client.get("/gaps/coverage").json()
    assert (len(told["gaps"]), told["gaps_total"], told["gaps_open"]) == (200, 272, 272)


def test_the_slots_of_a_day_name_their_source(client: TestClient, plant: Plant) -> None:
    """Each with its value."""
    fill(plant, hole("2026-03-01T00", "2026-03-01T05"), source=MARKUP)
    reply = client.get("/gaps/coverage/slots?series=pvpc&start_date=2026-03-01&end_date=2026-03-01")
    told = reply.json()
    assert told["runs"] == [
        [1772319600, 1, "c"],
        [1772323200, 5, "m"],
        [1772341200, 18, "c"],
    ]
    assert told["eras"] == [[1772319600, 3600]]
    assert (told["sources"], len(told["readings"])) == ([MARKUP], 19)
    assert told["readings"][0] == [1772319600, 0, 50.0]
    assert reply.headers["content-type"] == "application/json"


def test_a_value_without_a_source_is_of_another_program(client: TestClient, plant: Plant) -> None:
    """So the page names what wrote it."""
    store = SqliteStore(plant.store_file)
    row = Row(utc("2026-03-01T00"), {"price_eur_mwh": 50.0}, Grade.OFFICIAL)
    store.import_rows(catalog.load(plant.catalog_file).series["pvpc"], [row])
    store.close()
    reply = client.get("/gaps/coverage/slots?series=pvpc&start_date=2026-03-01&end_date=2026-03-01")
    assert reply.json()["sources"] == ["another program"]


def test_explain_says_what_each_source_can_do(client: TestClient) -> None:
    """A date means its first slot."""
    told = client.get("/gaps/explain?series=pvpc&slot=2026-03-01").json()
    assert (told["slot"], told["state"]) == ("2026-02-28T23:00:00Z", "missing")
    assert told["candidates"][0]["candidate"] == "ree pvpc"


def test_verify_asks_the_store_itself(client: TestClient, plant: Plant) -> None:
    """For the newest point of each series."""
    fill(plant)
    told = client.get("/influxdb/verify").json()
    assert (told["status"], told["store"], told["writable"]) == ("ok", "sqlite", True)
    assert (told["connection"], told["place"]) == ("gapfill_store", str(plant.store_file))
    assert told["series"] == [
        {
            "series": "pvpc",
            "measurement": "energy_prices",
            "newest": "2026-03-20T22:00:00Z",
            "age_hours": -10.0,
        }
    ]


def test_verify_counts_what_does_not_count(client: TestClient, plant: Plant) -> None:
    """The newest slot is never one that nobody expects yet."""
    fill(plant)
    with closing(sqlite3.connect(plant.store_file)) as other, other:
        other.execute("UPDATE energy_prices SET slot = 2051222400 WHERE slot = 1773961200")
        other.execute("UPDATE energy_prices SET price_eur_mwh = 1e9 WHERE slot = 1773957600")
    told = client.get("/influxdb/verify").json()
    assert told["series"][0]["newest"] == "2026-03-20T22:00:00Z"
    assert told["warnings"] == [
        (
            "pvpc: 1 value out of bounds, the first price_eur_mwh 1e+09 at 2026-03-19T22:00:00Z "
            "(bounds: -1000 to 10000 €/MWh); it does not count as a reading."
        ),
        (
            "pvpc: 1 point lies after the last expected slot, the newest "
            "2035-01-01T00:00:00Z; check the clock of the program that writes there."
        ),
    ]


def test_verify_calls_nothing_ok_that_cannot_be_written(
    client: TestClient, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program holds the file: it can be read, and the problem is told."""
    fill(plant)
    monkeypatch.setattr(
        SqliteStore.__init__, "__kwdefaults__", {"wait_s": 0.2}
    )  # not half a minute
    with closing(sqlite3.connect(plant.store_file)) as other:
        other.execute("BEGIN IMMEDIATE")
        told = client.get("/influxdb/verify").json()
    assert (told["status"], told["readable"], told["writable"]) == ("read_only", True, False)
    assert "locked" in told["problem"]


def test_an_empty_store_is_told_for_what_it_is(client: TestClient) -> None:
    """Everything is missing, and where to look, where it is not new, is said first."""
    told = client.get("/gaps/summary").json()
    assert told["ree_data"]["gap_hours"] == 816
    assert told["recommendation"].startswith("The store holds no reading at all: if it is not")


def test_slots_that_need_a_key_are_missing_and_say_which(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days of weather come from AEMET and SIAR only, and neither has a key here."""
    monkeypatch.setenv("GAPFILL_CATALOG", str(FROZEN))
    told = client.get("/gaps/summary").json()
    daily = next(series for series in told["series"] if series["series"] == "weather_daily")
    assert (daily["state"], daily["slots"]["unfillable"]) == ("gaps", 0)
    assert daily["slots"]["missing"] > 2800
    assert "needs aemet_default or siar_default or GAPFILL_SIAR_CSV." in told["recommendation"]
    found = client.get("/gaps/coverage").json()
    (gap,) = [gap for gap in found["gaps"] if gap["series"] == "weather_daily"]
    assert (gap["state"], gap["cause"]) == ("missing", "setup")
    assert gap["needs"] == ["aemet_default", "siar_default", "GAPFILL_SIAR_CSV"]


READS = (
    "/gaps/summary",
    "/gaps/detect",
    "/gaps/coverage",
    "/gaps/plan",
    "/gaps/explain?series=pvpc&slot=2026-03-01",
    "/gaps/coverage/slots?series=pvpc&start_date=2026-03-01&end_date=2026-03-01",
    "/influxdb/verify",
)


@pytest.mark.parametrize("path", READS)
def test_a_store_that_cannot_be_read_is_no_empty_list(
    client: TestClient, plant: Plant, path: str
) -> None:
    """It is 503 with the reason, and nothing that looks like an answer."""
    plant.store_file.write_bytes(b"no database at all " * 100)
    reply = client.get(path)
    assert reply.status_code == 503
    assert reply.headers["content-type"] == "application/problem+json"
    told = reply.json()
    assert set(told) == {"type", "title", "status", "detail"}
    assert "not a database" in told["detail"]
    assert told["detail"].count("could not be read") <= 1
    assert "Traceback" not in reply.text


def test_one_series_that_cannot_be_read_is_no_reason_to_hide_the_others(
    client: TestClient, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor to call anything well; and no run over all series is started."""
    monkeypatch.setenv("GAPFILL_CATALOG", str(FROZEN))
    with closing(sqlite3.connect(plant.store_file)) as store:
        store.execute("CREATE VIEW weather_daily AS SELECT * FROM nowhere")
    told = client.get("/gaps/summary").json()
    states = {series["series"]: series["state"] for series in told["series"]}
    assert states == {"pvpc": "gaps", "weather_hourly": "gaps", "weather_daily": "unknown"}
    assert (told["state"], told["ree_data"]["status"]) == ("unknown", "gaps")
    assert (told["weather_data"]["status"], told["weather_data"]["gap_hours"]) == ("unknown", None)
    assert "weather_daily could not be read" in told["recommendation"]
    found = client.get("/gaps/detect?days_back=2").json()
    assert "unknown" in {gap["state"] for gap in found["weather_gaps"]}
    assert client.get("/gaps/coverage").json()["state"] == "unknown"
    assert client.get("/gaps/plan").status_code == 503
    assert client.get("/gaps/plan?data_source=ree").status_code == 200


def test_what_failed_is_not_remembered(client: TestClient, plant: Plant) -> None:
    """The next look is at the store."""
    plant.store_file.write_bytes(b"no database at all " * 100)
    assert client.get("/gaps/coverage").status_code == 503
    plant.store_file.unlink()
    assert client.get("/gaps/coverage").status_code == 200


def test_no_store_is_said_with_what_to_do(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the connection."""
    monkeypatch.delenv("AIRFLOW_CONN_GAPFILL_STORE")
    reply = client.get("/gaps/summary")
    assert reply.status_code == 503
    told = reply.json()["detail"]
    assert told.startswith(
        "There is no connection gapfill_store. Make it in Airflow under Admin, Connections, or set "
    )
    assert "DAGs only" not in told


WRONG = (
    ("/gaps/detect?days_back=0", 400, "days_back is 0"),
    ("/gaps/detect?days_back=1000000000", 400, "from 1 to 3650"),
    ("/gaps/detect?days_back=ten", 422, "days_back"),
    ("/gaps/plan?start_date=2026-03-01", 400, "start_date is given without end_date"),
    ("/gaps/plan?start_date=2026-03-02&end_date=2026-03-01", 400, "is before start_date"),
    ("/gaps/plan?start_date=0025-11-17&end_date=2025-11-18", 400, "start_date: '0025-11-17' is"),
    ("/gaps/plan?start_date=1899-12-31&end_date=2025-11-18", 400, "the years 1900 and 2200."),
    ("/gaps/plan?start_date=2026-03-01&end_date=2225-11-18", 400, "end_date: '2225-11-18' is not"),
    ("/gaps/plan?start_date=2026-03-01&end_date=9999-12-31", 400, "end_date: '9999-12-31' is not"),
    ("/gaps/plan?start_date=20260301&end_date=2026-03-02", 400, "start_date is '20260301'"),
    ("/gaps/plan?start_date=2026-03-01&end_date=2026-W10-1", 400, "end_date is '2026-W10-1'"),
    ("/gaps/plan?start_date=2031-01-01&end_date=2031-01-02", 400, "in the future"),
    ("/gaps/plan?data_source=" + MARKUP, 400, "There is no data_source"),
    ("/gaps/plan?max_gap_hours=nan", 400, "max_gap_hours is nan"),
    ("/gaps/plan?dogs=3", 422, "dogs: Extra inputs"),
    ("/gaps/detect?days_bak=3", 422, "days_bak: Extra inputs"),
    ("/gaps/explain?series=pvpc&slot=2026-03-01&slit=3", 422, "slit: Extra inputs"),
    ("/gaps/explain?series=gold&slot=2026-03-01", 400, "gold"),
    ("/gaps/explain?series=pvpc&slot=soon", 400, "slot is 'soon'"),
    ("/gaps/explain?series=pvpc&slot=1000-01-01", 400, "slot is '1000-01-01'"),
    (
        "/gaps/coverage/slots?series=pvpc&start_date=2026-02-15&end_date=2029-01-01",
        400,
        "63 days at most",
    ),
)


@pytest.mark.parametrize("path, status, sentence", WRONG)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    client: TestClient, path: str, status: int, sentence: str
) -> None:
    """As problem details, which no browser takes for a page."""
    reply = client.get(path)
    assert (reply.status_code, reply.headers["x-content-type-options"]) == (status, "nosniff")
    assert reply.headers["content-type"] == "application/problem+json"
    assert sentence in reply.json()["detail"]


def test_an_answer_that_says_the_same_is_not_sent_again(client: TestClient, plant: Plant) -> None:
    """A reading makes a difference, and so does the minute, which the page shows."""
    first = client.get("/gaps/coverage")
    mark = {"If-None-Match": first.headers["etag"]}
    again = client.get("/gaps/coverage", headers=mark)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "private, no-cache"
    from gapfill.webui import snapshot_cache

    snapshot_cache.FRESH_S, kept = 0.0, snapshot_cache.FRESH_S
    fill(plant)
    try:
        client.app.router.routes[-2].app.state.snapshots = snapshot_cache.SnapshotCache()  # type: ignore[attr-defined]
        filled = client.get("/gaps/coverage", headers=mark)
        assert filled.status_code == 200
        mark = {"If-None-Match": filled.headers["etag"]}
        assert client.get("/gaps/coverage", headers=mark).status_code == 304
        plant.sandbox.clock.set(utc("2026-03-20T12") + timedelta(minutes=1))
        client.app.router.routes[-2].app.state.snapshots = snapshot_cache.SnapshotCache()  # type: ignore[attr-defined]
        moved = client.get("/gaps/coverage", headers=mark)
        assert (moved.status_code, moved.json()["now"]) == (200, "2026-03-20T12:01:00Z")
    finally:
        snapshot_cache.FRESH_S = kept


def test_requests_of_the_same_moment_share_one_look(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that an open page costs the store little."""
    from gapfill.webui import snapshot_cache

    looks = []

    def look(context: RunContext, order: RunRequest) -> list[Report]:
        looks.append(1)
        return detect_all(context, order)

    monkeypatch.setattr(snapshot_cache, "detect_all", look)
    for path in ("/gaps/summary", "/gaps/detect", "/gaps/coverage", "/gaps/plan"):
        assert client.get(path).status_code == 200
    assert len(looks) == 1


@pytest.mark.usefixtures("dag")
def test_a_bill_is_of_what_is_on_the_page(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is not gone through again: its run does that."""
    from gapfill.services import planning

    shown = client.get("/gaps/plan?data_source=ree").json()

    def look(_context: RunContext, _selection: object) -> list[Report]:
        pytest.fail("The store is gone through again.")

    monkeypatch.setattr(planning, "detect", look)
    body = {"start_date": "2026-03-01", "end_date": "2026-03-02", "data_source": "ree"}
    told = client.post("/gaps/backfill/range", json=body).json()["plan"]
    assert told["now"] == shown["now"]
    assert (told["bill"]["slots"], told["bill"]["calls"]) == (48, 1)


def test_a_wrong_request_is_refused_before_the_store_is_read(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sentence comes even where the store does not answer."""
    from gapfill.services import planning

    def look(_context: RunContext, _selection: object) -> list[Report]:
        pytest.fail("The store is read.")

    monkeypatch.setattr(planning, "detect", look)
    reply = client.get("/gaps/plan?data_source=gold")
    assert reply.status_code == 400
    assert reply.json()["detail"].startswith("There is no data_source 'gold'")


def test_head_is_get_without_its_body(client: TestClient) -> None:
    """For the page and what it reads."""
    for path in ("/gaps/", "/gaps/static/page.css", "/gaps/summary", "/influxdb/verify"):
        told, asked = client.get(path), client.head(path)
        assert (asked.status_code, asked.content) == (200, b"")
        assert asked.headers["content-type"] == told.headers["content-type"]


@pytest.mark.parametrize(
    "method, path, allowed",
    [
        ("GET", "/gaps/backfill", "POST"),
        ("HEAD", "/gaps/backfill/auto", "POST"),
        ("POST", "/gaps/summary", "GET, HEAD"),
        ("OPTIONS", "/gaps/static/page.css", "GET, HEAD"),
        ("PROPFIND", "/influxdb/verify", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_said_with_the_right_one(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    """It is another mistake than a wrong path."""
    reply = client.request(method, path)
    assert (reply.status_code, reply.headers["allow"]) == (405, allowed)
    assert client.request(method, "/gaps/nothing").status_code == 404


def test_the_page_lets_in_nothing_from_elsewhere(client: TestClient) -> None:
    """No script of a page that is not its own, and no frame around it but Airflow's."""
    reply = client.get("/gaps/")
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "name", ["../page.py", "..%2Fpage.py", "%2e%2e/app.py", "/etc/passwd", "page.css/..", ""]
)
def test_no_name_leads_out_of_the_folder_of_files(client: TestClient, name: str) -> None:
    """What is not in it is not there."""
    assert client.get(f"/gaps/static/{name}").status_code == 404


def test_the_routes_are_described_for_people_and_programs(client: TestClient) -> None:
    """Without anything from elsewhere."""
    page = client.get("/gaps/docs").text
    assert "/gaps/backfill/range" in page
    assert "http" not in page.replace("<h1>HTTP", "").replace("https", "http").split("</head>")[0]
    told = client.get("/gaps/openapi.json").json()
    assert told["servers"] == [{"url": "/gaps"}]
    assert set(told["paths"]) == {
        "/summary",
        "/detect",
        "/plan",
        "/sources",
        "/explain",
        "/coverage",
        "/coverage/slots",
        "/backfill",
        "/backfill/auto",
        "/backfill/range",
    }


def test_what_nobody_foresaw_shows_no_trace_and_no_secret(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has it, for those who may read logs."""
    from gapfill.webui import responses

    def broken(*_: object) -> None:
        message = "password=hunter2"
        raise RuntimeError(message)

    monkeypatch.setattr(responses, "summary", broken)
    reply = client.get("/gaps/summary")
    assert reply.status_code == 500
    assert "hunter2" not in reply.text
    assert json.loads(reply.text)["title"] == "Internal Server Error"
    assert "A request to Gapfill's routes failed" in caplog.text
