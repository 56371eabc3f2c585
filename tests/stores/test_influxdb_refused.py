"""The way out of refused points in ``docs/influxdb.md``, followed word for word."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import StoreError
from gapfill.stores import influxdb_text as text
from gapfill.stores.influxdb import InfluxStore
from tests.builders import PVPC, hour, hours, prices
from tests.stores.influx_engine import Engine, find_influxd, is_2
from tests.stores.influx_forwarder import ORG, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.server

GUIDE = Path(__file__).parents[2] / "docs" / "influxdb.md"
FIRST = 264
"""2026-01-12 00:00 UTC, in hours."""
WEEK = range(FIRST, FIRST + 168)


@pytest.fixture
def server() -> Iterator[Engine]:
    """Return a 2.x of the test's own, as its files are read."""
    program = find_influxd()
    assert program
    assert is_2(program), "only collected where there is a 2.x: conftest.py"
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("the guide's commands need bash and curl")
    made = Engine(program)
    yield made
    made.close()


def steps() -> list[str]:
    """Return the blocks of commands of the section, in order."""
    section = GUIDE.read_text().split("### Refused points")[1].split("\n## ")[0]
    return [
        re.sub(r"^   ", "", block, flags=re.MULTILINE)
        for block in re.findall(r"   ```sh\n(.*?)   ```", section, re.DOTALL)
    ]


def test_the_week_holds_floats_after_it_and_lacks_nothing(server: Engine, tmp_path: Path) -> None:
    """Other tag sets, other fields and the week's first and last point are as they were."""
    heads = [f"energy_prices,geo={geo},market=pvpc" for geo in ("8741", "8743")]
    server.make_bucket("plant")
    server.make_bucket("check")
    lines = [
        f'{head} price_eur_mwh={99999 if n == FIRST else n}i,volume=5i,note="x price_eur_mwh=7i 9" '
        f"{text.to_ns(hour(n + fraction))}"
        for head in heads
        for n in WEEK
        for fraction in (0, 0.99)
        if n % 19 or "8743" in head
    ]
    around = [f"{heads[0]} price_eur_mwh=1.5 {text.to_ns(hour(n))}" for n in (FIRST - 1, WEEK.stop)]
    server.write("plant", lines + around)

    def seen() -> list[list[object]]:
        what = 'SELECT "geo", "note", "price_eur_mwh", "volume" FROM "energy_prices"'
        return sorted(server.ask("plant", what), key=str)

    before = seen()
    assert len(before) == len(lines) + 2
    store = InfluxStore(server.access("plant"))
    gaps = [n for n in WEEK if n % 19 == 0]
    with pytest.raises(StoreError, match=r"2026-01-12 to 2026-01-18.*Refused points"):
        store.write(PVPC, prices(gaps), "run/a")
    known = {
        "http://127.0.0.1:8086": server.url,
        "ORG=ORG": f"ORG={ORG}",
        "BUCKET=BUCKET": "BUCKET=plant",
        "BUCKET_ID=ID": f"BUCKET_ID={server.bucket_id('plant')}",
        "TOKEN=TOKEN": f"TOKEN={TOKEN}",
        "/var/lib/influxdb/engine": f"{server.folder}/engine",
    }
    first, *others = steps()
    assert len(others) == 3
    for old, new in known.items():
        assert old in first
        first = first.replace(old, new)
    program = "\n".join(["set -e", first, *others]).replace(
        "influxd inspect", f"{server.program} inspect"
    )
    ran = subprocess.run(
        [shutil.which("bash") or "", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split().count("204") == 3, ran.stdout + ran.stderr
    assert seen() == before
    assert store.write(PVPC, prices(gaps), "run/b") == len(gaps)
    assert store.absent(PVPC, hours(WEEK.start, WEEK.stop)) == []
    store.close()
