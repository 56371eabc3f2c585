"""The command line on an InfluxDB: looked at first, healed, moved in and out, and out of reach."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from gapfill.errors import StoreError
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.store import InfluxStore
from tests.builders import PVPC
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.fault_proxy import HTML, Fault, FaultProxy
from tests.stores.influxdb.forwarder import ORG, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.server, pytest.mark.usefixtures("installed")]

RANGE = ("--start", "2025-10-26", "--end", "2025-10-26")
"""A day of 25 hours."""


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return a bucket with what another program wrote: October's first day."""
    made = InfluxBackend(tmp_path)
    lines = [
        f"energy_prices,market=pvpc,geo=8741 price_eur_mwh={n} {1759269600 + 3600 * n}"
        for n in range(24)
    ]
    made.engine.write(made.bucket, lines, "s")
    yield made
    made.close()


@pytest.fixture
def proxy(bucket: InfluxBackend) -> Iterator[FaultProxy]:
    """Return a proxy before it, which keeps what was asked and does no harm yet."""
    made = FaultProxy(bucket.engine.url)
    yield made
    made.close()


def connect(monkeypatch: pytest.MonkeyPatch, url: str, name: str, **more: object) -> None:
    """Name the store in the environment, as a person does."""
    parts = urlsplit(url)
    extra = {"token": TOKEN, "org": ORG, "bucket": name, "timeout": 2} | more
    document = {
        "conn_type": "influxdb",
        "host": f"http://{parts.hostname}",
        "port": parts.port,
        "extra": extra,
    }
    monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_STORE", json.dumps(document))


