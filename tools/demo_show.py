"""What people see of the demo: short tables, readable at 80 columns."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.table import Table

from tools.demo_world import MADRID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tools.airflow_api import Task
    from tools.demo_check import Verdict
    from tools.demo_world import Hole

WIDEST = 96
"""Wider lines are hard to read, whatever the terminal has."""

_MARKS = {
    "success": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "upstream_failed": "[red]✗[/]",
    "up_for_retry": "[yellow]↻[/]",
    "running": "[cyan]…[/]",
}
_USUAL = ("complete", "missing", "pending")
_STATES = ("complete", "provisional", "missing", "pending", "unfillable", "unknown")


class Show:
    """Prints the demo, with the seconds since it began."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        self._console = Console(highlight=False, soft_wrap=False)
        self._console.width = min(self._console.width, WIDEST)
        self._began = time.monotonic()

    def title(self, text: str) -> None:
        """Print what comes next."""
        self._console.print()
        self._console.print(Rule(f"[bold]{escape(text)}[/]", align="left", style="blue"))

    def say(self, text: str) -> None:
        """Print a sentence; it may hold markup."""
        self._console.print(text)

    def step(self, text: str) -> None:
        """Print something that has just happened, with its time; it may hold markup."""
        self._console.print(f"[dim]{time.monotonic() - self._began:5.0f} s[/]  {text}")

    def task(self, task: Task) -> None:
        """Print that a task instance has changed its state, where that is of interest."""
        if task.state not in _MARKS or (task.state == "running" and task.index < 0):
            return
        label = f" [dim]{escape(task.label)}[/]" if task.label else ""
        words = f" [dim]{task.state.replace('_', ' ')}[/]" if task.state != "success" else ""
        self.step(f"{_MARKS[task.state]} {task.name}{label}{words}")

    def request(self, first: datetime, last: datetime) -> None:
        """Print that REE was asked for these local days, both included."""
        days = f" to {last:%m-%d}" if first.date() != last.date() else ""
        self.step(f"    [dim]asks REE for {first:%Y-%m-%d}{days}[/]")

    def holes(self, holes: Sequence[Hole], verdict: Verdict | None = None) -> None:
        """Print the holes, and what became of them where that is known."""
        table = _table("hole", "from (Madrid time)", right=("slots",))
        if verdict:
            table.add_column("true now", justify="right")
        for hole in holes:
            cells = [hole.name, f"{hole.start.astimezone(MADRID):%a %Y-%m-%d %H:%M}"]
            cells.append(str(len(hole.slots)))
            if verdict:
                healed = sum(slot in verdict.healed for slot in hole.slots)
                colour = "green" if healed == len(hole.slots) else "red"
                cells.append(f"[{colour}]{healed}[/]")
            table.add_row(*cells)
        self._print_table(table)

    def coverage(self, status: Mapping[str, object]) -> None:
        """Print the coverage table of ``status --json``; rare states only where there are any."""
        reports = [(series, _counts(series["slots"])) for series in _list(status["series"])]
        shown = [s for s in _STATES if s in _USUAL or any(counts[s] for _, counts in reports)]
        table = _table("series", right=(*shown, "gaps", "coverage"))
        for series, counts in reports:
            cells = {state: f"{counts[state]:,}" for state in shown}
            if counts["missing"]:
                cells["missing"] = f"[red]{cells['missing']}[/]"
            share = series["coverage"]
            percent = f"{100 * share:.2f} %" if isinstance(share, float) else "–"
            gaps = str(len(_list(series["gaps"])))
            table.add_row(str(series["series"]), *cells.values(), gaps, percent)
        self._print_table(table)

    def units(self, certificates: Sequence[Mapping[str, object]]) -> None:
        """Print what each unit did, from its certificate."""
        table = _table("unit", "source", right=("calls", "filled", "outcome"))
        for c in certificates:
            outcome = str(c["outcome"])
            colour = "green" if outcome in {"filled", "stood"} else "yellow"
            filled = f"{c['slots_filled']}/{c['slots_asked']}"
            outcome = f"[{colour}]{outcome}[/]"
            table.add_row(str(c["unit"]), str(c["source"]), str(c["calls"]), filled, outcome)
        self._print_table(table)

    def _print_table(self, table: Table) -> None:
        self._console.print()
        self._console.print(table)
        self._console.print()

    def files(self, entries: Sequence[tuple[str, str]]) -> None:
        """Print where things are."""
        table = Table.grid(padding=(0, 2))
        for path, what in entries:
            table.add_row(escape(path), f"[dim]{escape(what)}[/]")
        self._console.print(table)

    def problem(self, text: str) -> None:
        """Print what is wrong."""
        self._console.print(f"[red]✗[/] {escape(text)}")

    def end(self, text: str, *, is_well: bool) -> None:
        """Print how it ended."""
        self._console.print()
        colour = "green" if is_well else "red"
        self._console.print(f"[bold {colour}]{escape(text)}[/]")


def _table(*left: str, right: Sequence[str] = ()) -> Table:
    """Return an empty table with headed columns."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for name in left:
        table.add_column(name)
    for name in right:
        table.add_column(name, justify="right")
    return table


def _counts(value: object) -> dict[str, int]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []
