"""The clean-up of every store: old lines become summary rows, and every decision stays the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.evidence import EvidenceKind
from gapfill.domain.ledger import (
    ANY_WANTED,
    Exclusion,
    LedgerEntry,
    Outcome,
    exclusions_from,
    without,
)
from gapfill.services.ports import LedgerQuery
from tests.builders import PVPC, WEATHER, hour, hours, price
from tests.stores.test_old_ledger import fill_with_old_ledger

if TYPE_CHECKING:
    from gapfill.domain.series import Series
    from gapfill.services.ports import Store
    from tests.stores.backends import Backend

DAY = timedelta(days=1)
NOW = hour(24 * 400)
BEFORE = NOW - 8 * DAY
LIMIT = 1000

LINE = LedgerEntry(
    series="pvpc",
    product="ree.pvpc",
    station=None,
    interval=hours(0, 1),
    outcome=Outcome.NO_DATA,
    asked_at=hour(30) + timedelta(microseconds=2),
    evidence="502 «No hay datos»",
    batch="run/a",
)


def decided(store: Store, now: datetime = NOW) -> dict[str, object]:
    """Return what the ledger of PVPC decides, slot by slot."""
    found = store.ledger_snapshot(LedgerQuery(now, hour(0), (PVPC,))).entries.get("pvpc", ())
    fields = {None, "price_eur_kwh", ANY_WANTED}
    exclusions = {
        (field, proves): exclusions_from(
            [e for e in found if e.field in (None, field)], proves=proves
        )
        for field in fields
        for proves in (True, False)
    }
    return {
        f"{key} {slot}": ruling.at(hour(slot))
        and replace(
            ruling.at(hour(slot)) or Exclusion(LINE.interval, 0, now, ""), interval=hours(0, 1)
        )
        for key, ruling in exclusions.items()
        for slot in range(60)
    } | {str(field): without(found, field or "") for field in fields}


def history() -> list[LedgerEntry]:
    """Return lines of every outcome and kind: asked again and again, of runs that overlap."""
    lines = []
    for n in range(6):
        at = LINE.asked_at + n * timedelta(hours=11)
        lines += [
            replace(LINE, interval=hours(0, 24 - n), asked_at=at, evidence=f"answer {n}"),
            replace(LINE, interval=hours(n, n + 2), asked_at=at, outcome=Outcome.UNPROVEN),
            replace(LINE, interval=hours(20, 30 + n), asked_at=at, field="price_eur_kwh"),
            replace(
                LINE,
                interval=hours(40, 50),
                asked_at=at + timedelta(minutes=n),
                outcome=Outcome.FAILED,
                evidence_kind=EvidenceKind.NOT_BELIEVED,
            ),
            replace(
                LINE,
                interval=hours(30, 31 + n),
                asked_at=at,
                outcome=Outcome.NOT_YET,
                field="price_eur_kwh",
            ),
            replace(LINE, interval=hours(50, 52), asked_at=at, field=ANY_WANTED),
            replace(LINE, interval=hours(n, n + 1), asked_at=at, outcome=Outcome.FAILED),
            replace(LINE, interval=hours(60 + n, 61 + n), asked_at=at, outcome=Outcome.FILLED),
        ]
    return lines


def test_folding_changes_no_decision(store: Store) -> None:
    """By slot, for the slots and for one field, whether or not the product proves anything."""
    store.append_ledger(history())
    before = decided(store)
    assert store.fold_old(BEFORE, LIMIT).lines == 48
    assert decided(store) == before
    assert all(entry.folded for entry in store.entries("pvpc"))
    assert store.fold_old(BEFORE, LIMIT) == (0, 0)


def test_folding_in_small_steps_comes_to_the_same(store: Store) -> None:
    """Each call folds at most what it is allowed to; the next ones continue."""
    store.append_ledger(history())
    before = decided(store)
    steps = []
    while folded := store.fold_old(BEFORE, 10).lines:
        assert decided(store) == before
        steps.append(folded)
    assert sum(steps) == 48
    assert max(steps) <= 10


def test_later_answers_count_after_the_folded_ones(store: Store) -> None:
    """Two folded answers and a third one: it is asked again after thirty days, not after one."""
    store.append_ledger([LINE, replace(LINE, asked_at=LINE.asked_at + DAY)])
    store.fold_old(BEFORE, LIMIT)
    late = replace(LINE, asked_at=NOW - DAY, evidence="again")
    store.append_ledger([late])
    found = store.ledger_snapshot(LedgerQuery(NOW, hour(0), (PVPC,))).entries["pvpc"]
    assert exclusions_from(found).items == (
        Exclusion(hours(0, 1), 3, NOW - DAY + 30 * DAY, "again"),
    )


def test_filled_slots_become_one_row_for_each_run(store: Store) -> None:
    """A year of hourly answers is one row; a hole separates two."""
    lines = [
        replace(
            LINE,
            interval=hours(n, n + 1),
            outcome=Outcome.FILLED,
            evidence="",
            asked_at=hour(n + 1),
            batch=f"run{n}/a",
        )
        for n in range(400)
        if n != 300
    ]
    store.append_ledger(lines)
    assert store.fold_old(BEFORE, LIMIT).lines == 399
    assert [(e.interval, e.outcome, e.asked_at) for e in store.entries("pvpc")] == [
        (hours(0, 300), Outcome.FILLED, hour(300)),
        (hours(301, 400), Outcome.FILLED, hour(400)),
    ]


def test_young_lines_and_small_ledgers_stay_as_they_are(store: Store) -> None:
    """A line that is not older than the instant, and lines too few to be worth the work."""
    young = [replace(LINE, asked_at=BEFORE), replace(LINE, asked_at=NOW)]
    store.append_ledger([LINE, *young])
    assert store.fold_old(BEFORE, LIMIT, 2) == (0, 0)
    assert store.entries("pvpc") == [LINE, *young]
    assert store.fold_old(BEFORE, LIMIT, 1).lines == 1
    assert store.entries("pvpc")[1:] == young
    assert store.outcomes("run", "ree") == [("run/a", Outcome.NO_DATA)] * 2


def test_series_and_sources_are_folded_for_themselves(store: Store) -> None:
    """The ones with the most old lines first, until the limit is reached."""
    many = [replace(LINE, interval=hours(n, n + 1)) for n in range(3)]
    others = [
        replace(LINE, series="spot"),
        replace(LINE, product="reef.pvpc"),
        replace(LINE, product="ree.other", station="5279X"),
    ]
    store.append_ledger([*others, *many])
    assert store.fold_old(BEFORE, 4).lines == 4
    assert store.entries("spot") == others[:1]
    rows = store.entries("pvpc")
    assert {(e.product, e.station, e.interval, bool(e.folded)) for e in rows} == {
        ("reef.pvpc", None, hours(0, 1), False),
        ("ree.other", "5279X", hours(0, 1), True),
        ("ree.pvpc", None, hours(0, 3), True),
    }


def test_only_what_decides_about_the_slots_leaves_the_store(store: Store) -> None:
    """Within a window: no filled slot, nothing that decided for a day only, no other slot."""
    store.append_ledger(history())
    recent = replace(LINE, interval=hours(70, 71), outcome=Outcome.FAILED, asked_at=NOW)
    store.append_ledger([recent])
    for _ in range(2):
        query = LedgerQuery(NOW, hour(0), (PVPC,), windows=(hours(50, 55), hours(70, 100)))
        found = store.ledger_snapshot(query).entries["pvpc"]
        assert {(e.interval, e.outcome, e.field) for e in found} == {
            (hours(50, 52), Outcome.NO_DATA, ANY_WANTED),
            (hours(70, 71), Outcome.FAILED, None),
        }
        store.fold_old(BEFORE, LIMIT)


def test_a_batch_keeps_its_time(store: Store) -> None:
    """The newest answer of its lines, whether none, some or all of them are folded."""
    asked = [replace(LINE, asked_at=hour(n), outcome=Outcome.FILLED) for n in (30, 32, 31)]
    store.write(PVPC, [price(0, 1.0)], "run/a", entries=asked)
    at = [(batch.id, batch.at) for batch in store.batches()]
    assert at == [("run/a", hour(32))]
    while store.fold_old(BEFORE, 1).lines:
        assert [(batch.id, batch.at) for batch in store.batches()] == at


def test_calls_that_no_quota_counts_become_one_record_a_day(store: Store) -> None:
    """Nothing is counted twice or lost, from whatever day on; the calls of today stay."""
    for n in range(0, 72, 6):
        store.record_call("ree", hour(n), f"old/{n}", 5)
    store.record_call("siar", hour(1), "old/s", 7)
    store.record_call("ree", NOW, "new/a", 3)
    assert store.fold_old(hour(50), LIMIT).calls == 9
    assert [store.calls_since("ree", hour(n)) for n in (0, 24, 48, 60)] == [13, 9, 5, 3]
    assert [store.records_since("ree", hour(n)) for n in (0, 24, 48, 60)] == [63, 43, 23, 13]
    assert (store.calls_since("siar", hour(0)), store.records_since("siar", hour(0))) == (1, 7)
    assert store.calls_of("new") == 1
    assert store.ledger_snapshot(LedgerQuery(NOW, hour(0))).usage == {"ree": (1, 3)}
    assert store.fold_old(hour(50), LIMIT).calls == 0


@pytest.mark.parametrize("series", [PVPC, WEATHER], ids=lambda one: one.name)
def test_the_ledger_of_an_earlier_build_keeps_its_meaning(backend: Backend, series: Series) -> None:
    """Lines without a kind of evidence, and with the old key of wanted fields."""
    fill_with_old_ledger(backend)
    store = backend.open()
    name = series.name
    stored = store.entries(name)
    groups = {(e.product, e.station, e.field) for e in stored}
    now = max(e.asked_at for e in stored) + 30 * DAY

    def said() -> dict[object, list[tuple[object, ...]]]:
        entries = store.ledger_snapshot(LedgerQuery(now, now, (series,))).entries[name]
        return {
            group: _by_slot([e for e in entries if (e.product, e.station, e.field) == group])
            for group in groups
        }

    before = said()
    assert any(before.values())
    while store.fold_old(now - 8 * DAY, 7).lines:
        assert said() == before
    assert all(e.folded for e in store.entries(name))


def _by_slot(entries: list[LedgerEntry]) -> list[tuple[object, ...]]:
    found = exclusions_from(entries)
    hours_of = sorted({h for e in entries for h in (e.interval.start, e.interval.end)})
    return [(at, r and (r.count, r.until, r.evidence)) for at in hours_of for r in [found.at(at)]]
