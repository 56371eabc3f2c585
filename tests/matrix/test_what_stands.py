"""A fault never costs what stands: not under a refresh, not under an upgrade."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from tests.matrix.tables import BELIEVED
from tests.matrix.test_matrix import CELLS, WAIT, Cell, strike

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.matrix.bench import Bench

pytestmark = pytest.mark.airflow

SURE = [c for c in CELLS if (c.door, c.fault) not in BELIEVED and c.fault != "timeout"]
REFRESHED = [c for c in SURE if c.door in ("ree", "siar_daily")]
UPGRADED = [c for c in SURE if c.door == "siar"]
MODEL = {"temperature": 1.5, "humidity": 33.0, "solar_radiation": 7.0}


@pytest.mark.parametrize("cell", REFRESHED, ids=lambda cell: cell.id)
def test_a_refresh_that_meets_a_fault_leaves_what_stands(
    bench: Callable[..., Bench], cell: Cell
) -> None:
    """Whatever is answered, even nothing, every slot stays there with the truth."""
    at = bench(cell.door)
    (unit,) = at.plan()
    assert at.fill(unit).how == "filled"
    whole = {slot: (row.values, row.grade, row.source) for slot, row in at.rows().items()}
    at.later(timedelta(minutes=1))
    strike(at, cell.fault)
    (unit,) = at.plan(refresh=True)
    at.fill(unit)
    assert {s: (row.values, row.grade, row.source) for s, row in at.rows().items()} == whole


@pytest.mark.parametrize("cell", UPGRADED, ids=lambda cell: cell.id)
def test_an_upgrade_that_meets_a_fault_leaves_what_stands(
    bench: Callable[..., Bench], cell: Cell
) -> None:
    """Modelled hours stay as they are, but for those of which a true value came; then it heals."""
    at = bench(cell.door)
    slots = [at.door.start + n * at.door.step for n in range(at.door.slots)]
    modelled = [Reading(slot, MODEL, Grade.MODELLED, "open_meteo") for slot in slots]
    at.context.store.write(at.series, modelled, "stood/model")
    strike(at, cell.fault)
    (unit,) = at.plan()
    at.fill(unit)
    rows = at.rows()
    old = {slot: row for slot, row in rows.items() if row.batch == "stood/model"}
    assert (len(rows), len(rows) - len(old)) == (4, cell.stored)
    assert all((dict(r.values), r.grade) == (MODEL, Grade.MODELLED) for r in old.values())
    assert _untrue_of_its_own(at) == []

    at.sandbox.faults.clear()
    at.later(WAIT)
    for again in at.plan(force="no_data" in cell.ledger):
        at.fill(again)
    assert {row.grade for row in at.rows().values()} == {Grade.OBSERVED}
    assert _untrue_of_its_own(at) == []


def _untrue_of_its_own(at: Bench) -> list[object]:
    """Return the untrue values of upgraded rows that the row does not own to have kept."""
    rows = at.rows()
    return [
        (slot, name)
        for slot, name, _ in at.untrue()
        if rows[slot].grade > Grade.MODELLED and name not in rows[slot].kept
    ]
