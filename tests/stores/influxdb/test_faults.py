"""What goes wrong with an InfluxDB, and what is said of it: every use, every fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.errors import StoreError
from gapfill.services.ports import Block
from gapfill.stores.influxdb.store import InfluxStore
from tests.builders import PVPC, hour, hours, price, prices, row
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.engine import engine
from tests.stores.influxdb.fault_proxy import HTML, Fault, FaultProxy
from tests.stores.influxdb.forwarder import TOKEN
from tests.stores.test_contract_ledger import ENTRY
from tests.time_limit import patient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill.stores.influxdb.config import InfluxConfig

pytestmark = pytest.mark.server

WINDOW = hours(0, 3)

Use = Callable[[InfluxStore], object]

READS: dict[str, Use] = {
    "missing": lambda store: store.missing(PVPC, WINDOW),
    "lower_grade": lambda store: store.lower_grade(PVPC, WINDOW),
    "missing_optional": lambda store: store.missing_optional(PVPC, "price_eur_kwh", WINDOW),
    "newest": lambda store: store.newest(PVPC),
    "read": lambda store: store.read(PVPC, WINDOW),
    "batch_slots": lambda store: store.batch_slots("run/a"),
    "entries": lambda store: store.entries("pvpc"),
    "outcomes": lambda store: store.outcomes("run", "ree"),
    "calls_of": lambda store: store.calls_of("run"),
    "calls_since": lambda store: store.calls_since("ree", hour(0)),
    "records_since": lambda store: store.records_since("ree", hour(0)),
    "load_limits": lambda store: store.load_limits(hour(0)),
    "blocks": lambda store: store.blocks(hour(0)),
}
WRITES: dict[str, Use] = {
    "verify": lambda store: store.verify(),
    "write": lambda store: store.write(PVPC, [price(1)], "run/b"),
    "import_rows": lambda store: store.import_rows(PVPC, [row(1)]),
    "undo": lambda store: store.undo("run/a", [PVPC]),
    "append_ledger": lambda store: store.append_ledger([ENTRY]),
    "record_call": lambda store: store.record_call("ree", hour(0), "run/a"),
    "save_limits": lambda store: store.save_limits("siar", {"calls_day": 1.0}, hour(0)),
    "block": lambda store: store.block(Block("ree", hour(1), "429")),
}
USES = READS | WRITES

HASTY_S = patient(0.5)
"""How long a server that hangs is waited for; one that is well answers in less."""

FAULTS: dict[str, tuple[Fault, str]] = {
    "slow": (
        Fault(slow_s=3 * HASTY_S),
        f"it did not answer within {HASTY_S:g} s; check the server",
    ),
    "cut": (Fault(cut=True, path="/query"), "its answer"),
    "HTML": (Fault(200, HTML), "Welcome to the proxy"),
    "500": (Fault(500, b'{"code":"internal error","message":"boom"}'), "answered 500 (boom)"),
    "503": (Fault(503, b"", {"Retry-After": "30"}), "answered 503 and asks to wait 30 s"),
    "429": (Fault(429, b"", {"Retry-After": "7"}), "answered 429 and asks to wait 7 s"),
    "413": (Fault(413, b"too large"), "answered 413 (too large); raise the server's"),
    "401": (Fault(401, b'{"code":"unauthorized"}'), "check the token in the connection"),
    "redirect": (Fault(302, b"", {"Location": "http://elsewhere/"}), "answered 302"),
    "JSON of another": (Fault(200, b'{"status": "pass"}'), "its answer|answered 200"),
    "an error inside": (
        Fault(200, b'{"results":[{"statement_id":0,"error":"shard is gone"}]}'),
        "shard is gone",
    ),
    "half of the results": (
        Fault(200, b'{"results":[{"statement_id":0,"partial":true}]}'),
        "truncated|answered 200",
    ),
}


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return a bucket with two prices."""
    made = InfluxBackend(tmp_path)
    made.open().write(PVPC, prices([0, 2]), "run/a")
    yield made
    made.close()


@pytest.fixture
def proxy(backend: InfluxBackend) -> Iterator[FaultProxy]:
    """Return a proxy before it, which does no harm yet."""
    made = FaultProxy(backend.engine.url)
    yield made
    made.close()


def access(backend: InfluxBackend, **more: object) -> InfluxConfig:
    """Return how to reach the bucket, in less patience than usual."""
    known = backend.engine.access(backend.bucket, timeout_s=HASTY_S, busy_wait_s=0.1)
    return replace(known, **more)  # type: ignore[arg-type]


