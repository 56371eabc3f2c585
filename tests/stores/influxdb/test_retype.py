"""Floats of what another program wrote as integers: in shards of a week and of a year, killed."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.reading import Row
from gapfill.domain.series import Grade
from gapfill.errors import StoreError
from gapfill.services.context import RunContext
from gapfill.services.ports import Restored
from gapfill.services.retype import carry_out
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.store import InfluxStore
from tests.builders import PVPC, hour, hours, price, prices
from tests.catalogs import frozen
from tests.services.conftest import Scripted
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.fault_proxy import Fault, FaultProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.server

OURS = "energy_prices,geo=8741,market=pvpc"
OTHER = "energy_prices,geo=8743,market=pvpc"
EXPECTED = {0: "2026-01-12 to 2026-01-18", 52: "2025-02-03 to 2026-02-01"}
"""The shard in which 2026-01-12 lies, by its length in weeks; 0: the server's default, a week."""
WEEK = hours(264, 364)
FIRST, HOLES = 264, (270, 271, 300)
"""The hour of 2026-01-12T00:00Z, and hours of that week that are missing."""


class Bucket(InfluxBackend):
    """A bucket with shards of a length, in which a plant has written whole numbers."""

    def __init__(self, weeks: int) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self.drop()
        self.engine.make_bucket(self.bucket, shard_weeks=weeks)
        lines = [
            f'{head} price_eur_mwh={n}i,volume=5i,note="x, y=7i \\"{n}\\"\nz",ok=true,load={n}.5 '
            f"{to_ns(hour(n)) + fraction}"
            for head in (OURS, OTHER)
            for n in range(FIRST, FIRST + 100)
            for fraction in (0, 17)
            if n not in HOLES or head == OTHER
        ]
        self.engine.write(self.bucket, lines)
        # Another shard, of which this one shows nothing; and another measurement.
        far = [f"{OTHER} price_eur_mwh=8i {to_ns(hour(-20_000))}"]
        # The first instant of the next shard, which a deletion of this one takes on 2.x.
        end = {0: FIRST + 168, 52: 32 * 24}[weeks]
        far.append(f"{OTHER} price_eur_mwh=1.5,volume=6i {to_ns(hour(end))}")
        self.engine.write(self.bucket, [*far, f"others value=1i {to_ns(hour(FIRST))}"])

    def drop(self) -> None:
        """Drop the bucket."""
        self.engine.drop_bucket(self.bucket)

    def seen(self) -> list[list[object]]:
        """Return every point of the measurement."""
        what = 'SELECT "geo", "note", "ok", "load", "price_eur_mwh", "volume" FROM "energy_prices"'
        rows = self.engine.ask(self.bucket, what)
        return sorted(rows, key=str)

    def measurements(self) -> set[str]:
        """Return the names of the measurements of others, and of what must not stay."""
        rows = self.engine.ask(self.bucket, "SHOW MEASUREMENTS")
        return {row[0] for row in rows} - {"gapfill_journal", "gapfill_verify", "gapfill_refused"}


@pytest.fixture(params=EXPECTED)
def weeks(request: pytest.FixtureRequest) -> int:
    """Return the length of the shards, in weeks."""
    length: int = request.param
    return length


@pytest.fixture
def bucket(weeks: int) -> Iterator[Bucket]:
    """Return a bucket with a plant's integers."""
    made = Bucket(weeks)
    yield made
    made.close()


def changed(store: InfluxStore, save: Callable[[str], None]) -> int:
    """Make floats of every field of the prices."""
    names = [field.name for field in PVPC.fields]
    return store.retype(PVPC, store.wrong_types(PVPC, names), save)


def every_use(store: InfluxStore) -> list[Callable[[], object]]:
    """Return everything that reads or writes points of the prices."""
    row = Row(hour(FIRST), {"price_eur_mwh": 1.5}, Grade.OFFICIAL, "ree", "run/a")
    return [
        lambda: store.missing(PVPC, WEEK),
        lambda: store.missing_by_field(PVPC, WEEK),
        lambda: store.lower_grade(PVPC, WEEK),
        lambda: store.missing_optional(PVPC, "price_eur_kwh", WEEK),
        lambda: store.of_source(PVPC, ["ree"], WEEK),
        lambda: store.newest(PVPC),
        lambda: store.newest(PVPC, WEEK.end),
        lambda: store.flaws(PVPC, WEEK),
        lambda: store.ahead(PVPC, WEEK.start),
        lambda: store.copies(PVPC, WEEK),
        lambda: store.remove_copies(PVPC, WEEK, "tidy/a"),
        lambda: store.read(PVPC, WEEK),
        lambda: store.write(PVPC, prices(HOLES), "run/a"),
        lambda: store.import_rows(PVPC, [row]),
        lambda: store.undo("run/old", [PVPC]),
    ]


