"""A ``retype`` while a removal of the same measurement is stopped on another machine.

The processes are real ones. Another folder of locks stands for another machine.
"""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.series import Grade, State
from gapfill.errors import StoreError
from gapfill.services.context import RunContext
from gapfill.services.detection import detect
from gapfill.services.retype import carry_out, find
from gapfill.services.selection import Selection
from gapfill.services.tidy import tidy as tidy_service
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.undo import recovery_journal as journal
from tests.builders import WEATHER, hour, hours, point, weather
from tests.catalogs import frozen
from tests.services.conftest import Scripted
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.test_two_removals import REFUSED, ended, first, tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.server

SLOTS = range(4)
DAY = hours(0, 24)
STATION = "weather_data,place=linares,station_id=5279X"
RUNNING = "A removal of the batch tidy__1 is running or was interrupted"
ENTRIES = "SELECT state FROM gapfill_journal WHERE lines != ''"


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InfluxBackend]:
    """Return a bucket with copies in four hours, and a plant's whole numbers beside them.

    Between the hours stand points of the plant too, so that each hour is a deletion of its own.
    """
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "here"))
    made = InfluxBackend(tmp_path)
    both = {"temperature": 20.5, "humidity": 50.5}
    copied, kept = both | {"solar_radiation": 400.0}, "solar_radiation:siar/J17:30"
    for n in SLOTS:
        made.seed(WEATHER, point(hour(n), {**WEATHER.tags, "station": "5279X"}, both))
        made.seed(WEATHER, point(hour(n), WEATHER.tags, copied, 30, None, "old/a", kept))
        lines = [
            f"{STATION} pressure={950 + n}i,cloud={n}i {to_ns(hour(n))}",
            f"weather_data,place=linares,other=z cloud=3i {to_ns(hour(n)) + 1_800_000_000_000}",
        ]
        made.engine.write(made.bucket, lines)
    yield made
    made.close()


def plant(backend: InfluxBackend) -> list[list[object]]:
    """Return what stands of the plant, numbers as numbers."""
    what = "SELECT pressure, cloud, station_id, other FROM weather_data"
    rows = backend.engine.ask(backend.bucket, what)
    return sorted(([*row] for row in rows), key=str)


def run(backend: InfluxBackend) -> RunContext:
    """Return the installation."""
    return RunContext(frozen(), backend.open(), Scripted(), hour(24))


def retype(backend: InfluxBackend, path: Path) -> int:
    """Do what ``retype weather_hourly --yes`` does."""
    context = run(backend)
    wrong = find(context, WEATHER, [])
    return carry_out(context, WEATHER, wrong, path) if wrong else 0


def warnings(backend: InfluxBackend) -> list[str]:
    """Return what ``status`` says of removals: an error while points are missing."""
    context = run(backend)
    series = context.catalog.series["weather_hourly"]
    (report,) = detect(context, Selection((series,), DAY.start, DAY.end), closely=True)
    if report.error:
        assert report.coverage.counts[State.MISSING] == 0
        return [report.error]
    return [one for one in report.warnings if "removal" in one or "retype of" in one]


def _before_deletion(number: int, *, dies: bool = False) -> Callable[[], None]:
    """In a child: stop itself right before a deletion of points, and die after it if told so."""

    def prepare() -> None:
        delete, count = InfluxClient.delete, list[int]()

        def deleted(
            server: InfluxClient, measurement: str, tags: Mapping[str, str], start: int, end: int
        ) -> None:
            is_stopped = measurement == "weather_data" and len(count) == number
            count.extend([1] if measurement == "weather_data" else [])
            if is_stopped:
                os.kill(os.getpid(), signal.SIGSTOP)
            delete(server, measurement, tags, start, end)
            if is_stopped and dies:
                os.kill(os.getpid(), signal.SIGKILL)

        pytest.MonkeyPatch().setattr(InfluxClient, "delete", deleted)

    return prepare


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_retype_waits_for_a_tidy_that_is_stopped_elsewhere(
    backend: InfluxBackend, tmp_path: Path, number: int
) -> None:
    """Before any of its deletions; no type changes under points that are to be written back."""
    before = plant(backend)
    child = first(tmp_path / "there", _before_deletion(number), lambda: tidy(backend, "tidy__1"))
    with pytest.raises(StoreError, match=r"^Nothing was deleted. A removal.*`gapfill tidy --yes`"):
        retype(backend, tmp_path / "1.lp")
    assert not (tmp_path / "1.lp").exists()
    (warning,) = warnings(backend)
    assert warning.endswith("also of other programs: `gapfill tidy --yes` writes them back.")
    assert ended(child) == 0
    assert plant(backend) == before
    assert warnings(backend) == []
    assert retype(backend, tmp_path / "2.lp") > 0
    assert plant(backend) == before


