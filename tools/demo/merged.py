"""Where the values of one slot are from, in a line: the demo shows that slots are merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.demo import weather

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tools.demo.check import Stored
    from tools.demo.show import Show

WANTED = (weather.AEMET, weather.NEIGHBOUR, weather.SIAR)
"""Sources that must all have given something to the slot that is shown."""


def tell_merged(show: Show, rows: Sequence[Stored]) -> list[str]:
    """Print where the values of one merged hour are from; return what is wrong, if anything."""
    row = most_merged(rows, WANTED)
    if row is None:
        return [f"No hour has values from all of {_and(WANTED)}."]
    show.say("Fields are merged one by one: an hour has each value from the first that has it.")
    show.say(f"[bold]{in_a_line(row, weather.NAMES)}[/]")
    return []


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