def says(store: InfluxStore, use: Use) -> str:
    """Return the sentence of the error that a use of the store must end in."""
    with pytest.raises(StoreError) as caught:
        use(store)
    store.close()
    said = str(caught.value)
    assert TOKEN not in said
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_goes_wrong_is_an_error_in_every_use(
    backend: InfluxBackend, proxy: FaultProxy, fault: str
) -> None:
    """None of them is ever answered as if nothing were there; after it all is as before."""
    proxy.fault, expected = FAULTS[fault]
    parts = expected.split("|")
    uses = {"slow": ["missing", "write", "undo"], "cut": [*READS, "write", "undo"]}.get(fault, USES)
    for name in uses:
        said = says(InfluxStore(access(backend, url=proxy.url)), USES[name])
        assert said.startswith(
            f"The store (connection gapfill_store, bucket '{backend.bucket}' at {proxy.url}) cannot"
        )
        assert any(part in said for part in parts), (name, said)
    proxy.fault = None
    assert InfluxStore(access(backend)).missing(PVPC, WINDOW) == [hours(1, 2)]


@pytest.mark.parametrize("use", USES)
def test_a_server_that_is_down_is_an_error(backend: InfluxBackend, use: str) -> None:
    """The sentence says how to go on."""
    said = says(InfluxStore(access(backend, url="http://127.0.0.1:1")), USES[use])
    assert "no connection can be made to it; start it, or correct host and port" in said


@pytest.mark.parametrize("use", USES)
def test_a_wrong_token_is_an_error(backend: InfluxBackend, use: str) -> None:
    """Neither it nor the right one is in the sentence."""
    said = says(InfluxStore(access(backend, token="wrong-secret")), USES[use])
    assert "answered 401" in said
    assert "check the token in the connection" in said
    assert "wrong-secret" not in said


@pytest.mark.parametrize("use", USES)
def test_a_bucket_that_is_not_there_is_an_error(backend: InfluxBackend, use: str) -> None:
    """For reading it is an error inside an answer of status 200."""
    said = says(InfluxStore(access(backend, bucket="nope")), USES[use])
    assert "bucket 'nope'" in said
    assert "check the name of the bucket" in said or "make the bucket" in said


@pytest.mark.parametrize("use", ["write", "verify", "append_ledger"])
def test_an_organization_that_is_not_there_is_an_error(backend: InfluxBackend, use: str) -> None:
    """Only writing needs it."""
    said = says(InfluxStore(access(backend, org="nobody")), USES[use])
    assert "correct the name of the organization" in said


def test_a_token_that_may_only_read_is_found_out_before_anything_is_asked(
    backend: InfluxBackend,
) -> None:
    """``verify`` writes a real point; reading goes on."""
    token = backend.engine.read_only_token(backend.bucket)
    store = InfluxStore(access(backend, token=token))
    assert store.missing(PVPC, WINDOW) == [hours(1, 2)]
    assert "the right to read and write the bucket" in says(store, USES["verify"])


def test_a_body_that_is_too_large_goes_in_halves(backend: InfluxBackend) -> None:
    """Once a single line is refused there is nothing to be done."""
    calls: list[int] = []

    class Small(FaultProxy):
        def fault_for(self, path: str) -> Fault | None:
            calls.append(1)
            return Fault(413, b"too large") if path.endswith("write") and len(calls) < 4 else None

    small = Small(backend.engine.url)
    store = InfluxStore(access(backend, url=small.url, timeout_s=120.0))
    assert store.write(PVPC, prices(range(10, 30)), "run/b") == 20
    assert store.batch_slots("run/b") == {"pvpc": [hour(n) for n in range(10, 30)]}
    store.close()
    small.close()
    assert len(calls) > 4


def test_a_window_that_is_too_large_is_read_in_halves(backend: InfluxBackend) -> None:
    """What is found is the same, also where a run crosses a cut."""

    class Small(FaultProxy):
        def fault_for(self, path: str) -> Fault | None:
            self.paths.append(path)
            error = b'{"results":[{"statement_id":0,"error":"max-select-point limit exceeded"}]}'
            return Fault(200, error) if len(self.paths) in (1, 2, 4) else None

    backend.open().write(PVPC, prices([100, 2000]), "run/b")
    expected = [hours(1, 2), hours(3, 100), hours(101, 2000), hours(2001, 2400)]
    for question in range(2):
        small = Small(backend.engine.url)
        store = InfluxStore(access(backend, url=small.url, timeout_s=120.0))
        if question == 0:
            assert store.missing(PVPC, hours(0, 2400)) == expected
        else:
            slots = [row.slot for row in store.read(PVPC, hours(0, 2400))]
            assert slots == [hour(0), hour(2), hour(100), hour(2000)]
        assert len(small.paths) > 4
        store.close()
        small.close()


