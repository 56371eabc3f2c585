"""The way out of refused points in ``docs/how_to/influxdb.md``, followed word for word."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import Cli, catalogue, cli, environment, installed, sandbox, store
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb import connection

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["catalogue", "cli", "environment", "installed", "sandbox", "store"]

pytestmark = [pytest.mark.airflow, pytest.mark.server, pytest.mark.usefixtures("installed")]

GUIDE = Path(__file__).parents[3] / "docs" / "how_to" / "influxdb.md"

MONDAY = 1760313600
"""2025-10-13T00:00:00Z."""
HOLES = (5, 6, 100)
SHARDS = {0: "2025-10-13 to 2025-10-19", 52: "2025-02-03 to 2026-02-01"}
"""The shard of that day by its length in weeks; 0: the server's default, a week."""
RANGE = ("--start", "2025-10-13T00:00:00Z", "--end", "2025-10-20T00:00:00Z")


def commands() -> list[list[str]]:
    """Return the commands of the section, in order."""
    section = GUIDE.read_text().split("### Refused points")[1].split("\n## ")[0]
    blocks = re.findall(r" *```sh\n(.*?) *```", section, re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    assert all(line.startswith("python -m gapfill ") for line in lines)
    return [line.split()[3:] for line in lines]


@pytest.fixture(params=SHARDS)
def weeks(request: pytest.FixtureRequest) -> int:
    """Return the length of the shards, in weeks."""
    length: int = request.param
    return length


@pytest.fixture
def bucket(weeks: int, tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return a bucket in which a plant has written whole numbers, of two places."""
    made = InfluxBackend(tmp_path)
    made.engine.drop_bucket(made.bucket)
    made.engine.make_bucket(made.bucket, shard_weeks=weeks)
    lines = [
        f'energy_prices,geo={geo},market=pvpc price_eur_mwh={n}i,volume=5i,note="x, y=7i" '
        f"{MONDAY + 3600 * n}"
        for geo in ("8741", "8743")
        for n in range(168)
        if n not in HOLES or geo == "8743"
    ]
    made.engine.write(made.bucket, lines, "s")
    yield made
    made.close()


def seen(bucket: InfluxBackend) -> list[list[object]]:
    """Return what the plant has, as it reads it."""
    what = 'SELECT "geo", "note", "price_eur_mwh", "volume" FROM "energy_prices" WHERE "volume" = 5'
    return sorted(bucket.engine.ask(bucket.bucket, what), key=str)


def test_the_shard_holds_floats_after_it_and_lacks_nothing(
    cli: Cli,
    bucket: InfluxBackend,
    weeks: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Shards of a week and of a year; the points of the plant are as they were."""
    monkeypatch.setenv(
        "AIRFLOW_CONN_GAPFILL_STORE",
        connection.document(urlsplit(bucket.engine.url), bucket.bucket),
    )
    monkeypatch.chdir(tmp_path)
    before = seen(bucket)
    assert len(before) == 168 * 2 - 3
    refused = cli("heal", *RANGE)
    assert refused.code != 0
    assert f"as integer in the shard {SHARDS[weeks]}, so 3 of" in refused.out + refused.err
    looking, doing, healing, restoring = commands()
    assert looking[0] == doing[0] == restoring[0] == "retype"
    assert cli(*looking).code == 0
    assert seen(bucket) == before
    done = cli(*doing)
    assert done.code == 0, done.err
    assert seen(bucket) == before
    healed = cli(*healing, *RANGE)
    assert healed.code == 0, healed.err
    assert seen(bucket) == before
    restored = cli(*restoring)
    assert restored.code == 0, restored.err
    assert seen(bucket) == before
    status = cli("status", *RANGE, "--json")
    assert status.document["series"][0]["gaps"] == []
