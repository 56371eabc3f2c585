"""The ledger, the calls and the blocks of every store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gapfill.domain.evidence import EvidenceKind
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.services.ports import Block, LedgerQuery
from tests.builders import PVPC, SPOT, WEATHER, hour, hours

if TYPE_CHECKING:
    from gapfill.services.ports import Store

ENTRY = LedgerEntry(
    series="pvpc",
    product="ree.pvpc",
    station=None,
    interval=hours(0, 24),
    outcome=Outcome.NO_DATA,
    asked_at=hour(30) + timedelta(seconds=1, microseconds=2),
    evidence="502 «No hay datos»",
    batch="run/a",
)


def test_an_empty_store_has_empty_books(store: Store) -> None:
    """Reading before the first write is no error."""
    assert store.entries("pvpc") == []
    assert store.outcomes("run", "ree") == []
    assert store.calls_of("run") == 0
    assert store.calls_since("ree", hour(0)) == 0
    assert store.records_since("siar", hour(0)) == 0
    assert store.load_limits(hour(0)) == {}
    assert store.blocks(hour(0)) == []
    assert store.batch_slots("run/a") == {}


def test_the_ledger_keeps_lines_as_they_are_in_the_order_written(store: Store) -> None:
    """Every column, the microsecond included; another series has its own."""
    other = replace(ENTRY, station="5279X", outcome=Outcome.FILLED, asked_at=hour(1), evidence="")
    store.append_ledger([ENTRY, replace(ENTRY, series="spot")])
    store.append_ledger([other, ENTRY])
    store.append_ledger([])
    assert store.entries("pvpc") == [ENTRY, other, ENTRY]
    assert store.entries("spot") == [replace(ENTRY, series="spot")]


def test_the_ledger_keeps_what_the_evidence_of_a_line_proves(store: Store) -> None:
    """Whatever its sentence says; over each way of reading."""
    lines = [replace(ENTRY, evidence="the key was refused", evidence_kind=k) for k in EvidenceKind]
    store.append_ledger(lines)
    assert store.entries("pvpc") == lines
    assert store.answers("ree", hour(0)) == lines
    assert store.ledger_snapshot(LedgerQuery(hour(60), hour(0), (PVPC,))).entries == {"pvpc": lines}


def test_the_ledgers_of_several_series_are_read_at_once(store: Store) -> None:
    """In the order written, without what was filled, and without series that were not asked for."""
    later = replace(ENTRY, asked_at=hour(60), outcome=Outcome.NOT_YET, field="price_eur_kwh")
    store.append_ledger(
        [later, replace(ENTRY, series="spot"), replace(ENTRY, outcome=Outcome.FILLED), ENTRY]
    )
    store.append_ledger([replace(ENTRY, series=name) for name in ("pvpc_2", "spot_2", "spo")])
    asked = PVPC, replace(SPOT, name="spot"), replace(WEATHER, name="silent")
    books = store.ledger_snapshot(LedgerQuery(hour(60), hour(0), asked))
    assert books.entries == {"pvpc": [later, ENTRY], "spot": [replace(ENTRY, series="spot")]}
    one = store.ledger_snapshot(LedgerQuery(hour(60), hour(0), (PVPC,)))
    assert one.entries == {"pvpc": [later, ENTRY]}


def test_a_moments_books_have_no_ledger_where_none_is_asked_for(store: Store) -> None:
    """Neither of a series whose ledger is not wanted, nor without a series."""
    store.append_ledger([ENTRY])
    store.block(Block("ree", hour(90), "HTTP 429"))
    for asked in ((), (PVPC,), (PVPC, SPOT)):
        books = store.ledger_snapshot(LedgerQuery(hour(60), hour(0), asked, is_ledger=False))
        assert books.entries == {}
        assert books.blocks == [Block("ree", hour(90), "HTTP 429")]


def test_outcomes_are_those_of_a_source_in_a_run(store: Store) -> None:
    """Neither a run nor a source is taken for another that begins with its name."""
    for batch, product, outcome in [
        ("run/a", "ree.pvpc", Outcome.UNREACHED),
        ("run/b", "ree.pvpc", Outcome.FILLED),
        ("run/a", "reef.pvpc", Outcome.FILLED),
        ("run/a", "esios.1001", Outcome.FILLED),
        ("run.1/a", "ree.pvpc", Outcome.FILLED),
        ("RUN/a", "ree.pvpc", Outcome.FILLED),
        ("r%n/a", "ree.pvpc", Outcome.FAILED),
    ]:
        store.append_ledger([replace(ENTRY, batch=batch, product=product, outcome=outcome)])
    assert store.outcomes("run", "ree") == [
        ("run/a", Outcome.UNREACHED),
        ("run/b", Outcome.FILLED),
    ]
    assert store.outcomes("r%n", "ree") == [("r%n/a", Outcome.FAILED)]


def test_calls_are_counted_by_source_since_an_instant(store: Store) -> None:
    """The instant itself counts; equal calls are two calls."""
    for source, number in [("ree", 1), ("ree", 2), ("ree", 2), ("esios", 2)]:
        store.record_call(source, hour(number), "run/a")
    assert store.calls_since("ree", hour(1)) == 3
    assert store.calls_since("ree", hour(2)) == 2
    assert store.calls_since("ree", hour(2) + timedelta(microseconds=1)) == 0


def test_calls_are_counted_by_run(store: Store) -> None:
    """A run's batches are those under its name."""
    for batch in ("run/a", "run/a", "run/b", "run.1/a", "runs/a"):
        store.record_call("ree", hour(0), batch)
    assert store.calls_of("run") == 3
    assert store.calls_of("run.1") == 1


