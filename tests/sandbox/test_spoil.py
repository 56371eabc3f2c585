"""What a fault does to rows."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest

from gapfill_sandbox import world
from gapfill_sandbox.api import Row
from gapfill_sandbox.fault import Fault
from gapfill_sandbox.spoil import spoil_rows

DAY = [Row(slot, {"price": 80.5}) for slot in world.slots_of(date(2025, 11, 1))]


def _spoilt(rows: list[Row], kind: str, **more: object) -> list[Row]:
    """Return the rows as a fault leaves them."""
    return spoil_rows(rows, Fault.parse({"api": "ree", "kind": kind, **more}))


def _values(rows: list[Row]) -> list[object]:
    """Return the values of the one column."""
    return [row.values["price"] for row in rows]


@pytest.mark.parametrize(
    "kind, value", [("text", "n/d"), ("huge", 1e9), ("negative", -81.5), ("zero", 0.0)]
)
def test_values_are_replaced(kind: str, value: object) -> None:
    """All of them, unless told otherwise."""
    assert _values(_spoilt(DAY, kind)) == [value] * 24


def test_nan_is_no_number() -> None:
    """It compares with nothing."""
    assert all(math.isnan(float(str(value))) for value in _values(_spoilt(DAY, "nan")))


def test_every_so_many_th_row_can_be_struck() -> None:
    """The others stay good."""
    assert _values(_spoilt(DAY, "text", every=12)).count("n/d") == 2
    assert _values(_spoilt(DAY, "text", every=12)).count(80.5) == 22


def test_one_instant_one_field_or_some_days_can_be_struck() -> None:
    """Each narrows the rows or the values further."""
    noon = DAY[12].start.isoformat()
    struck = _spoilt(DAY, "text", at=noon)
    assert [n for n, value in enumerate(_values(struck)) if value == "n/d"] == [12]
    two = [replace(row, values={"price": 80.5, "other": 1.0}) for row in DAY]
    (first, *_) = _spoilt(two, "text", field="other")
    assert first.values == {"price": 80.5, "other": "n/d"}
    assert _spoilt(DAY, "text", field="unknown") == DAY
    both = [*DAY, *(Row(slot, {"price": 80.5}) for slot in world.slots_of(date(2025, 11, 2)))]
    day = {"from": "2025-11-02", "to": "2025-11-02", "every": 12}
    values = _values(_spoilt(both, "text", **day))
    assert [n for n, value in enumerate(values) if value == "n/d"] == [24, 36]


def test_absent_values_leave_their_rows() -> None:
    """All of a row's, or that of one field."""
    assert {len(row.values) for row in _spoilt(DAY, "absent")} == {0}
    assert len(_spoilt(DAY, "absent")) == 24
    assert _spoilt(DAY, "absent", field="price", every=24)[0].values == {}


@pytest.mark.parametrize("value, other", [(80.5, 79.5), (0.0, 1.0), (-3.0, -2.0), (1.0, 2.0)])
def test_conflicting_rows_state_another_value(value: float, other: float) -> None:
    """One that is as likely, right behind the good one."""
    rows = _spoilt([replace(DAY[0], values={"price": value})], "conflicting")
    assert _values(rows) == [value, other]
    assert rows[0].start == rows[1].start


def test_missing_rows_are_left_out() -> None:
    """The struck ones alone."""
    assert _spoilt(DAY, "missing", every=2) == DAY[1::2]
    assert _spoilt(DAY, "missing", at=DAY[5].start.isoformat()) == [*DAY[:5], *DAY[6:]]


@pytest.mark.parametrize("kind", ["500", "contradiction", "empty_record"])
def test_faults_of_other_things_leave_the_rows_alone(kind: str) -> None:
    """As does no fault."""
    assert _spoilt(DAY, kind) == DAY
    assert spoil_rows(DAY, None) == DAY


def test_duplicated_rows_come_twice() -> None:
    """One after the other."""
    rows = _spoilt(DAY, "duplicated")
    assert len(rows) == 48
    assert rows[0] == rows[1]
    once = _spoilt(DAY, "duplicated", at=DAY[3].start.isoformat())
    assert once == [*DAY[:4], *DAY[3:]]


def test_shifted_rows_are_an_hour_late() -> None:
    """Every one, so that the first hour lacks and the last is a day too far."""
    rows = _spoilt(DAY, "shifted")
    assert [row.start for row in rows[:-1]] == [row.start for row in DAY[1:]]


@pytest.mark.parametrize(
    "day, kept", [(date(2025, 3, 30), 15), (date(2025, 11, 1), 16), (date(2025, 10, 26), 17)]
)
def test_a_partial_day_lacks_its_last_third(day: date, kept: int) -> None:
    """Of each local day."""
    rows = [Row(slot, {"price": 1.0}) for slot in world.slots_of(day)]
    assert _spoilt(rows, "partial_day") == rows[:kept]
    assert len(_spoilt(rows + DAY, "partial_day")) == kept + 16


def test_shifted_days_are_a_day_late() -> None:
    """Rows move by their own spacing, by an hour at least."""
    days = [Row(DAY[0].start + n * timedelta(days=1), {"price": 1.0}) for n in range(3)]
    assert [row.start for row in _spoilt(days, "shifted")][:2] == [row.start for row in days[1:]]
    assert _spoilt([days[0], days[2]], "shifted")[0].start == days[2].start
    holed = [days[0], days[1], replace(days[2], start=days[2].start + timedelta(days=3))]
    assert _spoilt(holed, "shifted")[0].start == days[1].start
    quarters = [Row(DAY[0].start + n * timedelta(minutes=15), {"price": 1.0}) for n in range(8)]
    assert _spoilt(quarters, "shifted")[0].start == quarters[4].start
    assert _spoilt(days[:1], "shifted")[0].start == days[0].start + timedelta(hours=1)


@pytest.mark.parametrize(
    "first, last, left",
    [
        (date(2025, 11, 1), date(2025, 11, 1), [0, 2, 3]),
        (date(2025, 11, 1), None, [0]),
        (None, date(2025, 11, 1), [2, 3]),
        (None, None, []),
    ],
)
def test_an_outage_leaves_out_its_local_days(
    first: date | None, last: date | None, left: list[int]
) -> None:
    """What lies around them stays."""
    days = [world.slots_of(date(2025, 10, 31) + n * timedelta(days=1)) for n in range(4)]
    rows = [Row(slot, {"price": 1.0}) for day in days for slot in day]
    kept = _spoilt(rows, "outage", **{"from": first, "to": last})
    assert [row.start for row in kept] == [slot for n in left for slot in days[n]]


def test_empty_leaves_nothing() -> None:
    """The API then says that it has no data, in its own way."""
    assert _spoilt(DAY, "empty") == []
    assert _spoilt(DAY, "no_data") == []
