"""Answers in another unit are refused whole; a broken sensor costs its own field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import Interval
from gapfill.errors import MalformedPayload
from gapfill.sources.model import Answer, RawRow, check
from tests.sources.aemet.asks import hours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIRST = datetime(2025, 11, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _checked(columns: Mapping[str, Sequence[object]]) -> Answer:
    """Check hours of which each field has these values, one an hour."""
    count = max(map(len, columns.values()))
    whole = Interval(FIRST, FIRST + count * HOUR)
    rows = [
        RawRow(FIRST + n * HOUR, {name: given[n] for name, given in columns.items()})
        for n in range(count)
    ]
    return check(hours(whole.start, whole.end), rows, whole, "HTTP 200")


@pytest.mark.parametrize(
    "name,values,unit",
    [
        ("temperature", [293.1] * 12, "K"),
        ("temperature", [280.2, 290.4, 301.0], "K"),
        ("temperature", ["293,15", "293,15", "294,15"], "K"),
        ("temperature", [68.0, 71.6, 77.0], "°F"),
        ("pressure", [95_500.0, 95_510.0, 95_490.0], "Pa"),
        ("pressure", [95.5, 95.5, 95.5], "kPa"),
        ("pressure", [28.2, 28.3, 28.2], "inHg"),
    ],
)
def test_values_of_another_unit_refuse_the_whole_answer(
    name: str, values: list[object], unit: str
) -> None:
    """What else may have changed with the unit is not known."""
    with pytest.raises(MalformedPayload, match=f"every {name} is out of bounds.* in {unit}\\."):
        _checked({name: values, "wind_speed": [1.0] * len(values)})


@pytest.mark.parametrize(
    "name,values",
    [
        ("humidity", [255.0] * 12),
        ("humidity", [101.0, 102.0, 103.0]),
        ("temperature", [255.0] * 12),
        ("temperature", [327.67] * 12),
        ("temperature", [85.0] * 12),
        ("temperature", [999.9] * 12),
        ("temperature", [293.1, 293.1]),
        ("pressure", [0.0] * 12),
        ("pressure", [9999.0, 9998.0, 9999.0]),
    ],
)
def test_a_broken_sensor_costs_its_own_field(name: str, values: list[object]) -> None:
    """The other fields of the hours are good, and gone from AEMET after half a day."""
    answer = _checked({name: values, "wind_speed": [1.0] * len(values)})
    assert [reading.values for reading in answer.readings] == [{"wind_speed": 1.0}] * len(values)
    assert [r.field for r in answer.rejected] == [name] * len(values)


def test_one_value_inside_the_bounds_shows_that_the_unit_is_right() -> None:
    """Kelvin does not change to Celsius between two rows."""
    answer = _checked({"temperature": [293.1, 293.1, 20.0, 293.1], "wind_speed": [1.0] * 4})
    assert len(answer.readings) == 4
    assert len(answer.rejected) == 3