def test_the_message_names_the_shard_its_bounds_and_every_range(bucket: Bucket, weeks: int) -> None:
    """Whatever the length of the shard, and with the command that changes it."""
    with pytest.raises(StoreError) as caught:
        bucket.open().write(PVPC, prices(HOLES), "run/a")
    said = str(caught.value)
    assert f"holds price_eur_mwh of energy_prices as integer in the shard {EXPECTED[weeks]}" in said
    assert "so 3 of 3 slots were refused there, from 2026-01-12T06:00:00Z to " in said
    assert "2026-01-12T08:00:00Z, 2026-01-13T12:00:00Z to 2026-01-13T13:00:00Z. To make" in said
    assert "gapfill retype pvpc (docs/how_to/influxdb.md, Refused points)" in said


def test_floats_are_taken_after_it_and_nothing_else_has_changed(bucket: Bucket) -> None:
    """Points of others, other fields with their types, other measurements."""
    before, store = bucket.seen(), bucket.open()
    assert len(before) == 2 * (97 + 100) + 2
    shards = store.wrong_types(PVPC, ["price_eur_mwh", "price_eur_kwh"])
    assert [one.fields for one in shards] == [{"price_eur_mwh": "integer"}] * 2
    assert shards[-1].points == 2 * (97 + 100)
    saved: list[str] = []
    points = 2 * (97 + 100) + 2  # with the one beside the last shard
    assert changed(store, saved.append) == points
    assert "".join(saved).count("energy_prices,") == points
    assert bucket.seen() == before
    assert bucket.measurements() == {"energy_prices", "others"}
    assert store.wrong_types(PVPC, ["price_eur_mwh"]) == []
    assert store.write(PVPC, prices(HOLES), "run/a") == 3
    assert "price_eur_mwh=264i" in "".join(saved)
    with pytest.raises(StoreError, match=r"volume.*already exists as type integer"):
        InfluxClient(bucket.engine.access(bucket.bucket)).write(
            [f"{OTHER} volume=1.5 {int(hour(FIRST).timestamp())}"]
        )


def test_killed_anywhere_nothing_is_lost_and_it_is_carried_on(bucket: Bucket) -> None:
    """By doing it again, and by the saved file alone; until then nothing reads or writes there."""
    bucket.open().write(PVPC, [price(1000)], "run/old")
    before, whole, died, refused = bucket.seen(), bucket.open().read(PVPC, WEEK), 0, 0
    for number in range(200):
        saved: list[str] = []
        proxy = FaultProxy(bucket.engine.url)
        proxy.fault = Fault(500, b"killed", after=number)
        store = InfluxStore(bucket.engine.access(bucket.bucket, url=proxy.url))
        try:
            changed(store, saved.append)
        except StoreError:
            died += 1
        else:
            break
        finally:
            store.close()
            proxy.close()
        mender = bucket.open()
        if mender.unfinished():
            refused += 1
            for do in every_use(mender):
                with pytest.raises(StoreError, match="A retype of pvpc is running or was"):
                    do()
        else:
            assert mender.read(PVPC, WEEK) == whole
        if number % 2 and saved:
            mender.restore("".join(saved))
        else:
            mender.wrong_types(PVPC, ["price_eur_mwh"])
        assert bucket.seen() == before, number
        assert mender.unfinished() == []
    assert died >= 12
    assert refused >= 2
    assert bucket.open().write(PVPC, prices(HOLES), "run/a") == 3
    assert bucket.measurements() >= {"energy_prices", "others"}


def _change(bucket: Bucket, path: Path) -> None:
    """Make floats of everything, with the points in a file, as the command does."""
    store = InfluxStore(bucket.engine.access(bucket.bucket))
    context = RunContext(frozen(), store, Scripted(), hour(0))
    carry_out(context, PVPC, store.wrong_types(PVPC, ["price_eur_mwh"]), path)


