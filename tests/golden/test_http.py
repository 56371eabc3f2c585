"""What each route answers: its status, what tells programs about it, and its body."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.golden.compare import as_json, check, keep, names
from tests.golden.stories import HOLES, build_books, spoil
from tests.golden.world import command, standing
from tests.webui.conftest import known_dag, make_server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI

    from tests.golden.world import World

pytestmark = pytest.mark.airflow

Story = dict[str, str]

_TOLD = ("content-type", "allow", "retry-after", "www-authenticate")
"""Headers that say something about the answer; ``headers.txt`` has those of every answer."""

_OF_EACH_ANSWER = ("etag", "content-length", "date")
"""Follow from the body."""

SLOTS = "/gaps/coverage/slots?series={}&start_date=2026-03-29&end_date=2026-03-29"
READS = {
    "summary": "/gaps/summary",
    "detect": "/gaps/detect",
    "detect_of_days": "/gaps/detect?days_back=2",
    "sources": "/gaps/sources",
    "coverage": "/gaps/coverage",
    "slots_of_prices": SLOTS.format("pvpc"),
    "slots_of_weather": SLOTS.format("weather_hourly"),
    "slots_of_days": SLOTS.format("weather_daily"),
    "plan": "/gaps/plan",
    "plan_of_a_range": "/gaps/plan?start_date=2026-03-29&end_date=2026-03-29&data_source=ree",
    "plan_forced": "/gaps/plan?force=true&data_source=series:weather_daily",
    "explain": "/gaps/explain?series=pvpc&slot=2026-03-28T04:00:00Z",
    "explain_a_day": "/gaps/explain?series=weather_daily&slot=2026-03-29",
    "verify": "/influxdb/verify",
}
FILES = {
    "page": "/gaps/",
    "docs": "/gaps/docs",
    "openapi": "/gaps/openapi.json",
    "store_openapi": "/influxdb/openapi.json",
}
WRONG = {
    "days_back_of_no_number": "/gaps/detect?days_back=ten",
    "days_back_of_none": "/gaps/detect?days_back=0",
    "unknown_parameter": "/gaps/plan?dogs=3",
    "half_a_range": "/gaps/plan?start_date=2026-03-29",
    "range_upside_down": "/gaps/plan?start_date=2026-03-29&end_date=2026-03-28",
    "range_ahead": "/gaps/plan?start_date=2031-01-01&end_date=2031-01-02",
    "wrong_date": "/gaps/plan?start_date=20260329&end_date=2026-03-29",
    "unknown_data_source": "/gaps/plan?data_source=gold",
    "unknown_series": "/gaps/explain?series=gold&slot=2026-03-29",
    "wrong_slot": "/gaps/explain?series=pvpc&slot=soon",
    "missing_slot": "/gaps/explain?series=pvpc",
    "too_long": "/gaps/coverage/slots?series=pvpc&start_date=2026-03-28&end_date=2029-01-01",
    "no_such_path": "/gaps/nothing",
    "no_such_file": "/gaps/static/nothing.js",
    "no_such_method": "/gaps/backfill",
}
RANGE = {"start_date": "2026-03-28", "end_date": "2026-03-29", "data_source": "ree"}


class Asker:
    """Asks apps of a moment's own, which remember nothing of those before."""

    def __init__(self, role: str = "op", *, is_open: bool = True) -> None:
        self.server: FastAPI = make_server(role, is_open=is_open)

    def get(self, paths: Mapping[str, str], accept: str = "*/*") -> Story:
        """Return the answer to each path, by its name."""
        return {name: self.ask("GET", path, accept=accept) for name, path in paths.items()}

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> str:
        """Return one answer as text: JSON with one key or value a line, in the order sent."""
        from fastapi.testclient import TestClient

        client = TestClient(self.server, raise_server_exceptions=False)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = client.request(method, path, content=body, headers=named)
        head = [f"{method} {path}", *([body.decode()[:200]] if body else [])]
        told = [f"{name}: {reply.headers[name]}" for name in _TOLD if name in reply.headers]
        is_json = "json" in reply.headers.get("content-type", "")
        text = as_json(json.loads(reply.text), is_ordered=True) if is_json else reply.text
        return "\n".join([*head, f"status {reply.status_code}", *told, "---", text])

    def headers(self, path: str) -> str:
        """Return the headers of an answer."""
        from fastapi.testclient import TestClient

        reply = TestClient(self.server).get(path)
        found = sorted(reply.headers.items())
        return "".join(f"{k}: {v}\n" for k, v in found if k not in _OF_EACH_ANSWER)


def empty(_world: World) -> Story:
    """An empty store: nothing is known, everything is missing."""
    return Asker().get({name: READS[name] for name in ("summary", "detect", "coverage", "verify")})


def holes(world: World) -> Story:
    """Prices alone, with holes and values that do not count; all sources have a key."""
    command("import", "pvpc", str(world.prices("prices.csv", *HOLES)))
    spoil(world)
    asked = ("summary", "detect", "coverage", "slots_of_prices", "verify")
    return Asker().get({name: READS[name] for name in asked})


def books(world: World) -> Story:
    """Everything that can be stored, what asks wrongly, and what is read of the page."""
    build_books(world)
    world.later(79)
    asker = Asker()
    return {
        **asker.get(READS),
        **asker.get(FILES),
        **{f"wrong/{name}": said for name, said in asker.get(WRONG).items()},
        "headers": asker.headers("/gaps/summary"),
        "page_headers": asker.headers("/gaps/"),
    }


