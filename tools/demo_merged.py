"""Where the values of one slot are from, in a line: the demo shows that slots are merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tools.demo_check import Stored


def origins(row: Stored) -> dict[str, list[str]]:
    """Return the fields of a row by the source that gave them, in the order of the fields."""
    found: dict[str, list[str]] = {}
    for field in row.values:
        found.setdefault(row.kept.get(field) or row.source or "nobody", []).append(field)
    return found


def most_merged(rows: Iterable[Stored], wanted: Sequence[str]) -> Stored | None:
    """Return the newest row with values from the most sources, among rows of all wanted sources.

    Args:
        rows: In any order.
        wanted: Sources that must all have given something.
    """
    merged = [row for row in rows if set(wanted) <= origins(row).keys()]
    return max(merged, key=lambda row: (len(origins(row)), row.slot), default=None)


def in_a_line(row: Stored, names: Mapping[str, str]) -> str:
    """Return where the values of a slot are from.

    Args:
        row: The slot.
        names: Names for people of some sources.
    """
    parts = [
        f"{_and([field.replace('_', ' ') for field in fields])} from {source}"
        + (f" ({names[source]})" if source in names else "")
        for source, fields in origins(row).items()
    ]
    return f"{row.slot:%Y-%m-%d %H:%MZ}: {'; '.join(parts)}"


def _and(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