def test_a_killed_process_leaves_all_in_the_store_or_in_the_file(
    bucket: Bucket, tmp_path: Path
) -> None:
    """Killed at some moments: the file, or doing it again, brings back whatever is missing."""
    before = bucket.seen()
    for moment in range(8):
        path = tmp_path / f"{moment}.lp"
        child = os.fork()
        if child == 0:
            _change(bucket, path)
            os._exit(0)
        time.sleep(0.02 + 0.03 * moment)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        store = bucket.open()
        if moment % 2 and path.exists() and path.read_text().endswith("\n"):
            store.restore(path.read_text())
        else:
            store.wrong_types(PVPC, ["price_eur_mwh"])
        assert bucket.seen() == before, moment
    _change(bucket, tmp_path / "last.lp")
    assert bucket.seen() == before
    assert bucket.open().write(PVPC, prices(HOLES), "run/a") == 3


def test_a_file_puts_back_only_what_is_missing(bucket: Bucket) -> None:
    """What was written since stands."""
    store, saved = bucket.open(), list[str]()
    changed(store, saved.append)
    before = bucket.seen()
    points = 2 * (97 + 100)
    said = "".join(saved)
    assert store.restore(said).written == 0
    first, last = to_ns(hour(-30_000)), to_ns(hour(30_000))
    InfluxClient(bucket.engine.access(bucket.bucket)).delete(
        "energy_prices", {"geo": "8743"}, first, last
    )
    newer = f"{OTHER} price_eur_mwh=1.25 {to_ns(hour(FIRST))}"
    bucket.engine.write(bucket.bucket, [newer])
    found = store.restore(said)
    assert found.points == points + 2
    assert found.written == 202  # the point of 1.25 has other fields, which are missing
    differing = [
        (
            "energy_prices,geo=8743,market=pvpc at 2026-01-12T00:00:00Z: price_eur_mwh=264i in the "
            "file, price_eur_mwh=1.25 in the store"
        )
    ]
    assert (found.differing, found.overwritten, found.batches) == (differing, 0, [])
    after = bucket.seen()
    assert len(after) == len(before)
    changed_rows = [row for row in after if row not in before]
    assert [row[5] for row in changed_rows] == [1.25]
    assert store.restore(said, overwrite=True) == found._replace(written=0, overwritten=1)
    assert bucket.seen() == before
    assert store.restore(said) == Restored(points + 2, 0, [], 0, [])


def test_what_a_batch_wrote_over_a_saved_value_is_taken_back_by_undo(bucket: Bucket) -> None:
    """The value alone would be left with the source of another one."""
    store, saved = bucket.open(), list[str]()
    changed(store, saved.append)
    before, said = bucket.seen(), "".join(saved)
    at = to_ns(hour(FIRST))
    tags = {"geo": "8741", "market": "pvpc"}
    InfluxClient(bucket.engine.access(bucket.bucket)).delete("energy_prices", tags, at, at + 17)
    store.write(PVPC, [price(FIRST, 80.1)], "run/a")
    for overwrite in (False, True):
        found = store.restore(said, overwrite=overwrite)
        assert (found.overwritten, found.batches) == (0, ["run/a"])
        assert found.differing == [
            (
                "energy_prices,geo=8741,market=pvpc at 2026-01-12T00:00:00Z: price_eur_mwh=264i in "
                "the file, price_eur_mwh=80.1 in the store, written by the batch run/a"
            )
        ]
    assert store.undo("run/a", [PVPC]).removed == 1
    store.restore(said)
    assert bucket.seen() == before


def test_each_point_is_counted_and_saved_once(tmp_path: Path) -> None:
    """The first of a shard goes with the one before; four shards of whole numbers in a row."""
    plain = InfluxBackend(tmp_path)
    monday = 96  # 2026-01-05T00:00Z, where a shard begins
    lines = [
        f"{OTHER} price_eur_mwh={n}i {to_ns(hour(n))}" for n in range(monday, monday + 4 * 168)
    ]
    end = f"{OTHER} price_eur_mwh=1.5 {to_ns(hour(monday + 4 * 168))}"
    plain.engine.write(plain.bucket, [*lines, end])
    store, saved = plain.open(), list[str]()
    wrong = store.wrong_types(PVPC, ["price_eur_mwh"])
    assert [one.points for one in wrong] == [168] * 4
    # The one behind the last shard may go with it, so it is written anew, saved and counted too.
    assert store.retype(PVPC, wrong, saved.append) == 673
    assert sorted("".join(saved).splitlines()) == sorted([*lines, end])
    plain.close()


