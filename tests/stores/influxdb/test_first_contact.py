"""The first contact: one bucket for reads and writes, the rights of a token, other servers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import StoreError
from gapfill.stores.influxdb import first_contact as contact
from gapfill.stores.influxdb.config import InfluxConfig
from gapfill.stores.influxdb.store import InfluxStore
from tests.builders import PVPC, hours
from tests.sources.http.raw_server import RawServer, reply
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.fault_proxy import Fault, FaultProxy
from tests.stores.influxdb.forwarder import ORG, TOKEN
from tests.stores.influxdb.small_server import SmallServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIST = {"results": [{"series": [{"columns": ["name"], "values": [["_internal"]]}]}]}
"""What VictoriaMetrics answers to every question."""


@pytest.fixture(autouse=True)
def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget whom this process has met."""
    monkeypatch.setattr(contact, "_met", set())


def store_at(url: str, *, without_removal: bool = False) -> InfluxStore:
    """Return a store at a small server."""
    access = InfluxConfig("gapfill_store", url, ORG, "plant", TOKEN, timeout_s=2)
    return InfluxStore(replace(access, without_removal=without_removal))


def says(store: InfluxStore, *, reads: bool = False) -> str:
    """Return the sentence with which the store refuses to write, or to read."""

    def look() -> None:
        store.missing(PVPC, hours(0, 3))

    with pytest.raises(StoreError) as caught:
        (look if reads else store.verify)()
    store.close()
    said = str(caught.value)
    assert TOKEN not in said
    assert said.endswith(".")
    return said


