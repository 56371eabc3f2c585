"""Two ``retype`` or ``tidy`` of one measurement at once, one of them stopped, and then killed.

The processes are real ones. Another folder of locks stands for another machine.
"""

from __future__ import annotations

import os
import platform
import signal
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import StoreError
from gapfill.services.context import RunContext
from gapfill.services.retype import carry_out
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.retype import convert, rehearsal
from gapfill.stores.influxdb.store import InfluxStore
from gapfill.stores.influxdb.undo import recovery_journal
from gapfill.stores.influxdb.undo.foreign_points import Kept
from gapfill.stores.influxdb.undo.recovery import mend_what
from gapfill.stores.influxdb.undo.recovery_journal import QUESTION
from gapfill.stores.influxdb.undo.removal_lock import machine
from gapfill.stores.influxdb.undo.removal_turn import Turn
from tests.builders import PVPC, WEATHER, hour, hours, point
from tests.builders import prices as readings
from tests.catalogs import frozen
from tests.services.conftest import Scripted
from tests.stores.backends import InfluxBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from gapfill.domain.series import Series
    from gapfill.stores.influxdb.retype.rehearsal import Way

pytestmark = pytest.mark.server

PLANT = "energy_prices,geo=8741,market=pvpc"
DAY = hours(264, 288)
REFUSED = 3
STATE = "SELECT state FROM gapfill_journal WHERE lines != ''"
OTHER_PROGRAM = [
    "weather_data,place=linares cloud=3i",
    "weather_data,place=linares,sensor=b rain=4",
]


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InfluxBackend]:
    """Return a bucket with a day of a plant's whole numbers, and copies of an earlier release."""
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "here"))
    made = InfluxBackend(tmp_path)
    lines = [
        f'{PLANT} price_eur_mwh={n}i,volume=5i,note="n {n}" {to_ns(hour(n))}'
        for n in range(264, 288)
    ]
    made.engine.write(made.bucket, lines)
    both = {"temperature": 20.0, "humidity": 50.0}
    copied, kept = both | {"solar_radiation": 400.0}, "solar_radiation:siar/J17:30"
    tags = {"place": "linares", "station": "5279X"}
    for n in range(3):
        made.seed(WEATHER, point(hour(n), tags, both))
        made.seed(WEATHER, point(hour(n), WEATHER.tags, copied, 30, None, "old/a", kept))
        others = [f"{line} {to_ns(hour(n))}" for line in OTHER_PROGRAM]
        made.engine.write(made.bucket, others)
    yield made
    made.close()


def prices(backend: InfluxBackend) -> list[list[object]]:
    """Return all that stands in the prices, of every program."""
    return backend.engine.ask(backend.bucket, "SELECT * FROM energy_prices")


def clouds(backend: InfluxBackend) -> list[list[object]]:
    """Return what stands of another program at the instants of the copies."""
    rows = backend.engine.ask(backend.bucket, "SELECT cloud, rain FROM weather_data")
    return sorted(([*row[1:]] for row in rows), key=str)


def retype(backend: InfluxBackend, path: Path) -> int:
    """Make floats of the prices, as the command does; return how many points were written."""
    store = InfluxStore(backend.engine.access(backend.bucket))
    context = RunContext(frozen(), store, Scripted(), hour(0))
    wrong = store.wrong_types(PVPC, ["price_eur_mwh"])
    return carry_out(context, PVPC, wrong, path) if wrong else 0


def tidy(backend: InfluxBackend, batch: str) -> int:
    """Remove the copies, as the command does."""
    store = InfluxStore(backend.engine.access(backend.bucket))
    store.verify()
    return store.remove_copies(WEATHER, hours(0, 24), batch)


def stop() -> None:
    """Stop this process; ``ended`` lets it go on."""
    os.kill(os.getpid(), signal.SIGSTOP)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def deadly(then: Callable[[], None]) -> None:
    """In a child: call ``then`` right before a deletion of points, and be killed right after."""
    delete = InfluxClient.delete

    def rehearsed(server: InfluxClient, series: Series, shard: object) -> Way:
        way = rehearsal.rehearse(server, series, shard)  # type: ignore[arg-type] # handed on as it came

        def remove(measurement: str) -> None:
            then()
            way.remove(measurement)
            _die()

        return way._replace(remove=remove)

    def deleted(
        server: InfluxClient, measurement: str, tags: Mapping[str, str], first: int, last: int
    ) -> None:
        if measurement != "weather_data":
            delete(server, measurement, tags, first, last)
            return
        then()
        delete(server, measurement, tags, first, last)
        _die()

    patch = pytest.MonkeyPatch()  # never undone: the child is killed
    patch.setattr(convert, "rehearse", rehearsed)
    patch.setattr(InfluxClient, "delete", deleted)