def test_a_block_is_in_force_until_its_instant(store: Store) -> None:
    """At the instant itself the source may be called again."""
    block = Block("ree", hour(2), "429 Too Many Requests")
    store.block(block)
    assert store.blocks(hour(1)) == [block]
    assert store.blocks(hour(2)) == []


def test_the_later_of_two_blocks_stands(store: Store) -> None:
    """A shorter refusal does not open a source that a longer one closed."""
    late, early = Block("ree", hour(9), "quota"), Block("ree", hour(2), "429")
    for block in (early, late, early):
        store.block(block)
    store.block(Block("esios", hour(3), "403"))
    assert store.blocks(hour(0)) == [Block("esios", hour(3), "403"), late]


def test_verify_leaves_the_store_as_it_is(store: Store) -> None:
    """It proves reading and writing, and changes nothing that can be seen."""
    store.verify()
    store.append_ledger([ENTRY])
    store.verify()
    assert store.entries("pvpc") == [ENTRY]
    assert store.missing(PVPC, hours(0, 1)) == [hours(0, 1)]


def test_records_are_summed_by_source_and_time(store: Store) -> None:
    """A call without records counts none."""
    store.record_call("siar", hour(1), "run/a", 96)
    store.record_call("siar", hour(2), "run/a", 48)
    store.record_call("siar", hour(2), "run/b")
    store.record_call("ree", hour(2), "run/b", 7)
    assert store.records_since("siar", hour(1)) == 144
    assert store.records_since("siar", hour(1.5)) == 48


def test_what_was_learned_last_stands_until_it_is_too_old(store: Store) -> None:
    """Of each subject and name one number."""
    store.save_limits("siar", {"calls_day": 1000, "records_day": 10_000}, hour(0))
    store.save_limits("siar", {"calls_day": 500}, hour(2))
    store.save_limits("aemet.daily", {"span_s": 86_400}, hour(1))
    assert store.load_limits(hour(0)) == {
        "siar": {"calls_day": 500, "records_day": 10_000},
        "aemet.daily": {"span_s": 86_400},
    }
    assert store.load_limits(hour(1)) == {
        "siar": {"calls_day": 500},
        "aemet.daily": {"span_s": 86_400},
    }


def test_facts_of_a_key_are_kept_to_the_microsecond(store: Store) -> None:
    """Their subject has a sign that some databases read in their own way."""
    facts = {"rate_rate": 4.5, "rate_since": 1774008000.123456, "refusals_times": 0.0}
    store.save_limits("aemet#a3f1", facts, hour(1))
    store.save_limits("aemet#keyless", {"rate_rate": 20.0}, hour(1))
    assert store.load_limits(hour(0)) == {"aemet#a3f1": facts, "aemet#keyless": {"rate_rate": 20.0}}
