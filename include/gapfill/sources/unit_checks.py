"""Detect an answer in another unit than documented.

One value outside its bounds is a single error, and a field that is outside them for a whole day
comes from a broken sensor (a humidity of 255 %): only the field is rejected. It is another unit
if every value of the field, in ``ROWS`` slots or more, is outside its bounds, and inside them
after conversion from a unit in which sources publish the quantity: then other fields may have
changed as well, and the whole answer is refused. One repeated value is the code of a broken
sensor if devices send that code, or if only a unit marked ``varies`` would fit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from gapfill.domain.interval import iso
from gapfill.domain.series import Field

ROWS = 3
"""Fewest slots, all without a value inside the bounds, that are more than single errors."""

_CODES = frozenset({255.0, 327.67})
"""Codes of devices for "no value" (all bits of a byte, of 15 bits in hundredths) that would be
plausible temperatures in kelvin."""


class _Unit(NamedTuple):
    """Another unit in which sources publish a quantity."""

    name: str
    convert: Callable[[float], float]
    varies: bool = False


_OTHERS: dict[str, tuple[_Unit, ...]] = {
    "°C": (
        _Unit("K", lambda v: v - 273.15),
        _Unit("°F", lambda v: (v - 32) / 1.8, varies=True),
    ),
    "hPa": (
        _Unit("Pa", lambda v: v / 100),
        _Unit("kPa", lambda v: v * 10),
        _Unit("inHg", lambda v: v * 33.8639, varies=True),
    ),
}
"""By unit; ``varies``: only if the values differ, because a stuck sensor repeats one value."""


def other_measure(
    fields: Sequence[Field], beyond: Mapping[str, Mapping[datetime, float]], good: Collection[str]
) -> str | None:
    """Return the sign that an answer is in another unit, ``None`` if there is none.

    Args:
        fields: Fields of the series.
        beyond: By field and slot, the numbers outside the field's bounds.
        good: Fields with any value inside their bounds.
    """
    for known in fields:
        values = beyond.get(known.name, {})
        unit = None if known.name in good else _other_unit(known, values.values())
        if unit:
            first = min(values)
            said = f"every {known.name} is out of bounds, {values[first]:g} {known.unit} at "
            return f"{said}{iso(first)}, as if it were in {unit}"
    return None


def _other_unit(known: Field, values: Collection[float]) -> str | None:
    """Return the unit in which values would lie within a field's bounds, ``None`` for none.

    Args:
        known: The field.
        values: All its values in an answer, one per slot, each outside the bounds.
    """
    if len(values) < ROWS or set(values) <= _CODES:
        return None
    is_stuck = len(set(values)) == 1
    for unit in _OTHERS.get(known.unit, ()):
        if is_stuck and unit.varies:
            continue
        if all(known.minimum <= unit.convert(value) <= known.maximum for value in values):
            return unit.name
    return None