def whole(world: World) -> Story:
    """Nothing is missing, after a heal on each side of the hour."""
    command("import", "pvpc", str(world.prices("prices.csv")))
    for hours in (-0.6, -0.5):
        world.later(hours)
        command("heal")
    return Asker().get({"summary": READS["summary"]})


def started(world: World) -> Story:
    """Runs that are started, refused, the same, and of a DAG that is paused or unknown."""
    command("import", "pvpc", str(world.prices("prices.csv", *HOLES)))
    asker, body = Asker(), json.dumps(RANGE).encode()
    found = {"dag_unknown": asker.ask("POST", "/gaps/backfill")}
    with known_dag():
        found |= {
            "range": asker.ask("POST", "/gaps/backfill/range", body),
            "range_again": asker.ask("POST", "/gaps/backfill/range", body),
            "days": asker.ask("POST", "/gaps/backfill"),
            "auto": asker.ask("POST", "/gaps/backfill/auto"),
            "auto_nothing": asker.ask("POST", "/gaps/backfill/auto?max_gap_hours=9000"),
            "days_of_none": asker.ask("POST", "/gaps/backfill?days_back=0"),
            "negative_hours": asker.ask("POST", "/gaps/backfill/auto?max_gap_hours=-1"),
            "no_json": asker.ask("POST", "/gaps/backfill/range", b"days"),
            "no_dates": asker.ask("POST", "/gaps/backfill/range", b"{}"),
            "wrong_types": asker.ask(
                "POST", "/gaps/backfill/range", b'{"start_date": 3, "end_date": "x", "until": 1}'
            ),
            "not_in_the_body": asker.ask("POST", "/gaps/backfill/range?dry_run=true", body),
            "too_much": asker.ask("POST", "/gaps/backfill/range", b" " * 70000),
            "another_site": asker.ask("POST", "/gaps/backfill", origin="https://x.example"),
        }
        _set_dags(is_paused=True)
        found["paused"] = asker.ask("POST", "/gaps/backfill?days_back=3")
        found["paused_summary"] = Asker().ask("GET", "/gaps/summary")
    return found


def refused(world: World) -> Story:
    """Nobody, a viewer, a store that is unreadable and one that is not set up."""
    from airflow.api_fastapi.app import create_auth_manager

    create_auth_manager()
    command("import", "pvpc", str(world.prices("prices.csv")))
    nobody, viewer = Asker("", is_open=False), Asker("viewer", is_open=False)
    found = {
        "nobody": nobody.ask("GET", "/gaps/summary"),
        "nobody_page": nobody.ask("GET", "/gaps/", accept="text/html"),
        "nobody_starts": nobody.ask("POST", "/gaps/backfill"),
        "viewer_starts": viewer.ask("POST", "/gaps/backfill"),
    }
    world.store.write_bytes(b"no database at all " * 100)
    broken = Asker()
    found |= {f"unreadable/{name}": said for name, said in broken.get(READS).items()}
    found["unreadable/page"] = broken.ask("GET", "/gaps/")
    found["unreadable/start"] = broken.ask("POST", "/gaps/backfill")
    world.patch.delenv("AIRFLOW_CONN_GAPFILL_STORE")
    found["not_set_up"] = Asker().ask("GET", "/gaps/summary")
    world.patch.setenv("GAPFILL_CATALOG", str(world.folder / "nothing.yaml"))
    return found | {"no_catalogue": Asker().ask("GET", "/gaps/summary")}


STORIES = {
    "books": books,
    "empty": empty,
    "holes": holes,
    "refused": refused,
    "started": started,
    "whole": whole,
}


def _set_dags(**state: bool) -> None:
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.query(DagModel).update(dict(state.items()))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return what every route said in every story, each story in a world of its own."""
    from airflow.utils.db import initdb

    from gapfill.webui import stored_values

    initdb()
    _set_dags(is_stale=True, is_paused=False)  # those that other tests have made known
    found: dict[str, str] = {}
    for name, story in STORIES.items():
        folder = tmp_path_factory.mktemp(name)
        with pytest.MonkeyPatch.context() as patch, standing(folder, patch) as world:
            patch.setattr(stored_values, "BUDGET_S", 600.0)  # a slow machine looks as closely
            found |= {f"{name}/{step}.txt": said for step, said in story(world).items()}
    return found


def test_each_answer_has_its_file(outputs: Mapping[str, str]) -> None:
    """And with `make golden` the files are written."""
    keep("http", outputs)


@pytest.mark.parametrize("name", names("http"))
def test_a_route_answers_as_it_did(outputs: Mapping[str, str], name: str) -> None:
    """Byte for byte, but for the space between JSON's parts."""
    check("http", name, outputs)


def test_every_route_is_asked(outputs: Mapping[str, str]) -> None:
    """A new route is to be asked here too."""
    from gapfill.webui.app import apps

    asked = {said.split()[1].partition("?")[0] for said in outputs.values() if "status" in said}
    for one in apps():
        described = one["app"].openapi()["paths"]
        assert {f"{one['url_prefix']}{path}" for path in described} - asked == set()


def test_no_part_of_an_answer_is_left_open() -> None:
    """A program that is made of the description knows each unit, slot and cost of a plan."""
    from gapfill.webui.app import apps

    for one in apps():
        schemas = one["app"].openapi().get("components", {}).get("schemas", {})
        assert '"additionalProperties": true' not in json.dumps(schemas)
