"""Signs that an answer is in another unit than it says.

One value outside its bounds is a slip, and a field that is outside them for a whole day is a
broken sensor (a humidity of 255 %): the field is lost, the rest of the answer is good. It is
another unit where every value of the field, over ``ROWS`` slots or more, lies outside its bounds
and lies inside them once it is converted from a unit in which the quantity is published: then
nobody knows what else changed, and nothing of the answer is taken. One value repeated is the
code of a broken sensor where it is a code that devices send, or where only the weaker signs
(°F) speak against it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from gapfill.domain.interval import iso
from gapfill.domain.series import Field

ROWS = 3
"""So many slots at least, all without a value inside the bounds, are more than slips."""

_CODES = frozenset({255.0, 327.67})
"""What devices send for "no value" (all bits of a byte, of 15 bits in hundredths) that would be
plausible temperatures in kelvin."""


class _Unit(NamedTuple):
    """A unit in which a quantity is published beside the one that is asked for."""

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
"""By unit; ``varies``: believed only where the values are not all one, as a stuck sensor's are."""


def other_measure(
    fields: Sequence[Field], beyond: Mapping[str, Mapping[datetime, float]], good: Collection[str]
) -> str | None:
    """Return why the values of an answer are not of what was asked, ``None`` where they may be.

    Args:
        fields: Those of the series.
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
        values: All its values of an answer, one a slot, each outside the bounds.
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
