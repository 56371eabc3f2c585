"""Answers of no use that no fault of the sandbox gives: other stations, other days, wild values."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gapfill.domain.ledger import Outcome
from gapfill.domain.series import State
from gapfill.errors import MalformedPayload
from gapfill.services.detection import detect
from gapfill.services.selection import Selection
from tests.matrix.doors import KEY
from tests.matrix.plant import Plant, plant
from tests.sandbox.http_client import call
from tests.sources.http.raw_server import RawServer, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gapfill_sandbox import Sandbox
    from tests.matrix.bench import Bench

    Rows = list[dict[str, Any]]

pytestmark = pytest.mark.airflow

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURS = {"weather_hourly": datetime(2025, 11, 5, 6, tzinfo=UTC)}
DAYS = {"weather_daily": datetime(2025, 10, 20, tzinfo=UTC)}
OBSERVED = "/opendata/api/observacion/convencional/datos/estacion/5279X"
CLIMATE = (
    "/opendata/api/valores/climatologicos/diarios/datos"
    "/fechaini/2025-10-20T00:00:00UTC/fechafin/2025-10-30T23:59:59UTC/estacion/5279X"
)


@pytest.fixture
def server() -> Iterator[RawServer]:
    """Serve raw answers."""
    with RawServer() as running:
        yield running


def answer_with(
    server: RawServer, sandbox: Sandbox, path: str, change: Callable[[Rows], None]
) -> None:
    """Serve what the sandbox answers in two hops, changed."""
    envelope = call(sandbox.url + path, headers={"api_key": KEY})
    first = json.loads(envelope.body.decode("iso-8859-15"))
    rows = json.loads(call(first["datos"]).body.decode("iso-8859-15"))
    change(rows)
    first["datos"] = f"{server.url}/opendata/sh/0"
    server.answers = [reply(200, json.dumps(part).encode()) for part in (first, rows)]


def aemet_at(
    server: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    earliest: dict[str, datetime],
) -> Plant:
    """Return an installation that has AEMET's key alone."""
    return plant(monkeypatch, folder, server.url, keyed=("aemet",), earliest=earliest)


