"""How reports look on a terminal and in a file: tables, capped lists, wrapped sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from rich.table import Table
from rich.text import Text

from gapfill.domain.severity import Severity

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")

SHOWN = 10
"""Lines of one list; what is left out is counted, and --json lists all."""

COLOURS = {
    "ok": "bold green",
    "gaps": "bold red",
    "unknown": "bold magenta",
    Severity.CRITICAL: "red",
    Severity.MODERATE: "yellow",
    Severity.MINOR: "",
}


def capped(out: Console, items: Sequence[T], show: Callable[[T], None]) -> None:
    """Show the first items, and count the others."""
    for item in items[:SHOWN]:
        show(item)
    if len(items) > SHOWN:
        out.print(f"  and {len(items) - SHOWN:,} more; --json lists all")


def sentence(out: Console, text: str) -> None:
    """Print a sentence, indented and wrapped on a terminal, in one line elsewhere."""
    if not out.is_terminal:
        out.print(f"    {text}", soft_wrap=True)
        return
    for line in Text(text).wrap(out, max(out.width - 4, 20)):
        out.print(f"    {line.plain.rstrip()}")


def table(*columns: str, numbers: Iterable[str] = ()) -> Table:
    """Return an empty table; columns of numbers are aligned at the right."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        made.add_column(name, overflow="fold")
    for name in numbers:
        made.add_column(name, justify="right")
    return made
