"""Each fault at each door: what the task does, what is read, what is stored, and that it heals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill_sandbox import kinds
from gapfill_sandbox.kinds import EXPIRED_LINK, ROW_KINDS
from gapfill_sandbox.registry import APIS
from tests.matrix.bench import STOOD, is_tried_again
from tests.matrix.conftest import HASTY_S, PATIENT_S
from tests.matrix.doors import DOORS
from tests.matrix.tables import BELIEVED, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.matrix.bench import Bench

pytestmark = pytest.mark.airflow

TRIED_AGAIN = {"SourceUnavailable": True, "AuthRejected": False, "MalformedPayload": False}
"""What the retry policy does with each leaf; nothing else may end a unit."""

WAIT = timedelta(minutes=15)
"""To the next run: any refusal here is over by then, but for a key that a product is closed to."""

CLOSED_FOR = timedelta(hours=24)
"""After that a key is tried again at a product that another subscription opens."""

WITHOUT_A_CELL = frozenset(
    {"outage"}
    | {kinds.CLOCK_LABELS, kinds.CONTRADICTION, kinds.NO_DATA_TEXT, kinds.MISSING_ARRAY}
    | kinds.LIST_KINDS
    | kinds.RECORD_KINDS
)
"""An outage is for a year; the others are met in tests of their own."""

LEFT_TO_BETTER = {("openweathermap", "zero")}
"""The reading of now is never asked for twice; AEMET's takes its place (``test_questions``)."""


@dataclass(frozen=True)
class Cell:
    """A line of a table."""

    door: str
    fault: str
    end: str
    stored: int
    ledger: frozenset[str]
    calls: int
    words: str

    @property
    def id(self) -> str:
        """Its name."""
        return f"{self.door}-{self.fault}"


def cells() -> Iterator[Cell]:
    """Read the tables."""
    for door, table in TABLES.items():
        for line in table.strip().splitlines():
            fault, end, stored, ledger, calls, *words = line.split(maxsplit=5)
            said = frozenset(ledger.split("+")) - {"-"}
            yield Cell(door, fault, end, int(stored), said, int(calls), "".join(words))


CELLS = list(cells())


def next_steps(at: Bench, cell: Cell) -> tuple[str, ...]:
    """Return what the sentence has to name besides what happened."""
    connection = f"connection '{at.context.catalog.sources[at.door.source].connection}'"
    steps: dict[str, tuple[str, ...]] = {
        "SourceUnavailable": (connection, "docs/how_to/runbook.md, SourceUnavailable"),
        "AuthRejected": (connection,),
        "MalformedPayload": ("docs/how_to/runbook.md, MalformedPayload",),
        "deferred": ("Deferred; will be asked again after 2025-11-05T12:",),
    }
    return (at.door.source, *steps[cell.end]) if cell.end in steps else ()


def strike(bench: Bench, fault: str) -> None:
    """Put a fault in force at the stage of the door."""
    in_rows = fault in ROW_KINDS or fault == EXPIRED_LINK
    wanted: dict[str, object] = {"api": bench.door.source, "kind": fault}
    wanted["after"] = 0 if in_rows else bench.door.skip
    if fault == "slow":
        wanted["seconds"] = 0.05
    if fault == "429" and bench.door.source == "openweathermap":
        wanted["retry_after"] = 300
    bench.sandbox.faults.add(wanted)


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.id)
def test_a_fault_is_met_as_the_matrix_says(
    bench: Callable[..., Bench], cell: Cell, caplog: pytest.LogCaptureFixture
) -> None:
    """Never a wrong value, never a false verdict, nothing lost, no key told, and it heals."""
    at = bench(cell.door, timeout_s=HASTY_S if cell.fault == "timeout" else PATIENT_S)
    before = at.stood()
    assert [row.batch for row in before] == [STOOD] * len(before)
    strike(at, cell.fault)
    (unit,) = at.plan()
    ended = at.fill(unit)

    assert (ended.how, len(at.rows()), at.outcomes(), len(at.requests())) == (
        cell.end,
        cell.stored,
        set(cell.ledger),
        cell.calls,
    )
    assert cell.words in ended.said
    if ended.error is not None:
        assert is_tried_again(ended.error) is TRIED_AGAIN[cell.end]
    assert all(step in ended.said for step in next_steps(at, cell))
    assert bool(at.untrue()) is ((cell.door, cell.fault) in BELIEVED)
    assert at.stood() == before

    if (cell.door, cell.fault) not in LEFT_TO_BETTER:
        heal_later(at, cell)
    assert at.stood() == before
    assert at.leaked(caplog) == []


def heal_later(at: Bench, cell: Cell) -> None:
    """Run again without the fault: the hole is whole and true."""
    at.sandbox.faults.clear()
    at.connect(PATIENT_S)
    is_closed = cell.end == "AuthRejected" and "one_call" in at.door.extra
    at.later(CLOSED_FOR + WAIT if is_closed else WAIT)
    is_believed = (cell.door, cell.fault) in BELIEVED
    for unit in at.plan(force=bool(cell.ledger & {"no_data", "unproven"}), refresh=is_believed):
        at.fill(unit)
    assert (len(at.rows()), at.untrue()) == (at.door.slots, [])
    assert {int(row.grade) for row in at.rows().values()} == {at.door.grade}


def test_no_fault_of_the_sandbox_lacks_a_cell() -> None:
    """Each kind that a source can meet is met at one of its doors."""
    met = {(DOORS[cell.door].source, cell.fault) for cell in CELLS}
    can = {(api.name, kind) for api in APIS for kind in api.kinds - WITHOUT_A_CELL}
    assert len(can) > 100
    assert can - met == set()


@pytest.mark.parametrize("name", DOORS)
def test_without_a_fault_every_door_heals_with_the_truth(
    bench: Callable[..., Bench], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """So that a cell can only fail for its fault."""
    at = bench(name)
    (unit,) = at.plan()
    assert unit.product == at.door.product
    assert at.fill(unit).how == "filled"
    assert (len(at.rows()), at.untrue(), at.outcomes()) == (at.door.slots, [], {"filled"})
    assert at.leaked(caplog) == []
