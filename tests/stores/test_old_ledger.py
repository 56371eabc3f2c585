"""Ledgers that an earlier build wrote (``tests/golden/old``), which had no kind of evidence."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gapfill.domain.evidence import EvidenceKind
from gapfill.domain.ledger import Outcome
from tests.stores.backends import InfluxBackend, SqliteBackend

if TYPE_CHECKING:
    from gapfill.domain.ledger import LedgerEntry
    from tests.stores.backends import Backend

OLD = Path(__file__).parents[1] / "golden" / "old"


def fill_with_old_ledger(backend: Backend) -> None:
    """Put the old store of its kind into an empty database."""
    if isinstance(backend, SqliteBackend):
        with closing(sqlite3.connect(backend.path)) as connection:
            connection.executescript((OLD / "store.sql").read_text(encoding="utf-8"))
    else:
        assert isinstance(backend, InfluxBackend)
        lines = (OLD / "influxdb.lp").read_text(encoding="utf-8").splitlines()
        backend.engine.write(backend.bucket, lines)


def _kinds(entries: list[LedgerEntry]) -> Counter[str]:
    failed = [e for e in entries if e.outcome is Outcome.FAILED]
    return Counter(f"{entry.product} {entry.evidence_kind}" for entry in failed)


def test_an_old_line_has_the_kind_that_its_sentence_meant(backend: Backend) -> None:
    """Prices that were not believed again and again; nothing is written."""
    fill_with_old_ledger(backend)
    store = backend.open()
    assert _kinds(store.entries("pvpc")) == {
        "ree.pvpc not_believed": 3,
        "esios.1001 not_believed": 4,
        "esios.archive70 not_believed": 4,
    }
    weather = store.entries("weather_hourly")
    assert {entry.evidence_kind for entry in weather} == {EvidenceKind.OTHER}


def test_new_lines_beside_old_ones_keep_their_kind(backend: Backend) -> None:
    """Each line by its own: the code where it has one, else the old sentence."""
    fill_with_old_ledger(backend)
    store = backend.open()
    before = store.entries("pvpc")
    old = next(entry for entry in before if entry.outcome is Outcome.FAILED)
    corrected = replace(old, evidence="Implausible values.")
    other = replace(old, evidence_kind=EvidenceKind.OTHER)
    store.append_ledger([corrected, other])
    assert backend.open().entries("pvpc") == [*before, corrected, other]
