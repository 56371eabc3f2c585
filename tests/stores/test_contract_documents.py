"""The documents that tasks pass on through every store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.builders import hour

if TYPE_CHECKING:
    from gapfill.services.ports import Store
    from tests.stores.backends import Backend

LONG = "".join(chr(ord("a") + n % 26) for n in range(200_003))
"""More than one string of InfluxDB holds."""


def test_an_empty_store_has_no_document(store: Store) -> None:
    """Neither reading nor removing is an error before the first document."""
    assert store.load_document("none", hour(0)) is None
    store.drop_documents(hour(0))
    assert store.load_document("none", hour(0)) is None


def test_a_document_of_any_length_is_read_by_another_process(backend: Backend) -> None:
    """As it was written, and not under another name."""
    backend.open().save_document("long", LONG, hour(10))
    backend.open().save_document("short", "x=/+", hour(10))
    assert backend.open().load_document("long", hour(0)) == LONG
    assert backend.open().load_document("short", hour(0)) == "x=/+"
    assert backend.open().load_document("lon", hour(0)) is None


def test_a_retry_writes_the_same_document_again(store: Store) -> None:
    """It is there once, and its age counts from the last write."""
    store.save_document("name", LONG, hour(10))
    store.save_document("name", LONG, hour(20))
    assert store.load_document("name", hour(0)) == LONG
    store.drop_documents(hour(15))
    assert store.load_document("name", hour(0)) == LONG
    assert store.load_document("name", hour(20)) == LONG
    assert store.load_document("name", hour(20) + timedelta(seconds=1)) is None


def test_documents_are_removed_by_age(store: Store) -> None:
    """The bound itself is kept."""
    for n, name in enumerate(("first", "second", "third")):
        store.save_document(name, name, hour(n))
    store.drop_documents(hour(1))
    found = [store.load_document(name, hour(0)) for name in ("first", "second", "third")]
    assert found == [None, "second", "third"]


def test_runs_save_documents_at_the_same_time(backend: Backend) -> None:
    """None is lost, also while the first of them makes the table."""
    stores = [backend.open() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = [
            pool.submit(one.save_document, f"n{n % 3}", f"{n % 3}{LONG}", hour(n))
            for n, one in enumerate(stores)
        ]
        for one in done:
            one.result()
    found = [backend.open().load_document(f"n{n}", hour(0)) for n in range(3)]
    assert found == [f"{n}{LONG}" for n in range(3)]
