"""Batches are listed by run and undone together, on any store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.reading import Replace
from gapfill.errors import GapfillError
from gapfill.services import undo_batches
from gapfill.services.context import RunContext
from gapfill.services.ports import Batch, Undone
from tests.builders import PVPC, hour, hours, price, prices, row
from tests.catalogs import frozen
from tests.stores.backends import BACKENDS, KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill.services.ports import Sources

RUN = "gap_detection/manual__2026-01-05T10:00:00+00:00"
OTHER = "preventive_ingestion/manual__2026-01-05T10:00:00+00:00"


def unit(run: str, number: int) -> str:
    """Return the id of a batch of a run."""
    return f"{run}/pvpc:ree.pvpc:20260101T0{number}00Z-20260101T0{number + 1}00Z"


@dataclass(frozen=True)
class Nobody:
    """No source: nothing here asks one."""


@pytest.fixture(params=KINDS)
def context(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunContext]:
    """Return an installation with one series, on each kind of store."""
    backend = BACKENDS[request.param](tmp_path)
    known = replace(frozen(), series={"pvpc": PVPC})
    sources: Sources = Nobody()  # type: ignore[assignment] # see there
    yield RunContext(known, backend.open(), sources, hour(200))
    backend.close()


def test_a_run_is_undone_whole_whatever_its_batches_wrote_over_each_other(
    context: RunContext,
) -> None:
    """What it replaced is there again, what it added is gone, and others are left alone."""
    context.store.write(PVPC, [price(0, 1.0), price(9, 1.0)], "import__1")
    context.store.write(PVPC, prices([0, 1], 2.0), unit(RUN, 0), replace=Replace.EQUAL)
    context.store.write(PVPC, prices([1, 2], 3.0), unit(RUN, 1), replace=Replace.EQUAL)
    context.store.write(PVPC, prices([1, 5], 4.0), unit(RUN, 2), replace=Replace.EQUAL)
    context.store.write(PVPC, [price(7, 5.0)], unit(OTHER, 7))
    taken = undo_batches.undo_run(context, RUN)
    assert taken.undone == Undone(restored=3, removed=3, left=0)
    assert sorted(taken.batches) == [unit(RUN, 0), unit(RUN, 1), unit(RUN, 2)]
    assert context.store.read(PVPC, hours(0, 10)) == [
        row(0, 1.0, "import__1"),
        row(7, 5.0, unit(OTHER, 7)),
        row(9, 1.0, "import__1"),
    ]
    with pytest.raises(GapfillError, match=r"^The run gap_detection/manual.* is already undone\.$"):
        undo_batches.undo_run(context, RUN)


def test_what_a_later_batch_holds_is_left_and_the_batch_named(context: RunContext) -> None:
    """Undone first, it sets the rest free."""
    context.store.write(PVPC, prices([0, 1], 1.0), unit(RUN, 0))
    context.store.write(PVPC, prices([0], 2.0), "import__2", replace=Replace.EQUAL)
    taken = undo_batches.undo_run(context, RUN)
    assert (taken.undone, taken.later) == (Undone(0, 1, 1), ("import__2",))
    assert undo_batches.undo_batch(context, "import__2").undone == Undone(1, 0, 0)
    assert undo_batches.undo_batch(context, unit(RUN, 0)).undone == Undone(0, 1, 0)
    for batch in ("import__2", unit(RUN, 0)):
        with pytest.raises(GapfillError, match="is already undone"):
            undo_batches.undo_batch(context, batch)


def test_a_run_may_be_named_as_airflow_names_it_where_that_is_one(context: RunContext) -> None:
    """Two DAGs may have a run of the same name."""
    short = RUN.partition("/")[2]
    context.store.write(PVPC, [price(0)], unit(RUN, 0))
    context.store.write(PVPC, [price(7)], unit(OTHER, 7))
    with pytest.raises(GapfillError, match=r"can mean gap_detection/.* or preventive_ingestion/"):
        undo_batches.undo_run(context, short)
    assert undo_batches.undo_run(context, OTHER).undone.removed == 1
    assert undo_batches.undo_run(context, short).undone.removed == 1
    with pytest.raises(GapfillError, match="is already undone"):
        undo_batches.undo_run(context, short)


@pytest.mark.parametrize("name", ["gap_detection", "manual__2026", "", "x", "pvpc"])
def test_a_part_of_a_name_is_no_run(context: RunContext, name: str) -> None:
    """Nothing is undone by a slip of the pen."""
    context.store.write(PVPC, [price(0)], unit(RUN, 0))
    with pytest.raises(GapfillError, match="The store has no batch of a run"):
        undo_batches.undo_run(context, name)
    assert context.store.newest(PVPC) == hour(0)


def test_batches_are_listed_oldest_first_and_since_an_instant(context: RunContext) -> None:
    """By when they asked their source, else by the instant in their name."""
    context.store.import_rows(PVPC, [row(1, 2.0, "import__20260104T000000Z__ab12cd34")])
    context.store.write(PVPC, [price(0)], unit(RUN, 0))
    context.store.import_rows(PVPC, [row(3, 2.0, "import__20260103T000000Z__ab12cd34")])
    context.store.import_rows(PVPC, [row(4, 2.0, "by hand")])
    found = undo_batches.list_batches(context)
    assert [batch.first for batch in found] == [hour(4), hour(3), hour(1), hour(0)]
    assert [undo_batches.instant_of(batch) for batch in found] == [
        None,
        hour(48),
        hour(72),
        hour(106),
    ]
    since = undo_batches.list_batches(context, ["pvpc"], hour(72))
    assert [batch.first for batch in since] == [hour(4), hour(1), hour(0)]
    assert undo_batches.list_batches(context, ["weather_hourly"]) == []


@pytest.mark.parametrize(
    "name,instant",
    [
        ("cli__20260105T100000Z__ab12cd34/pvpc:ree.pvpc:x", hour(106)),
        ("gap_detection/scheduled__2026-01-05T10:00:00+00:00/pvpc:ree.pvpc:x", hour(106)),
        ("gap_detection/manual__2026-01-05T10:00:00.123456+00:00_x/pvpc:ree.pvpc:x", hour(106)),
        ("import__20261399T100000Z__ab12cd34", None),
        ("gap_detection/mine/pvpc:ree.pvpc:x", None),
    ],
)
def test_a_name_says_when_its_batch_was_made(name: str, instant: object) -> None:
    """Where the ledger does not."""
    window = Interval(hour(0), hour(0) + timedelta(hours=1))
    assert (
        undo_batches.instant_of(Batch(name, "pvpc", 1, window.start, window.start, None)) == instant
    )