def _stops_before_its_look() -> None:
    """In a child: stop before it looks a last time, and be killed by a deletion."""
    check = Turn.check

    def checked(turn: Turn, numbers: Sequence[int]) -> None:
        stop()
        check(turn, numbers)

    pytest.MonkeyPatch().setattr(Turn, "check", checked)
    deadly(lambda: None)


def _stops_after_its_deletion() -> None:
    """In a child: stop when its points are deleted, and not yet written as floats."""
    finish = Turn.finish

    def finished(turn: Turn, *more: object) -> bool:
        stop()
        return finish(turn, *more)  # type: ignore[arg-type] # handed on as they came

    pytest.MonkeyPatch().setattr(Turn, "finish", finished)


def first(locks: Path, prepare: Callable[[], None], do: Callable[[], object]) -> int:
    """Start a process that does something until it stops itself, and return its number."""
    child = os.fork()
    if child == 0:
        os.environ["GAPFILL_LOCKS"] = str(locks)
        prepare()
        try:
            do()
        except StoreError:
            os._exit(REFUSED)
        os._exit(0)
    _, status = os.waitpid(child, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    return child


def ended(child: int) -> int:
    """Let a stopped process go on, and return its exit code, below 0 for a signal."""
    os.kill(child, signal.SIGCONT)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def test_a_second_retype_on_this_machine_is_refused_by_name(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """Also while the first one is only stopped; killed after its deletion, all comes back."""
    before = prices(backend)
    child = first(
        tmp_path / "here", lambda: deadly(stop), lambda: retype(backend, tmp_path / "1.lp")
    )
    said = rf"^A retype of pvpc \(process {child}, since 20.*of energy_prices in the bucket"
    with pytest.raises(StoreError, match=said):
        retype(backend, tmp_path / "2.lp")
    assert not (tmp_path / "2.lp").exists()
    assert prices(backend) == before
    assert ended(child) == -signal.SIGKILL
    assert prices(backend) == []
    retype(backend, tmp_path / "3.lp")
    assert prices(backend) == before


def test_a_second_tidy_on_this_machine_is_refused_by_name(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """Killed after its deletion, the next write or tidy puts back what is of others."""
    before = clouds(backend)
    assert len(before) == 6
    child = first(tmp_path / "here", lambda: deadly(stop), lambda: tidy(backend, "tidy__1"))
    said = rf"^A tidy of weather_hourly \(process {child}, since 20.*of weather_data in the bucket"
    with pytest.raises(StoreError, match=said):
        tidy(backend, "tidy__2")
    assert ended(child) == -signal.SIGKILL
    assert clouds(backend) != before
    tidy(backend, "tidy__3")
    assert clouds(backend) == before
    assert backend.open().copies(WEATHER, hours(0, 24)).values == 0


@pytest.mark.parametrize("again", ["retype", "verify"])
def test_a_retype_carried_on_elsewhere_may_still_delete_and_nothing_is_lost(
    backend: InfluxBackend, tmp_path: Path, again: str
) -> None:
    """The lock is another one: the entry holds the points until no deletion can come."""
    before = prices(backend)
    child = first(
        tmp_path / "there", lambda: deadly(stop), lambda: retype(backend, tmp_path / "1.lp")
    )
    assert retype(backend, tmp_path / "2.lp") == 24
    assert prices(backend) == before
    store = backend.open()
    assert store.unfinished() == []
    assert store.missing(PVPC, DAY) == []
    assert ended(child) == -signal.SIGKILL
    assert prices(backend) == []
    if again == "verify":
        store.verify()
    else:
        retype(backend, tmp_path / "3.lp")
    assert prices(backend) == before
    assert store.missing(PVPC, DAY) == []


def test_a_write_sees_the_points_that_a_late_deletion_took(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """The value of the plant is there again before a reading of Gapfill is chosen."""
    before = prices(backend)
    child = first(
        tmp_path / "there", lambda: deadly(stop), lambda: retype(backend, tmp_path / "1.lp")
    )
    retype(backend, tmp_path / "2.lp")
    assert ended(child) == -signal.SIGKILL
    store = backend.open()
    assert store.write(PVPC, readings(range(264, 288)), "run/a") >= 0
    found = prices(backend)
    assert [row for row in found if row in before] == before


def test_a_retype_that_was_carried_on_deletes_nothing_any_more(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """Stopped before its last look at the journal, it ends with an error."""
    before = prices(backend)
    child = first(
        tmp_path / "there", _stops_before_its_look, lambda: retype(backend, tmp_path / "1.lp")
    )
    store = backend.open()
    assert len(store.unfinished()) == 1
    assert len(store.wrong_types(PVPC, ["price_eur_mwh"])) == 1
    assert store.unfinished() == []
    assert ended(child) == REFUSED
    assert prices(backend) == before


def test_a_retype_that_was_carried_on_after_its_deletion_writes_only_what_is_missing(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """What another program has corrected since stands, and the entry is kept."""
    before = prices(backend)
    child = first(
        tmp_path / "there", _stops_after_its_deletion, lambda: retype(backend, tmp_path / "1.lp")
    )
    assert prices(backend) == []
    store = backend.open()
    assert store.wrong_types(PVPC, ["price_eur_mwh"]) == []
    assert prices(backend) == before
    backend.engine.write(backend.bucket, [f"{PLANT} price_eur_mwh=1.25 {to_ns(hour(264))}"])
    corrected = prices(backend)
    assert ended(child) == REFUSED
    assert prices(backend) == corrected != before
    assert backend.engine.ask(backend.bucket, STATE) != []


@pytest.mark.parametrize("prepare", [lambda: deadly(stop), _stops_before_its_look])
def test_a_tidy_carried_on_elsewhere_takes_nothing_of_others(
    backend: InfluxBackend, tmp_path: Path, prepare: Callable[[], None]
) -> None:
    """Whether it deletes late or not at all, and was killed after that."""
    before = clouds(backend)
    child = first(tmp_path / "there", prepare, lambda: tidy(backend, "tidy__1"))
    assert tidy(backend, "tidy__2") == 3
    assert clouds(backend) == before
    assert ended(child) in (REFUSED, -signal.SIGKILL)
    store = backend.open()
    store.verify()
    assert clouds(backend) == before
    assert store.copies(WEATHER, hours(0, 24)).values == 0
    store.undo("tidy__2", [WEATHER])
    assert store.copies(WEATHER, hours(0, 24)).values == 6
    store.verify()
    assert store.copies(WEATHER, hours(0, 24)).values == 6


def test_two_retypes_that_begin_at_once_do_not_read_what_the_other_has_deleted(
    backend: InfluxBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was done while the other was reading: the other one deletes nothing."""
    before = prices(backend)
    store = backend.open()
    wrong = store.wrong_types(PVPC, ["price_eur_mwh"])
    proved: list[int] = []

    def prove(*_: object) -> None:
        if not proved:
            proved.append(1)
            monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "there"))
            retype(backend, tmp_path / "other.lp")

    monkeypatch.setattr(convert, "_prove", prove)
    with pytest.raises(StoreError, match="while this one was reading them"):
        store.retype(PVPC, wrong, lambda _: None)
    assert prices(backend) == before


def carry_on_another(backend: InfluxBackend, tmp_path: Path) -> None:
    """Carry on a retype of another machine, which is killed after that; its entry is kept."""
    child = first(
        tmp_path / "there", lambda: deadly(stop), lambda: retype(backend, tmp_path / "1.lp")
    )
    retype(backend, tmp_path / "2.lp")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_what_is_undone_does_not_come_back_from_an_entry_that_is_kept(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """A retype is carried on, and a batch that it had read is taken back after that."""
    store = backend.open()
    store.write(PVPC, readings(range(500, 503)), "run/a")
    carry_on_another(backend, tmp_path)
    assert store.undo("run/a", [PVPC]).removed == 3
    store.verify()
    assert store.read(PVPC, hours(500, 503)) == []


def test_what_is_undone_elsewhere_meanwhile_does_not_come_back(
    backend: InfluxBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also an undo that writes nothing back is seen by a retype of another machine."""
    backend.open().write(PVPC, readings(range(500, 503)), "run/a")
    store = InfluxStore(backend.engine.access(backend.bucket))
    wrong = store.wrong_types(PVPC, ["price_eur_mwh"])
    undone: list[int] = []

    def prove(*_: object) -> None:
        if not undone:
            monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "there"))
            undone.append(backend.open().undo("run/a", [PVPC]).removed)

    monkeypatch.setattr(convert, "_prove", prove)
    with pytest.raises(StoreError, match="while this one was reading them"):
        store.retype(PVPC, wrong, lambda _: None)
    assert undone == [3]
    assert store.read(PVPC, hours(500, 503)) == []


def test_an_undo_is_carried_on_at_once_by_the_same_batch_alone(
    backend: InfluxBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was killed behind its note, and has nothing to write back."""
    store = backend.open()
    store.write(PVPC, readings(range(500, 503)), "run/a")
    store.write(PVPC, readings(range(503, 505)), "run/b")
    delete = InfluxClient.delete

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(InfluxClient, "delete", die)
    with pytest.raises(KeyboardInterrupt):
        store.undo("run/a", [PVPC])
    monkeypatch.setattr(InfluxClient, "delete", delete)
    store.verify()
    assert store.wrong_types(PVPC, ["price_eur_mwh"])  # here the lock shows that it was killed
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "there"))
    with pytest.raises(StoreError, match="was interrupted less than 15 minutes ago"):
        store.wrong_types(PVPC, ["price_eur_mwh"])
    assert store.undo("run/a", [PVPC]).removed == 3
    monkeypatch.setattr("gapfill.stores.influxdb.undo.removal_turn._EMPTY_NS", 0)
    wrong = store.wrong_types(PVPC, ["price_eur_mwh"])
    assert store.retype(PVPC, wrong, lambda _: None) > 0
    assert store.undo("run/b", [PVPC]).removed == 2


def test_what_is_undone_does_not_come_back_from_an_entry_that_was_read_before(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """A run has read the journal and is slow; an undo ends meanwhile."""
    store = backend.open()
    store.write(PVPC, readings(range(500, 503)), "run/a")
    carry_on_another(backend, tmp_path)
    server = InfluxClient(backend.engine.access(backend.bucket))
    (read_before,) = server.ask([QUESTION], "ns")
    assert store.undo("run/a", [PVPC]).removed == 3
    mend_what(server, read_before)
    server.close()
    assert store.read(PVPC, hours(500, 503)) == []


def test_what_is_undone_elsewhere_is_not_written_back_from_an_entry(
    backend: InfluxBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The undo ends between the first look at an entry and its mark."""
    store = backend.open()
    store.write(PVPC, readings(range(500, 503)), "run/a")
    carry_on_another(backend, tmp_path)
    # "*" has the columns of Gapfill's fields, on some versions also when they are gone.
    before = [[v for v in row if v is not None] for row in prices(backend)]
    server = InfluxClient(backend.engine.access(backend.bucket))
    server.delete(PVPC.measurement, PVPC.tags, to_ns(hour(264)), to_ns(hour(264)))
    mark = recovery_journal.mark
    undone: list[int] = []

    def late(client: InfluxClient, numbers: Sequence[int], step: str) -> None:
        if not undone:
            undone.append(0)
            with monkeypatch.context() as elsewhere:
                elsewhere.setenv("GAPFILL_LOCKS", str(tmp_path / "there"))
                undone.append(backend.open().undo("run/a", [PVPC]).removed)
        mark(client, numbers, step)

    monkeypatch.setattr("gapfill.stores.influxdb.undo.recovery.mark", late)
    store.verify()
    server.close()
    assert undone == [0, 3]
    assert store.read(PVPC, hours(500, 503)) == []
    after = prices(backend)
    assert [[v for v in row if v is not None] for row in after] == before[:-3]


def test_an_old_entry_is_left_alone_while_a_retype_is_unfinished(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """Its points could get another type; the retype writes back what it holds itself."""
    carry_on_another(backend, tmp_path)
    before = prices(backend)
    store = InfluxStore(backend.engine.access(backend.bucket))
    server = InfluxClient(backend.engine.access(backend.bucket))
    retyped = recovery_journal.Removal("retype of pvpc", is_retype=True)
    held = [Kept(dict(PVPC.tags), to_ns(hour(265)), {"": "price_eur_mwh=265"})]
    numbers = recovery_journal.keep(server, PVPC, retyped, held)
    server.delete(PVPC.measurement, PVPC.tags, to_ns(hour(264)), to_ns(hour(264)))
    store.verify()
    assert prices(backend) == before[1:]
    recovery_journal.clear(server, numbers)
    store.verify()
    server.close()
    assert prices(backend) == before


def test_processes_of_one_folder_of_locks_have_one_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two containers may have one host name: without a common folder their locks say nothing."""
    monkeypatch.setattr(platform, "node", lambda: "host")
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "here"))
    here = machine()
    assert machine() == here
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "there"))
    assert machine() != here
    monkeypatch.setenv("GAPFILL_LOCKS", "/dev/null/locks")
    assert machine() != machine()
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "here"))
    assert machine() == here


def test_an_entry_that_is_whole_is_emptied_after_a_day(
    backend: InfluxBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before; by then no deletion comes any more."""
    carry_on_another(backend, tmp_path)
    store = backend.open()
    store.verify()
    assert len(backend.engine.ask(backend.bucket, STATE)) == 1
    monkeypatch.setattr("gapfill.stores.influxdb.undo.recovery.SETTLES", timedelta(minutes=-1))
    store.verify()
    assert backend.engine.ask(backend.bucket, STATE) == []