def test_numbers_of_another_type_are_said_by_shard_and_the_rest_is_written(
    backend: InfluxBackend,
) -> None:
    """Whole numbers of another program hold their week against ours; other weeks do not care."""
    engine().write(
        backend.bucket,
        [f"energy_prices,geo=8741,market=pvpc price_eur_mwh=7i {int(hour(400).timestamp())}"],
        "s",
    )
    store = backend.open()
    assert store.read(PVPC, hours(400, 401))[0].values == {"price_eur_mwh": 7.0}
    with pytest.raises(StoreError) as caught:
        store.write(PVPC, prices([200, 401, 402]), "run/b")
    said = str(caught.value)
    assert "holds price_eur_mwh of energy_prices as integer in the shard 2026-01-12 to" in said
    assert "2026-01-12 to 2026-01-18, so 2 of 3 slots were refused there" in said
    assert "docs/how_to/influxdb.md" in said
    assert store.batch_slots("run/b") == {"pvpc": [hour(200)]}
    assert store.missing(PVPC, hours(399, 403)) == [hours(399, 400), hours(401, 403)]
    assert store.undo("run/b", [PVPC]) == (0, 1, 0)


def test_a_refusal_in_one_half_of_a_body_leaves_the_other_written(backend: InfluxBackend) -> None:
    """Also where the body had to be halved for its size."""
    whole = int(hour(400).timestamp())
    engine().write(
        backend.bucket, [f"energy_prices,geo=1,market=pvpc price_eur_mwh=7i {whole}"], "s"
    )
    writes: list[str] = []

    class Small(FaultProxy):
        def fault_for(self, path: str) -> Fault | None:
            writes.extend([path] if path.endswith("write") else [])
            is_whole = path.endswith("write") and len(writes) == 1
            return Fault(413, b"too large") if is_whole else None

    small = Small(backend.engine.url)
    store = InfluxStore(access(backend, url=small.url, timeout_s=120.0))
    said = says(store, lambda one: one.write(PVPC, prices([401, 402, 600, 601]), "run/b"))
    store.close()
    small.close()
    assert len(writes) == 5  # the whole, its halves, what is remembered and withdrawn
    assert "2026-01-12 to 2026-01-18, so 2 of 4 slots were refused there" in said
    assert backend.open().batch_slots("run/b") == {"pvpc": [hour(600), hour(601)]}


def test_what_a_bucket_still_keeps_is_written(backend: InfluxBackend) -> None:
    """Older slots are named; they cost the others nothing, and can be undone."""
    backend.engine.make_bucket("short", keep_days=2)
    store = InfluxStore(backend.engine.access("short"))
    today = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    slots = [today - timedelta(hours=n) for n in (1, 2, 24 * 60, 24 * 61)]
    readings = [Reading(slot, {"price_eur_mwh": 1.0}, Grade.OFFICIAL, "ree") for slot in slots]
    try:
        said = says(store, lambda one: one.write(PVPC, readings, "run/a"))
        assert "2 of 4 slots of pvpc were refused, from" in said
        assert "the bucket keeps points for less time" in said
        assert store.batch_slots("run/a") == {"pvpc": sorted(slots[:2])}
        assert store.undo("run/a", [PVPC]) == (0, 2, 0)
    finally:
        store.close()
        backend.engine.drop_bucket("short")


def test_a_bucket_named_for_a_retention_policy_is_found(backend: InfluxBackend) -> None:
    """As ``influxd upgrade`` names those that come from 1.x."""
    made = "plant/autogen" if engine().is_2 else "plant"
    backend.engine.make_bucket(made)
    store = InfluxStore(backend.engine.access("plant/autogen"))
    try:
        assert store.write(PVPC, prices([0, 1]), "run/a") == 2
        assert store.missing(PVPC, hours(0, 3)) == [hours(2, 3)]
        assert store.undo("run/a", [PVPC]) == (0, 2, 0)
    finally:
        store.close()
        backend.engine.drop_bucket(made)


def test_a_bucket_that_keeps_points_for_less_time_is_said(backend: InfluxBackend) -> None:
    """Such a server drops old points: they are never counted as written."""
    backend.engine.make_bucket("short", keep_days=2)
    store = InfluxStore(backend.engine.access("short"))
    try:
        said = says(store, lambda one: one.write(PVPC, prices([0, 1]), "run/a"))
        assert "the bucket keeps points for less time than the series goes back" in said
        assert store.batch_slots("run/a") == {}
        assert store.missing(PVPC, hours(0, 2)) == [hours(0, 2)]
    finally:
        backend.engine.drop_bucket("short")