def test_values_that_cannot_be_are_reported_and_not_stored(
    server: RawServer, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """-60 °C, 140 % and a wind of 400 m/s each cost their hour that value alone."""

    def change(rows: Rows) -> None:
        by_end = {row["fint"][11:13]: row for row in rows}
        by_end["07"]["ta"] = -60.0
        by_end["08"]["hr"] = 140.0
        by_end["09"]["vv"] = 400.0

    answer_with(server, sandbox, OBSERVED, change)
    made = aemet_at(server, monkeypatch, tmp_path, HOURS)
    (unit,) = made.plan(("aemet",)).units
    certificate = made.fill(unit)
    assert (certificate.outcome, certificate.rejected, certificate.slots_asked) == ("partial", 3, 5)
    assert certificate.note == (
        "3 values not stored: temperature of 2025-11-05T06:00:00Z is -60.0, which is outside "
        "-40 to 60 °C; humidity of 2025-11-05T07:00:00Z is 140.0, which is outside 0 to 100 %; "
        "wind_speed of 2025-11-05T08:00:00Z is 400.0, which is outside 0 to 100 m/s"
    )
    rows = {row.slot.hour: row.values for row in made.rows("weather_hourly")}
    assert sorted(rows) == [6, 7, 8, 9, 10]
    lost = {6: "temperature", 7: "humidity", 8: "wind_speed"}
    for hour, values in rows.items():
        assert {"temperature", "humidity", "wind_speed"} - values.keys() == {lost.get(hour)} - {
            None
        }
    failed = [
        e for e in made.context.store.entries("weather_hourly") if e.outcome is Outcome.FAILED
    ]
    assert [(e.interval.start.hour, e.interval.end.hour) for e in failed] == [(6, 7), (7, 8)]


def _other_station(rows: Rows) -> None:
    for row in rows:
        row["idema" if "idema" in row else "indicativo"] = "3195"


def _a_day_early(rows: Rows) -> None:
    for row in rows:
        row["fecha"] = f"{datetime.fromisoformat(row['fecha']) - DAY:%Y-%m-%d}"


def _ahead(rows: Rows) -> None:
    for row in rows:
        row["fint"] = f"{datetime.fromisoformat(row['fint'][:19]) + DAY:%Y-%m-%dT%H:%M:%S}"


@pytest.mark.parametrize(
    "series,path,change,words",
    [
        (HOURS, OBSERVED, _other_station, "3195"),
        (DAYS, CLIMATE, _other_station, "3195"),
        (DAYS, CLIMATE, _a_day_early, "2025-10-19T00:00:00Z, which was not asked"),
        (HOURS, OBSERVED, _ahead, "which is not over yet"),
    ],
    ids=["hours of another station", "days of another station", "other days", "tomorrow"],
)
def test_an_answer_to_another_question_is_stored_nowhere(
    server: RawServer,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    series: dict[str, datetime],
    path: str,
    change: Callable[[Rows], None],
    words: str,
) -> None:
    """It is no answer at all: no row, no verdict; the healthy API heals with the next run."""
    answer_with(server, sandbox, path, change)
    made = aemet_at(server, monkeypatch, tmp_path, series)
    (unit,) = made.plan(("aemet",)).units
    with pytest.raises(MalformedPayload) as caught:
        made.fill(unit)
    assert words in str(caught.value)
    assert "docs/how_to/runbook.md, MalformedPayload" in str(caught.value)
    (name,) = series
    assert made.rows(name) == []
    assert {e.outcome for e in made.context.store.entries(name)} == {Outcome.FAILED}
    healthy = plant(monkeypatch, tmp_path, sandbox.url, keyed=("aemet",), earliest=series)
    (unit,) = healthy.plan(("aemet",)).units
    assert healthy.fill(unit, "later").slots_filled == unit.slots


@pytest.mark.parametrize(
    "name,stored",
    [
        ("ree", 2),
        ("esios", 2),
        ("esios_archive", 2),
        ("aemet_rows", 2),
        ("open_meteo", 2),
        ("siar", 0),
    ],
)
@pytest.mark.parametrize("kind", ["nan", "huge", "text"])
def test_a_bad_row_costs_its_own_slot_alone(
    bench: Callable[..., Bench], name: str, stored: int, kind: str
) -> None:
    """Every second row is bad; of SIAR's half-hours that is one of each hour, which needs both."""
    at = bench(name)
    at.sandbox.faults.add({"api": at.door.source, "kind": kind, "every": 2})
    (unit,) = at.plan()
    assert (at.fill(unit).how, len(at.rows()), at.untrue()) == ("partial", stored, [])
    assert "no_data" not in at.outcomes()
    at.sandbox.faults.clear()
    at.later(10 * timedelta(minutes=1))
    (again,) = at.plan()
    assert (again.slots, at.fill(again).how) == (4 - stored, "filled")
    assert (len(at.rows()), at.untrue()) == (4, [])


STATIONS = {"aemet": "0000X", "siar": "J99"}


@pytest.mark.parametrize(
    "source,evidence",
    [("aemet", "No hay datos que satisfagan esos criterios"), ("siar", "HTTP 200")],
)
def test_a_station_that_is_not_there_is_asked_again_every_day(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str, evidence: str
) -> None:
    """Nothing is stored, and nothing is given up: a source that gives nothing proves nothing."""
    first = {"weather_daily": datetime(2025, 10, 20, tzinfo=UTC)}
    only = {source: STATIONS[source]}
    made = plant(monkeypatch, tmp_path, sandbox.url, keyed=(source,), earliest=first, stations=only)
    until = datetime(2025, 10, 25, tzinfo=UTC)
    for run in ("one", "two"):
        for unit in made.plan(None, "weather_daily").units:
            assert made.fill(unit, run).outcome in ("no_data", "not_yet")
        made = made.at(made.context.now + DAY + HOUR)
    assert made.rows("weather_daily") == []
    series = made.context.catalog.series["weather_daily"]
    soon_after = replace(made.context, now=made.context.now - DAY)
    (report,) = detect(soon_after, Selection((series,), end=until))
    (gap,) = report.coverage.gaps
    assert (gap.state, gap.slots) == (State.MISSING, 5)
    assert f"{source} daily at {STATIONS[source]} has answered without it" in gap.reason
    assert evidence in gap.reason
    assert "and all other answers of the source were empty too), which does not prove" in gap.reason
    assert gap.waiting == made.context.now - HOUR