def test_another_value_than_the_old_one_is_written_by_a_living_program(bucket: Bucket) -> None:
    """What the plant writes while a killed one is not finished stands; the rest comes back."""
    before, store = bucket.seen(), bucket.open()
    with pytest.raises(StoreError, match="killed"):
        killed_before_the_floats(bucket)
    assert len(bucket.seen()) < len(before)
    (left,) = store.unfinished()
    assert (left.series, left.measurement, left.file) == ("pvpc", "energy_prices", "/saved.lp")
    assert left.sentence.endswith(
        "so Gapfill does not read or write there. When no retype is running, run `gapfill "
        "retype pvpc "
        "--yes`, which writes them back; they are saved in /saved.lp."
    )
    newer = f"{OTHER} price_eur_mwh=1.25 {to_ns(hour(FIRST))}"
    bucket.engine.write(bucket.bucket, [newer])
    store.wrong_types(PVPC, ["price_eur_mwh"])
    after = bucket.seen()
    assert [row[5] for row in after if row not in before] == [1.25]
    assert len(after) == len(before)
    assert store.unfinished() == []


def killed_before_the_floats(bucket: Bucket) -> None:
    """Make floats of everything, cut off after the deletion of the plant's week."""
    proxy = FaultProxy(bucket.engine.url)
    store = InfluxStore(bucket.engine.access(bucket.bucket, url=proxy.url))
    wrong = store.wrong_types(PVPC, ["price_eur_mwh"])[-1:]

    def save(_: str) -> None:
        path = "/api/v2/write"
        proxy.fault = Fault(500, b"killed", path=path, after=proxy.paths.count(path) + 1)

    try:
        store.retype(PVPC, wrong, save, "/saved.lp")
    finally:
        store.close()
        proxy.close()


def test_what_no_float_holds_stays_as_it_is(bucket: Bucket) -> None:
    """A number above 2 to the 53rd would be another one: it is named, and its shard stays."""
    big = f"{OTHER} price_eur_mwh={2**53 + 1}i {to_ns(hour(FIRST + 2)) + 5}"
    bucket.engine.write(bucket.bucket, [big])
    before = bucket.seen()
    store = bucket.open()
    far, near = store.wrong_types(PVPC, ["price_eur_mwh"])
    named = "price_eur_mwh is 9007199254740993i at 2026-01-12T02:00:00Z"
    assert (far.obstacle, near.obstacle) == ("", named)
    changed(store, lambda _: None)
    assert bucket.seen() == before
    assert store.wrong_types(PVPC, ["price_eur_mwh"]) == [near]


def test_a_field_with_a_text_leaves_the_others_of_its_shard_to_be_changed(bucket: Bucket) -> None:
    """Each field of a shard has a type of its own."""
    text = f'{OTHER} price_eur_kwh="closed" {to_ns(hour(FIRST + 2)) + 5}'
    bucket.engine.write(bucket.bucket, [text])
    store, names = bucket.open(), ["price_eur_mwh", "price_eur_kwh"]
    stays = {"price_eur_kwh": "string"}
    found = store.wrong_types(PVPC, names)
    assert [one.fields for one in found] == [{"price_eur_mwh": "integer"}] * 2 + [stays]
    assert found[-1].obstacle == 'price_eur_kwh is "closed" at 2026-01-12T02:00:00Z'
    assert [one.points for one in found] == [1, 2 * (97 + 100), 1]
    turned = store.wrong_types(PVPC, names[::-1])
    assert [one.points for one in turned] == [1, 2 * (97 + 100), 1]
    changed(store, lambda _: None)
    assert [one.fields for one in store.wrong_types(PVPC, names)] == [stays]


def test_a_bucket_of_floats_needs_nothing(bucket: Bucket) -> None:
    """Of another series, or after it is done."""
    store = bucket.open()
    assert store.wrong_types(PVPC, ["price_eur_kwh"]) == []
    assert store.retype(PVPC, [], lambda _: None) == 0
    with pytest.raises(StoreError):
        store.write(PVPC, [price(HOLES[0])], "run/a")
