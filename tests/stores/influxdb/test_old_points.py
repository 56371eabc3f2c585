"""Points older than the bucket's rule in a shard that the server has not dropped yet."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.errors import PartialWrite
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.points import from_ns
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
    """Return a bucket with hourly whole numbers of the last 16 days, in shards of a week."""
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "here"))
    made = InfluxBackend(tmp_path)
    now = datetime.fromtimestamp(time.time(), UTC).replace(minute=0, second=0, microsecond=0)
    lines = [
        f'{PLANT} price_eur_mwh={n}i,volume=5i,note="n {n}" {to_ns(now - n * timedelta(hours=1))}'
        for n in range(1, 16 * 24)
    ]
    made.engine.write(made.bucket, lines)
    yield made
    made.close()


def stored(backend: InfluxBackend) -> list[int]:
    """Return the instants of the prices, in seconds."""
    return [int(str(row[0])) for row in prices(backend)]


def instants_of_live_shards(backend: InfluxBackend) -> list[int]:
    """Return the instants, in seconds, of points in shards that end within the rule."""
    oldest = datetime.fromtimestamp(time.time(), UTC) - timedelta(days=KEPT_DAYS)
    shard = InfluxClient(backend.engine.access(backend.bucket)).bucket.shard_of(oldest)
    assert shard is not None
    return [one for one in stored(backend) if one >= shard.start.timestamp()]


def test_a_killed_retype_brings_back_what_became_too_old_since(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """The server would answer these points still; the rest it drops itself."""
    live = instants_of_live_shards(backend)
    child = first(
        tmp_path / "here", lambda: deadly(stop), lambda: retype(backend, tmp_path / "1.lp")
    )
    assert ended(child) == -signal.SIGKILL
    assert len(prices(backend)) < len(live)
    backend.engine.keep(backend.bucket, KEPT_DAYS)
    backend.open().verify()
    retype(backend, tmp_path / "2.lp")
    assert [one for one in stored(backend) if one >= live[0]] == live
    assert backend.open().unfinished() == []


def test_points_older_than_the_rule_are_written_where_their_shard_is_there(
    backend: InfluxBackend,
) -> None:
    """By themselves the server refuses them; those of a shard that is too old it refuses always."""
    live = instants_of_live_shards(backend)
    backend.engine.keep(backend.bucket, KEPT_DAYS)
    server = InfluxClient(backend.engine.access(backend.bucket))
    start = to_ns(server.bucket.shard_of(from_ns(live[0] * 10**9)).start)  # type: ignore[union-attr] # told by both versions
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
