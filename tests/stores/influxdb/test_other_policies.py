"""A database of InfluxDB 1.x with two retention policies: a removal goes through both of them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from gapfill.errors import StoreError
from gapfill.stores.influxdb.line_protocol import to_ns
from tests.builders import PVPC, hour, hours, prices
from tests.stores.backends import InfluxBackend

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.server

OURS = "energy_prices,geo=8741,market=pvpc"


class Bucket(InfluxBackend):
    """A bucket that is the default policy of a database with another one, ``monthly``."""

    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        if self.engine.is_2:
            self.close()
            pytest.skip("a bucket of 2.x is all that a deletion goes through")
        policy = f'CREATE RETENTION POLICY "monthly" ON "{self.bucket}" DURATION INF REPLICATION 1'
        self.engine.ask("_", policy)

    def average(self, *hours_: int, measurement: str = OURS) -> None:
        """Write means into the other policy, as a continuous query does."""
        lines = [f"{measurement} mean_price=1.5 {to_ns(hour(n))}" for n in hours_]
        query = urlencode({"db": self.bucket, "rp": "monthly"})
        url = f"http://127.0.0.1:{self.engine.port}/write?{query}"
        with urlopen(Request(url, data="\n".join(lines).encode())):
            pass

    def means(self) -> int:
        """Return how many means there are."""
        what = 'SELECT count("mean_price") FROM "monthly"."energy_prices"'
        rows = self.engine.ask(self.bucket, what)
        return int(rows[0][1]) if rows else 0


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """Return the bucket."""
    made = Bucket()
    yield made
    made.close()


def test_a_retype_that_would_take_points_of_another_policy_is_refused(bucket: Bucket) -> None:
    """Nothing is deleted nor noted, and the sentence names the policy."""
    lines = [f"{OURS} price_eur_mwh={n}i {to_ns(hour(n))}" for n in range(264, 288)]
    bucket.engine.write(bucket.bucket, lines)
    bucket.average(264, 5000)
    store = bucket.open()
    wrong = store.wrong_types(PVPC, ["price_eur_mwh"])
    saved: list[str] = []
    with pytest.raises(StoreError, match=r"'monthly' has points there too\. Nothing was deleted"):
        store.retype(PVPC, wrong, saved.append)
    assert saved == []
    assert bucket.means() == 2
    assert store.unfinished() == []
    assert len(bucket.engine.ask(bucket.bucket, "SELECT price_eur_mwh FROM energy_prices")) == 24


def test_a_retype_beside_other_measurements_of_another_policy_is_done(bucket: Bucket) -> None:
    """Only points of the same measurement would go."""
    bucket.engine.write(bucket.bucket, [f"{OURS} price_eur_mwh=7i {to_ns(hour(264))}"])
    bucket.average(264, measurement="others")
    store = bucket.open()
    wrong = store.wrong_types(PVPC, ["price_eur_mwh"])
    assert store.retype(PVPC, wrong, lambda _: None) == 1
    assert store.wrong_types(PVPC, ["price_eur_mwh"]) == []


def test_an_undo_leaves_slots_at_which_another_policy_has_points(bucket: Bucket) -> None:
    """Its deletion would take these points; without them it is done."""
    store = bucket.open()
    store.write(PVPC, prices(range(264, 267)), "run/a")
    bucket.average(265)
    with pytest.raises(StoreError, match="3 slots of pvpc remain as it wrote them"):
        store.undo("run/a", [PVPC])
    assert bucket.means() == 1
    assert len(store.read(PVPC, hours(264, 267))) == 3
    bucket.engine.ask(bucket.bucket, f'DROP RETENTION POLICY "monthly" ON "{bucket.bucket}"')
    assert bucket.open().undo("run/a", [PVPC]).removed == 3


def test_an_undo_beside_other_points_of_another_policy_is_done(bucket: Bucket) -> None:
    """Points at other instants are not in the way."""
    store = bucket.open()
    store.write(PVPC, prices(range(264, 267)), "run/a")
    bucket.average(263, 268)
    assert store.undo("run/a", [PVPC]).removed == 3
    assert bucket.means() == 2