OTHERS = {
    "VictoriaMetrics": LIST,
    "the same with a number": {
        "results": [{"statement_id": n, **LIST["results"][0]} for n in range(9)]
    },
    "another JSON": {"status": "success", "data": {"result": []}},
    "a list": [1, 2],
    "texts for times": {
        "results": [
            {"statement_id": n, "series": [{"columns": ["time"], "values": [["now"]]}]}
            for n in range(9)
        ]
    },
    "results of another form": {"results": {"A": {"frames": []}}},
    "null": None,
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_not_influxdb_is_refused_with_a_sentence(kind: str) -> None:
    """In reading and writing; it takes every write, and is never taken for an empty store."""

    def answer(path: str, _query: dict[str, str], _body: bytes) -> tuple[int, object]:
        return (200, OTHERS[kind]) if path == "/query" else (204, None)

    with SmallServer(answer) as server:
        for reads in (True, False):
            said = says(store_at(server.url), reads=reads)
            assert "not from InfluxDB" in said
            assert said.endswith("check host and port of gapfill_store.")
            assert "truncated" not in said


def test_writes_that_cannot_be_read_are_refused() -> None:
    """A server that swallows what is written, or answers from another place, holds nothing."""

    def answer(path: str, query: dict[str, str], _body: bytes) -> tuple[int, object]:
        if path != "/query":
            return 204, None
        count = query["q"].count(";") + 1
        return 200, {"results": [{"statement_id": n} for n in range(count)]}

    with SmallServer(answer) as server:
        said = says(store_at(server.url))
    assert "what is written to the bucket cannot be read from the database of the same name" in said


class Upgraded:
    """A 2.x that a 1.x was upgraded to, in which a bucket was made later with the old name."""

    def __init__(self, *, tells: bool = True, leads_to: str = "id-of-old") -> None:
        self.tells = tells
        self.leads_to = leads_to
        self.points: dict[str, list[bytes]] = {}
        self.asked: list[str] = []

    def __call__(self, path: str, query: dict[str, str], body: bytes) -> tuple[int, object]:
        """Answer as it does: writes by name, queries through the mapping."""
        self.asked.append(path)
        if path == "/query":
            count = query["q"].count(";") + 1
            return 200, {"results": [{"statement_id": n} for n in range(count)]}
        if path == "/api/v2/write":
            self.points.setdefault(query["bucket"], []).append(body)
            return 204, None
        if path == "/api/v2/buckets" and self.tells:
            rule = {"type": "expire", "everySeconds": 0, "shardGroupDurationSeconds": 604800}
            bucket = {"id": "id-of-plant", "orgID": "o", "name": "plant", "retentionRules": [rule]}
            return 200, {"buckets": [bucket]}
        if path == "/api/v2/dbrps" and self.tells:
            mapping = {
                "id": "id-of-mapping",
                "database": "plant",
                "retention_policy": "autogen",
                "default": True,
                "virtual": False,
                "bucketID": self.leads_to,
            }
            return 200, {"content": [mapping]}
        return (204, None) if path == "/api/v2/delete" else (403, {"code": "forbidden"})


def test_a_name_that_leads_queries_to_another_bucket_is_found_out() -> None:
    """Before anything is read of it; both buckets and the mapping are named."""
    for reads in (True, False):
        with SmallServer(Upgraded(), version="v2.8.0") as server:
            said = says(store_at(server.url), reads=reads)
        assert "writes go to the bucket of that name (id-of-plant)" in said
        assert (
            "queries to the bucket id-of-old, as the mapping id-of-mapping of plant/autogen" in said
        )
        assert "name the bucket 'plant/autogen' in the connection" in said
        assert "influx v1 dbrp delete --id id-of-mapping" in said


def test_without_the_right_to_look_the_written_point_finds_it_out() -> None:
    """What is written is not what is read, whatever the reason."""
    with SmallServer(Upgraded(tells=False), version="v2.8.0") as server:
        assert store_at(server.url).missing(PVPC, hours(0, 3)) == [hours(0, 3)]
        assert "cannot be read from the database of the same name" in says(store_at(server.url))


def test_a_process_looks_once() -> None:
    """A page that is opened again and again asks for the mapping once."""
    good = Upgraded(leads_to="id-of-plant")
    with SmallServer(good, version="v2.8.0") as server:
        for _ in range(3):
            store_at(server.url).newest(PVPC)
    assert good.asked.count("/api/v2/dbrps") == 1


def test_a_server_without_removal_is_not_written_to_unless_it_is_said() -> None:
    """InfluxDB 3 has no deletion of rows, so that undo could not take anything back."""
    held: list[str] = []

    def answer(path: str, query: dict[str, str], body: bytes) -> tuple[int, object]:
        if path == "/api/v2/delete":
            return 404, {"error": "not found"}
        if path == "/api/v2/write":
            held.append(body.decode())
            return 204, None
        results: list[dict[str, object]] = [
            {"statement_id": n} for n in range(query["q"].count(";") + 1)
        ]
        if held and "gapfill_verify" in query["q"]:
            value, second = held[-1].split("value=")[1].split("i ")
            columns, row = ["time", "value"], [int(second), int(value)]
            results[0]["series"] = [{"name": "gapfill_verify", "columns": columns, "values": [row]}]
        return 200, {"results": results}

    with SmallServer(answer, version="3.2.1") as server:
        assert store_at(server.url).newest(PVPC) is None
        said = says(store_at(server.url))
        store_at(server.url, without_removal=True).verify()
    assert "cannot remove points" in said
    assert "InfluxDB 3 does not have" in said
    assert '"without_removal": true' in said


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return an empty bucket."""
    made = InfluxBackend(tmp_path)
    yield made
    made.close()


class WriteOnly(FaultProxy):
    """Finds no database and no bucket, as a 2.x does for a token that may write and not read."""

    def fault_for(self, path: str) -> Fault | None:
        """Return the answer of a query."""
        super().fault_for(path)
        error = {"results": [{"statement_id": 0, "error": "database not found: plant"}]}
        if path.startswith("/api/v2/buckets"):
            return Fault(404, b'{"code":"not found","message":"bucket \\"plant\\" not found"}')
        return Fault(200, json.dumps(error).encode()) if path == "/query" else None


@pytest.mark.server
def test_a_token_that_may_not_read_is_told_so(backend: InfluxBackend) -> None:
    """And never to check the name of the bucket."""
    proxy = WriteOnly(backend.engine.url)
    for reads in (True, False):
        store = InfluxStore(backend.engine.access(backend.bucket, url=proxy.url))
        said = says(store, reads=reads)
        assert "the token may not read the bucket" in said
        assert "check the name" not in said
    proxy.close()


@pytest.mark.server
def test_a_bucket_that_is_not_there_is_told_so(backend: InfluxBackend) -> None:
    """For writing nothing to it finds none either."""
    said = says(InfluxStore(backend.engine.access("nope")), reads=True)
    assert "check the name of the bucket" in said
    assert "may not read" not in said


@pytest.mark.server
def test_a_token_that_may_only_read_is_told_so(backend: InfluxBackend) -> None:
    """Reading goes on."""
    token = backend.engine.read_only_token(backend.bucket)
    store = InfluxStore(backend.engine.access(backend.bucket, token=token))
    assert store.newest(PVPC) is None
    assert "the token may not write the bucket" in says(store)


@pytest.mark.server
def test_a_good_bucket_passes_again_and_again(backend: InfluxBackend) -> None:
    """What is proved leaves a point a day in 64 places at most."""
    for _ in range(5):
        backend.open().verify()
    (seen,) = backend.engine.ask(backend.bucket, 'SELECT count("value") FROM "gapfill_verify"')
    assert 1 <= seen[1] <= 5


KINDS = {
    "a web page": (b"<html>login</html>", "<html>login</html>"),
    "nothing": (b"", "nothing"),
    "null": (b"null", "nothing"),
    "no results": (b'{"results":[]}', '{"results": []}'),
    "other JSON": (b'{"results":[{"a":1}]}', '{"results": [{"a": 1}]}'),
    "binary data": (bytes(range(256)), "binary data"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_of_another_server_is_named_in_plain_words(kind: str) -> None:
    """Asked once, with what it was, and no word of Python's."""
    body, told = KINDS[kind]
    with RawServer([reply(200, body, Connection="close")]) as server:
        said = says(store_at(server.url), reads=True)
        assert len(server.received) == 1
    assert said.endswith(
        f"cannot be used: its answer is not from InfluxDB, but {told}; "
        "check host and port of gapfill_store."
    )


def test_what_is_packed_otherwise_than_it_says_is_not_influxdbs() -> None:
    """It would be so at each of four tries."""
    with RawServer([reply(200, b"plain", Connection="close", Content_Encoding="gzip")]) as server:
        said = says(store_at(server.url), reads=True)
        assert len(server.received) == 1
    assert "not from InfluxDB, but binary data" in said


def test_what_is_not_http_is_not_influxdbs() -> None:
    """Such as the port of another service."""
    with RawServer([b"SSH-2.0-OpenSSH_9.2\r\n"]) as server:
        said = says(store_at(server.url), reads=True)
        assert len(server.received) == 1
    assert "not from InfluxDB, but something other than HTTP" in said


@pytest.mark.parametrize(
    "body",
    [
        b'{"results":[{"statement_id":0,"series":[{"name":"x","col',
        b'{"results":[{"statement_id":0,"partial":true}]}\n',
        b'{"results":[{"statement_id":0}]}\n{"resul',
        b'{"res',
    ],
)
def test_only_what_is_cut_short_is_called_so(body: bytes) -> None:
    """Then the host is right, and another run may do."""
    head = reply(200, body, Connection="close", Content_Type="application/json")
    with RawServer([head]) as server:
        said = says(store_at(server.url), reads=True)
    assert "its answer is truncated; it begins with {" in said
    assert "check host" not in said


def test_https_to_a_server_of_http_is_told_so() -> None:
    """With the scheme to write."""
    with SmallServer(lambda *_: (200, LIST)) as server:
        said = says(store_at(server.url.replace("http:", "https:")), reads=True)
    assert "it answers, but not in https; begin the host of the connection with http://" in said