def test_what_a_running_tidy_has_deleted_is_no_gap_and_nothing_is_written_beside_it(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """It goes on after that."""
    before = plant(backend)
    child = first(tmp_path / "here", _before_deletion(1), lambda: tidy(backend, "tidy__1"))
    assert [RUNNING in one for one in warnings(backend)] == [True]
    store = backend.open()
    store.verify()
    with pytest.raises(StoreError, match=RUNNING):
        store.write(WEATHER, [weather(n, Grade.OBSERVED) for n in SLOTS], "heal/1")
    assert ended(child) == 0
    assert plant(backend) == before
    assert warnings(backend) == []


def test_what_a_tidy_elsewhere_has_deleted_is_back_before_anything_is_written(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """Any process carries on a ``tidy``; that one then ends and says so."""
    before = plant(backend)
    child = first(tmp_path / "there", _before_deletion(1), lambda: tidy(backend, "tidy__1"))
    assert [RUNNING in one for one in warnings(backend)] == [True]
    store = backend.open()
    store.write(WEATHER, [weather(n, Grade.OBSERVED) for n in SLOTS], "heal/1")
    assert plant(backend) == before
    assert ended(child) == REFUSED
    assert plant(backend) == before
    assert warnings(backend) == []


@pytest.mark.parametrize("number", [0, 1, 3])
@pytest.mark.parametrize("dies", [False, True])
def test_a_retype_after_a_tidy_was_carried_on_loses_nothing_of_it(
    backend: InfluxBackend, tmp_path: Path, number: int, *, dies: bool
) -> None:
    """The types have changed when its last deletions come: what it took has the new ones."""
    before = plant(backend)
    child = first(
        tmp_path / "there", _before_deletion(number, dies=dies), lambda: tidy(backend, "tidy__1")
    )
    tidy_service(run(backend), [WEATHER], "tidy__2")
    assert retype(backend, tmp_path / "1.lp") > 0
    assert plant(backend) == before
    is_last = number == len(SLOTS) - 1  # nothing is left to do after it
    assert ended(child) == (-signal.SIGKILL if dies else 0 if is_last else REFUSED)
    if dies:
        assert plant(backend) != before
        (warning,) = warnings(backend)
        assert warning == (
            "Points of weather_data from 2026-01-01T00:00:00Z to 2026-01-01T03:00:00Z that a "
            "removal of the batch tidy__1 took were written back and are missing again: the next "
            "`heal` or run of gap_detection writes them back."
        )
        backend.open().verify()
    assert plant(backend) == before
    assert warnings(backend) == []
    assert retype(backend, tmp_path / "2.lp") == 0
    tidy(backend, "tidy__3")
    assert plant(backend) == before
    assert backend.open().copies(WEATHER, DAY).values == 0


def test_a_tidy_that_was_carried_on_elsewhere_deletes_no_more(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """It looks between two deletions, and says how far it came."""
    before = plant(backend)
    said = tmp_path / "said"

    def do() -> None:
        try:
            tidy(backend, "tidy__1")
        except StoreError as exc:
            said.write_text(str(exc))
            raise

    child = first(tmp_path / "there", _before_deletion(1), do)
    backend.open().verify()
    assert ended(child) == REFUSED
    assert "so this one has ended after 2 of 4 deletions. Run it again." in said.read_text()
    assert plant(backend) == before
    tidy(backend, "tidy__2")
    assert plant(backend) == before
    assert backend.open().copies(WEATHER, DAY).values == 0


def entry(backend: InfluxBackend, fields: Mapping[str, str], state: str, **about: str) -> None:
    """Note an entry of a tidy: the plant's points as they were read, or our own under no name."""
    tags = {"place": "linares"} if "" in fields else {"place": "linares", "station_id": "5279X"}
    points = [[tags, to_ns(hour(n)), dict(fields)] for n in SLOTS]
    said = {"owner": "", "measurement": "weather_data", "own": journal.own_of(WEATHER)}
    lines = json.dumps({**said, "is_retype": False, "points": points})
    texts = {"lines": lines, "about": json.dumps(about) if about else "", "state": state}
    noted = ",".join(f"{name}={json.dumps(text)}" for name, text in texts.items())
    backend.engine.write(backend.bucket, [f"gapfill_journal {noted} {to_ns(hour(0))}"])


def delete_station(backend: InfluxBackend) -> None:
    """Delete the points of the plant in the four hours."""
    tags = {"place": "linares", "station_id": "5279X"}
    client = InfluxClient(backend.engine.access(backend.bucket))
    client.delete("weather_data", tags, to_ns(hour(0)), to_ns(hour(3)))


def test_an_entry_of_another_type_that_an_earlier_build_left_is_written_back(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """Whole numbers, where the shard holds floats by now: until then ``status`` names it."""
    before = plant(backend)
    retype(backend, tmp_path / "1.lp")
    delete_station(backend)
    entry(backend, {"pressure": "pressure=950i", "cloud": "cloud=1i"}, "back 1")
    (warning,) = warnings(backend)
    assert warning.startswith("Points of weather_data from 2026-01-01T00:00:00Z to ")
    assert warning.endswith("the next `heal` or run of gap_detection writes them back.")
    backend.open().verify()
    after = plant(backend)
    assert [row[0] for row in after] == [row[0] for row in before]
    assert [row[1:3] for row in after if row[3] == "5279X"] == [[950.0, 1]] * 4
    assert warnings(backend) == []


ABOUT = {
    "series": "weather_hourly",
    "measurement": "weather_data",
    "batch": "tidy__1",
    "first": "2026-01-01T00:00:00+00:00",
    "last": "2026-01-01T03:00:00+00:00",
}
NAMED = (
    "Points of weather_data from 2026-01-01T00:00:00Z to 2026-01-01T03:00:00Z that a removal of "
    "the batch tidy__1 took are missing, and the store refuses them. "
)


@pytest.mark.parametrize("state", ["open", "taken 1", "back 1"])
def test_points_that_are_refused_are_named_until_a_retype_makes_room_for_them(
    backend: InfluxBackend, tmp_path: Path, state: str
) -> None:
    """A fraction where another program has written whole numbers since: no heal can write it."""
    delete_station(backend)
    backend.engine.write(backend.bucket, [f"{STATION} pressure=7i {to_ns(hour(9))}"])
    entry(backend, {"pressure": "pressure=950.5", "cloud": "cloud=1i"}, state, **ABOUT)
    for _ in range(2):
        backend.open().verify()
        (warning,) = warnings(backend)
        assert warning.startswith(NAMED + "Run `gapfill retype weather_hourly --yes`, which ")
        assert '"pressure"' in warning
    assert retype(backend, tmp_path / "1.lp") > 0
    rows = [row[1:3] for row in plant(backend) if row[3] == "5279X"]
    assert rows == [[950.5, 1]] * 4 + [[7.0, None]]
    assert warnings(backend) == []


def test_points_that_another_program_keeps_out_are_named_with_its_field(
    backend: InfluxBackend,
) -> None:
    """No command of Gapfill changes the type of a field of others; all other fields are there."""
    delete_station(backend)
    entry(backend, {"pressure": "pressure=950i", "cloud": 'cloud="thick"'}, "back 1", **ABOUT)
    backend.open().verify()
    (warning,) = warnings(backend)
    assert warning.startswith(NAMED + "Correct or delete what another program has written there ")
    assert '"cloud"' in warning
    rows = [row[1:3] for row in plant(backend) if row[3] == "5279X"]
    assert rows == [[950, None]] * 4


def test_points_of_our_own_that_are_refused_are_named_too(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """They are written whole, after a retype."""
    plain = backend.another()
    plain.engine.write(plain.bucket, [f"{STATION} temperature=7i {to_ns(hour(9))}"])
    own = "temperature=20.5,humidity=50.5,gapfill_grade=30i"
    entry(plain, {"": own}, "open", **ABOUT)
    plain.open().verify()
    (warning,) = warnings(plain)
    assert warning.startswith(NAMED + "Run `gapfill retype weather_hourly --yes`, which ")
    assert retype(plain, tmp_path / "1.lp") > 0
    rows = plain.engine.ask(plain.bucket, "SELECT temperature, humidity FROM weather_data")
    assert [row[1:] for row in rows] == [[20.5, 50.5]] * 4 + [[7.0, None]]
    assert warnings(plain) == []
    plain.close()