def test_looking_writes_nothing(
    cli: Cli, bucket: InfluxBackend, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status, plan, explain and export only ever ask, also of a bucket Gapfill has never seen."""
    connect(monkeypatch, proxy.url, bucket.bucket)
    proxy.sent = []
    ran = cli("status", "--json")
    assert (ran.code, ran.document["state"]) == (3, "gaps")
    (series,) = ran.document["series"]
    assert series["slots"]["complete"] == 24
    assert series["gaps"][0]["start"] == "2025-10-01T22:00:00Z"
    assert cli("plan").code == 0
    assert cli("explain", "pvpc", "2025-10-26T00:00:00Z").code == 0
    assert cli("export", "pvpc", *RANGE).code == 0
    assert "/query" in proxy.paths
    assert set(proxy.paths) <= {"/query", "/api/v2/buckets", "/api/v2/dbrps"}
    assert proxy.sent == []
    assert bucket.engine.ask(bucket.bucket, "SHOW MEASUREMENTS") == [["energy_prices"]]


def test_healing_writes_what_lacks_and_undo_takes_it_back(
    cli: Cli, bucket: InfluxBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same answers as with the embedded store, in the measurements of the contract."""
    connect(monkeypatch, bucket.engine.url, bucket.bucket)
    before = bucket.engine.ask(bucket.bucket, "SELECT price_eur_mwh FROM energy_prices")
    healed = cli("heal", *RANGE, "--json")
    assert healed.code == 0, healed.err
    (certificate,) = healed.document["certificates"]
    assert certificate["slots_filled"] == 25
    assert cli("status", *RANGE, "--json").document["state"] == "ok"
    tags = bucket.engine.ask(bucket.bucket, "SHOW SERIES FROM energy_prices")
    assert tags == [["energy_prices,geo=8741,market=pvpc"]]
    undone = cli("undo", certificate["batch"])
    assert undone.code == 0
    assert "25" in undone.out
    after = bucket.engine.ask(bucket.bucket, "SELECT price_eur_mwh FROM energy_prices")
    assert after == before


def test_a_week_that_is_refused_stops_nothing_else(
    cli: Cli, bucket: InfluxBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are healed, the week is named, asked for no more, and healed after a retype."""
    monday = 1760313600  # 2025-10-13T00:00:00Z
    lines = [
        f"energy_prices,market=pvpc,geo=8743 price_eur_mwh=7i {monday + 3600 * n}" for n in (3, 9)
    ]
    bucket.engine.write(bucket.bucket, lines, "s")
    connect(monkeypatch, bucket.engine.url, bucket.bucket)
    healed = cli("heal", "--start", "2025-10-02", "--end", "2025-10-26", "--json")
    assert healed.code == 3, healed.err
    assert healed.document["units_failed"] == 1
    (failed,) = (c for c in healed.document["certificates"] if c["outcome"] == "failed")
    assert "2025-10-13 to 2025-10-19, so 70 of" in failed["note"]
    written = {c["batch"]: c["slots_filled"] for c in healed.document["certificates"]}
    listed = {b["batch"]: b["slots"] for b in cli("batches", "--json").document["batches"]}
    assert listed == {batch: slots for batch, slots in written.items() if slots}
    status = cli("status", "--start", "2025-10-02", "--end", "2025-10-26", "--json")
    (gap,) = status.document["series"][0]["gaps"]
    assert (gap["start"], gap["slots"]) == ("2025-10-13T00:00:00Z", 168)
    assert (status.code, gap["state"]) == (0, "unfillable")
    assert "as integer in its shard 2025-10-13 to 2025-10-19" in gap["reason"]
    again = cli("heal", "--start", "2025-10-02", "--end", "2025-10-26", "--json")
    assert (again.code, again.document["calls"]) == (0, 0)
    monkeypatch.chdir(tmp_path)
    dry = cli("retype", "pvpc")
    assert (dry.code, list(tmp_path.glob("*.lp"))) == (0, [])
    assert "price_eur_mwh (integer)" in dry.out
    assert "Nothing is changed. With --yes" in dry.out
    done = cli("retype", "pvpc", "--yes", "--file", "saved.lp")
    assert done.code == 0, done.err
    assert "price_eur_mwh=7i 1760324400000000000" in (tmp_path / "saved.lp").read_text()
    taken = cli("retype", "pvpc", "--yes", "--file", "saved.lp")
    assert (taken.code, taken.out) == (
        0,
        "The store takes floats of pvpc everywhere; nothing to do.\n",
    )
    restored = cli("retype", "pvpc", "--restore", "saved.lp")
    assert "0 of them were missing" in restored.out
    healed = cli("heal", "--start", "2025-10-02", "--end", "2025-10-26", "--json")
    assert (healed.code, healed.document["healed"]) == (
        0,
        {"pvpc": [{"start": "2025-10-13T00:00:00Z", "end": "2025-10-20T00:00:00Z"}]},
    )


def test_a_store_that_is_busy_now_and_then_ends_no_heal(
    cli: Cli, bucket: InfluxBackend, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fifth request is refused: all is healed, and the exit code is 0."""
    connect(monkeypatch, proxy.url, bucket.bucket)
    whole = proxy.fault_for

    def each_fifth(path: str) -> Fault | None:
        """Refuse a request, and take it the next time."""
        whole(path)
        is_refused = len(proxy.paths) % 5 == 0
        return Fault(503, b"busy", {"Retry-After": "0"}) if is_refused else None

    monkeypatch.setattr(proxy, "fault_for", each_fifth)
    ran = cli("heal", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["status"] == "completed"
    assert len(proxy.paths) > 20
    assert cli("status", "--json").document["state"] == "ok"


def test_a_heal_that_a_busy_store_ends_says_what_it_wrote(
    cli: Cli, bucket: InfluxBackend, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By batch, in JSON and in words, with exit code 1; what it wrote can be undone."""
    connect(monkeypatch, proxy.url, bucket.bucket, timeout=0.02)
    monkeypatch.setattr("gapfill.stores.influxdb.config.SHARE", 0)
    connect(monkeypatch, proxy.url, bucket.bucket)
    calls = [0]
    whole = proxy.fault_for

    def after_two_writes(path: str) -> Fault | None:
        """Refuse what comes after the second answer was written."""
        whole(path)
        calls[0] += path.endswith("write")
        return Fault(503) if calls[0] > 5 else None

    monkeypatch.setattr(proxy, "fault_for", after_two_writes)
    ran = cli("heal", "--json")
    assert ran.code == 1
    document = ran.document
    assert (document["status"], document["state"]) == ("failed", "unknown")
    assert "answered 503" in document["error"]
    (batch,) = document["batches"]
    (certificate,) = document["certificates"]
    assert certificate["outcome"] == "failed"
    assert (certificate["slots_filled"], certificate["slots_unproven"]) == (0, batch["slots"])
    assert batch["slots"] > 300
    numbers = "gaps_found", "gaps_resolved", "ree_records_recovered", "slots_enriched", "healed"
    assert [document[key] for key in numbers] == [1, None, None, None, None]
    assert (document["gaps_waiting"], document["weather_records_recovered"]) == (0, 0)
    monkeypatch.setattr(proxy, "fault_for", whole)
    undone = cli("undo", batch["batch"])
    assert undone.code == 0
    calls[0] = 0
    monkeypatch.setattr(proxy, "fault_for", after_two_writes)
    words = cli("heal")
    assert words.code == 1
    assert "Ended before its end" in words.out
    assert "Batches, each of which `undo` takes back:" in words.out
    assert "answered 503" in words.err


def test_moving_from_one_store_to_the_other_and_back_loses_nothing(
    cli: Cli,
    bucket: InfluxBackend,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Values, grades, sources, batches and what was kept."""
    assert cli("heal", *RANGE).code == 0
    first = cli("export", "pvpc", *RANGE).out
    path = tmp_path / "first.csv"
    path.write_text(first)
    connect(monkeypatch, bucket.engine.url, bucket.bucket)
    assert cli("import", "pvpc", str(path)).code == 0
    second = cli("export", "pvpc", *RANGE).out
    assert second == first
    assert first.count("\n") == 26
    path.write_text(second)
    file = {"conn_type": "sqlite", "host": str(tmp_path / "other.db")}
    monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_STORE", json.dumps(file))
    assert cli("import", "pvpc", str(path)).code == 0
    assert cli("export", "pvpc", *RANGE).out == first


FAULTS = {
    "HTML": Fault(200, HTML),
    "busy": Fault(503, b"", {"Retry-After": "30"}),
    "rates": Fault(429, b"", {"Retry-After": "30"}),
    "cut": Fault(cut=True),
    "slow": Fault(slow_s=4),
    "unauthorized": Fault(401, b'{"code":"unauthorized"}'),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_store_that_cannot_be_read_is_unknown_never_ok(
    cli: Cli,
    bucket: InfluxBackend,
    proxy: FaultProxy,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    """Exit code 1, the reason in a sentence, the token nowhere."""
    connect(monkeypatch, proxy.url, bucket.bucket)
    proxy.fault = FAULTS[fault]
    ran = cli("status", "--json")
    assert (ran.code, ran.document["state"]) == (1, "unknown")
    (series,) = ran.document["series"]
    assert series["error"].startswith("The store (connection gapfill_store, bucket")
    assert series["slots"]["complete"] == 0
    healing = cli("heal")
    assert healing.code == 1
    assert TOKEN not in ran.out + ran.err + healing.out + healing.err
    proxy.fault = None
    assert cli("status", "--json").document["state"] == "gaps"


@pytest.mark.parametrize(
    "url, bucket_name, what",
    [
        (None, "nope", "bucket 'nope'"),
        ("http://127.0.0.1:1", None, "no connection can be made to it"),
    ],
    ids=["a wrong bucket", "nobody there"],
)
def test_a_wrong_address_is_unknown_never_ok(
    cli: Cli,
    bucket: InfluxBackend,
    monkeypatch: pytest.MonkeyPatch,
    url: str | None,
    bucket_name: str | None,
    what: str,
) -> None:
    """A database that does not exist answers 200: that must not be taken for nothing stored."""
    connect(monkeypatch, url or bucket.engine.url, bucket_name or bucket.bucket)
    ran = cli("status", "--json")
    assert (ran.code, ran.document["state"]) == (1, "unknown")
    assert what in ran.document["series"][0]["error"]


@pytest.mark.parametrize(
    "extra, what",
    [
        ({"token": ""}, "names no token"),
        ({"org": ""}, "names no org"),
        ({"bucket": ""}, "names no bucket"),
        ({"timeout": "soon"}, "has a 'timeout' in its extra that is not a number"),
    ],
)
def test_a_connection_that_lacks_something_says_what(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, extra: dict[str, object], what: str
) -> None:
    """It names the connection and the key, and shows how one looks."""
    connect(monkeypatch, "http://127.0.0.1:1", "b", **extra)
    ran = cli("status")
    assert ran.code == 1
    assert f"The connection gapfill_store {what}" in ran.err
    assert '"conn_type": "influxdb"' in ran.err
    assert TOKEN not in ran.err


def test_a_retype_leaves_a_shard_with_texts_alone_and_names_the_first(
    cli: Cli, bucket: InfluxBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The other shards are changed; when the text is deleted, that one too."""
    connect(monkeypatch, bucket.engine.url, bucket.bucket)
    monkeypatch.chdir(tmp_path)
    head, week = "energy_prices,market=pvpc,geo=8741 price_eur_mwh", 7 * 86_400
    text, number, truth = 1759269600 + week, 1759269600 + 2 * week, 1759269600 + 3 * week
    lines = [f'{head}="closed" {text}', f"{head}=7i {number}", f"{head}=true {truth}"]
    bucket.engine.write(bucket.bucket, lines, "s")
    delete(bucket, truth)
    done = cli("retype", "pvpc", "--yes", "--file", "saved.lp")
    assert done.code == 1
    assert (
        "The shard from 2025-10-06T00:00Z keeps the type of price_eur_mwh: price_eur_mwh is "
        '"closed" at 2025-10-07T22:00:00Z, which cannot be stored as a float. Delete such points, '
        "or correct the number, and run this again." in done.out
    )
    assert "(string)" in done.out
    assert "(integer)" in done.out
    delete(bucket, text)
    again = cli("retype", "pvpc", "--yes", "--file", "again.lp")
    assert again.code == 0
    assert cli("retype", "pvpc").out.startswith("The store takes floats of pvpc everywhere")
    bucket.engine.write(bucket.bucket, [f"{head}=1.5 {n}" for n in (text, number, truth)], "s")


def delete(bucket: InfluxBackend, second: int) -> None:
    """Delete the points of an instant, and keep another one in its shard."""
    bucket.engine.write(bucket.bucket, [f"energy_prices,of=us other=1i {second + 3600}"], "s")
    ns = second * 10**9
    InfluxClient(bucket.engine.access(bucket.bucket)).delete("energy_prices", {}, ns, ns)


def test_nothing_is_read_or_written_while_a_retype_is_not_finished(
    cli: Cli,
    bucket: InfluxBackend,
    proxy: FaultProxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed after the deletion: no heal fills the plant's slots; run again, all is back."""
    monday = 1760313600  # 2025-10-13T00:00:00Z
    tags = "energy_prices,market=pvpc,geo=8741"
    lines = [f"{tags} price_eur_mwh=77i {monday + 3600 * n}" for n in range(168) if n != 30]
    bucket.engine.write(bucket.bucket, lines, "s")
    connect(monkeypatch, bucket.engine.url, bucket.bucket)
    monkeypatch.chdir(tmp_path)
    asked = "SELECT price_eur_mwh FROM energy_prices"
    before = bucket.engine.ask(bucket.bucket, asked)
    assert len(before) == 24 + 167
    kill_a_retype(bucket, proxy, tmp_path / "saved.lp")
    assert len(bucket.engine.ask(bucket.bucket, asked)) <= 24

    said = "A retype of pvpc is running or was interrupted, and points of energy_prices from "
    week = ("--start", "2025-10-13", "--end", "2025-10-19")
    status = cli("status", "--json")
    assert (status.code, status.document["state"]) == (1, "unknown")
    assert said in status.document["series"][0]["error"]
    assert str(tmp_path / "saved.lp") in status.document["series"][0]["error"]
    (tmp_path / "one.csv").write_text("slot,price_eur_mwh\n2025-10-13T00:00:00Z,1.0\n")
    for command in (
        ("status", *week),
        ("explain", "pvpc", "2025-10-13T03:00:00Z"),
        ("plan", *week),
        ("heal", *week),
        ("heal",),
        ("export", "pvpc", *week),
        ("import", "pvpc", "one.csv"),
        ("tidy", "--yes"),
        ("tidy",),
    ):
        ran = cli(*command)
        assert (ran.code, said in " ".join(f"{ran.out} {ran.err}".split())) == (1, True), command
    assert len(bucket.engine.ask(bucket.bucket, asked)) <= 24

    told = cli("explain", "pvpc", "2025-10-13T03:00:00Z").out
    assert ".." not in told
    assert told.endswith("Next: no source is asked until the store can be read.\n")
    dry = cli("retype", "pvpc")
    assert (dry.code, said in " ".join(dry.out.split())) == (1, True)
    assert cli("status", "--json").document["state"] == "unknown"

    again = cli("retype", "pvpc", "--yes", "--file", "another.lp")
    assert again.code == 0, again.err
    assert "Carried on an earlier retype of pvpc" in again.out
    assert bucket.engine.ask(bucket.bucket, asked) == before
    status = cli("status", *week, "--json")
    gaps = status.document["series"][0]["gaps"]
    assert [gap["start"] for gap in gaps] == ["2025-10-12T22:00:00Z", "2025-10-14T06:00:00Z"]


def test_restoring_names_other_values_and_how_to_put_the_saved_ones_back(
    cli: Cli, bucket: InfluxBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another program by an option, of a batch of Gapfill by undoing it."""
    connect(monkeypatch, bucket.engine.url, bucket.bucket)
    monkeypatch.chdir(tmp_path)
    tags = "energy_prices,geo=8741,market=pvpc"
    (tmp_path / "saved.lp").write_text(f"{tags} price_eur_mwh=7i 1759269600000000000\n")
    first = cli("retype", "pvpc", "--restore", "saved.lp")
    assert first.code == 0, first.err
    assert first.out.splitlines() == [
        "1 point in saved.lp, 0 of them were missing and are written.",
        "Of 1 other point the store holds another value; 0 of them now have the value of the file:",
        (
            f"  {tags} at 2025-09-30T22:00:00Z: price_eur_mwh=7i in the file, "
            "price_eur_mwh=0 in the store"
        ),
        "To put back the values of the file: retype pvpc --restore saved.lp --overwrite",
    ]
    done = cli("retype", "pvpc", "--restore", "saved.lp", "--overwrite")
    assert "1 of them now have the value of the file" in done.out
    assert "--overwrite\n" not in done.out
    asked = "SELECT price_eur_mwh FROM energy_prices WHERE time = 1759269600000000000"
    assert bucket.engine.ask(bucket.bucket, asked) == [[1759269600, 7]]
    wrong = cli("retype", "pvpc", "--overwrite")
    assert (wrong.code, wrong.err) == (2, "--overwrite goes with --restore only.\n")


def kill_a_retype(bucket: InfluxBackend, proxy: FaultProxy, path: Path) -> None:
    """Make floats of the week, cut off after the deletion."""
    store = InfluxStore(bucket.engine.access(bucket.bucket, url=proxy.url))
    wrong = store.wrong_types(PVPC, ["price_eur_mwh"])

    def save(said: str) -> None:
        path.write_text(said)
        written = proxy.paths.count("/api/v2/write")
        proxy.fault = Fault(500, b"killed", path="/api/v2/write", after=written + 1)

    with pytest.raises(StoreError, match="killed"):
        store.retype(PVPC, wrong, save, str(path))
    store.close()
