"""Points older than the bucket's rule in a shard that the server has not dropped yet."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import StoreError
from gapfill.stores.influxdb.bucket import WEEK, span_at
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.errors import PartialWrite
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.undo.foreign_points import Kept
from gapfill.stores.influxdb.undo.old_points import AT_ONCE, kept_still, write
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.test_two_removals import deadly, ended, first, prices, retype, stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.server

KEPT_DAYS = 8 if datetime.now(UTC).weekday() else 10
"""More than a shard of a week, as InfluxDB 1.x wants it, and not from Monday to Monday: a shard
has points on either side of the rule."""

TAGS = {"geo": "8741", "market": "pvpc"}
PLANT = "energy_prices,geo=8741,market=pvpc"


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InfluxBackend]:
    """Return a bucket with hourly whole numbers, from the start of a shard across the rule."""
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "here"))
    made = InfluxBackend(tmp_path)
    now = datetime.fromtimestamp(time.time(), UTC).replace(minute=0, second=0, microsecond=0)
    start = span_at(now - timedelta(days=KEPT_DAYS), WEEK).start
    lines = [
        f'{PLANT} price_eur_mwh={n}i,volume=5i,note="n {n}" {to_ns(start + n * timedelta(hours=1))}'
        for n in range((now - start) // timedelta(hours=1))
    ]
    made.engine.write(made.bucket, lines)
    yield made
    made.close()


def stored(backend: InfluxBackend) -> list[int]:
    """Return the instants of the prices, in seconds."""
    return [int(str(row[0])) for row in prices(backend)]


def test_a_killed_retype_brings_back_what_became_too_old_since(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """The server would answer these points still."""
    live = stored(backend)
    child = first(
        tmp_path / "here", lambda: deadly(stop), lambda: retype(backend, tmp_path / "1.lp")
    )
    assert ended(child) == -signal.SIGKILL
    assert len(stored(backend)) < len(live)
    backend.engine.keep(backend.bucket, KEPT_DAYS)
    backend.open().verify()
    retype(backend, tmp_path / "2.lp")
    assert stored(backend) == live
    assert backend.open().unfinished() == []


def test_what_the_server_refuses_of_a_shard_that_is_there_stays_in_the_entry(
    backend: InfluxBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is reported, as long as the server may keep it; after that it is given up."""
    live = stored(backend)
    child = first(
        tmp_path / "here", lambda: deadly(stop), lambda: retype(backend, tmp_path / "1.lp")
    )
    assert ended(child) == -signal.SIGKILL
    backend.engine.keep(backend.bucket, KEPT_DAYS)
    monkeypatch.setattr("gapfill.stores.influxdb.undo.old_points._CLOCKS_NS", -(10**18))
    monkeypatch.setattr("gapfill.stores.influxdb.client.LINES", 1)  # no younger one beside it
    with pytest.raises(StoreError, match="are refused by the server and cannot be written back"):
        retype(backend, tmp_path / "2.lp")
    (left,) = backend.open().unfinished()
    assert "retention" in left.refused
    monkeypatch.undo()
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "here"))
    retype(backend, tmp_path / "3.lp")
    assert stored(backend) == live
    assert backend.open().unfinished() == []


def test_points_older_than_the_rule_are_written_where_their_shard_is_there(
    backend: InfluxBackend,
) -> None:
    """By themselves the server refuses them; those of a shard that is too old it refuses always."""
    start = stored(backend)[0] * 10**9
    backend.engine.keep(backend.bucket, KEPT_DAYS)
    server = InfluxClient(backend.engine.access(backend.bucket))
    points = [Kept(TAGS, start + 1 + n, {"volume": f"volume={n}i"}) for n in range(AT_ONCE + 1)]
    with pytest.raises(PartialWrite, match="retention") as refused:
        server.write([one.line("energy_prices") for one in points], "ns")
    assert refused.value.is_old
    write(server, "energy_prices", points)
    found = backend.engine.ask(backend.bucket, "SELECT volume, note FROM energy_prices")
    assert [volume for _, volume, note in found if note is None] == list(range(AT_ONCE + 1))
    gone = [Kept(TAGS, start - 1, {"volume": "volume=7i"})]
    with pytest.raises(PartialWrite, match="retention"):
        write(server, "energy_prices", [*points, *gone])
    assert kept_still(server, [*gone, *points]) == points
