"""What people see of the demo: short tables, readable at 96 columns."""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from gapfill.domain.formatting import total
from tools.demo.calls import TITLES
from tools.demo.world import DAY, MADRID

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from tools.airflow_api import Task
    from tools.demo.calls import Bill
    from tools.demo.world import Hole

    Healed = Mapping[str, Collection[datetime]]

WIDEST = 96
"""Wider lines are hard to read, whatever the terminal has."""

_MARKS = {
    "success": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "upstream_failed": "[red]✗[/]",
    "up_for_retry": "[yellow]↻[/]",
    "running": "[cyan]…[/]",
}
_QUIET = ("validate_request", "detect_gaps", "plan_backfill", "choose_sources", "summarize")
"""Tasks whose success goes without saying."""
_SPAN = re.compile(r"(\S{10})T\d\d:\d\dZ–(\S{10})T\d\d:\d\dZ")
_USUAL = ("complete", "missing", "pending")
_STATES = ("complete", "provisional", "missing", "pending", "unfillable", "unknown")


class Show:
    """Prints the demo, with the seconds since it began."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        self.console = Console(highlight=False, soft_wrap=False)
        is_seen = self.console.is_terminal
        self.console.width = min(self.console.width, WIDEST) if is_seen else WIDEST
        self._began = time.monotonic()

    def title(self, text: str) -> None:
        """Print what comes next."""
        self.console.print()
        self.console.print(Rule(f"[bold]{escape(text)}[/]", align="left", style="blue"))

    def say(self, text: str) -> None:
        """Print a sentence; it may hold markup."""
        self.console.print(text)

    def as_is(self, text: str) -> None:
        """Print lines to be copied: no markup, and nothing is wrapped."""
        self.console.print(text, markup=False, soft_wrap=True)

    def step(self, text: str) -> None:
        """Print something that has just happened, with its time; it may hold markup."""
        self.console.print(f"[dim]{time.monotonic() - self._began:5.0f} s[/]  {text}")

    def task(self, task: Task) -> None:
        """Print that a task instance has changed its state, where that is of interest."""
        if task.state not in _MARKS or task.state == "running":
            return
        if task.state == "success" and (task.name in _QUIET or task.name.startswith("units_")):
            return
        label = f" [dim]{escape(_short(task.label))}[/]" if task.label else ""
        words = f" [dim]{task.state.replace('_', ' ')}[/]" if task.state != "success" else ""
        self.step(f"{_MARKS[task.state]} {task.name}{label}{words}")

    def request(self, words: str, *, is_refused: bool) -> None:
        """Print what was asked of whom."""
        self.step(f"    [{'yellow' if is_refused else 'dim'}]{words}[/]")

    def ended(self, state: str, summary: Mapping[str, object] | None) -> None:
        """Print how a run ended, in its own words."""
        colour = "green" if state == "success" else "red"
        if summary is None:
            self.step(f"the run ended: [{colour}]{state}[/]; it left no summary")
            return
        numbers = {key: int(n) for key, n in summary.items() if isinstance(n, int)}
        prices = numbers.get("ree_records_recovered", 0)
        others = numbers.get("weather_records_recovered", 0)
        parts = [
            total(prices + others, numbers.get("slots_enriched", 0)),
            f"{prices:,} of them prices",
            f"{numbers.get('calls', 0):,} calls",
        ]
        if numbers.get("units_deferred"):
            parts.append(f"{numbers['units_deferred']} left for the next run")
        self.step(f"the run ended: [{colour}]{state}[/]; {', '.join(parts)}")

    def holes(self, holes: Sequence[tuple[str, Hole]], healed: Healed) -> None:
        """Print the holes with their series, and what became of them."""
        table = _table("series", "hole", "from (Madrid time)", right=("slots", "true now"))
        before = ""
        for series, hole in holes:
            start = hole.start.astimezone(MADRID)
            is_day = hole.step >= DAY
            when = f"{hole.start:%a %Y-%m-%d}" if is_day else f"{start:%a %Y-%m-%d %H:%M}"
            true = sum(slot in healed[series] for slot in hole.slots)
            colour = "green" if true == len(hole.slots) else "yellow"
            name = "" if series == before else series
            table.add_row(name, hole.name, when, str(len(hole.slots)), f"[{colour}]{true}[/]")
            before = series
        self._print_table(table)

    def coverage(self, status: Mapping[str, object]) -> None:
        """Print the coverage table of ``status --json``; rare states only where there are any."""
        reports = [(series, _counts(series["slots"])) for series in _list(status["series"])]
        shown = [s for s in _STATES if s in _USUAL or any(counts[s] for _, counts in reports)]
        table = _table("series", right=(*shown, "coverage", "usable"))
        for series, counts in reports:
            cells = {state: f"{counts[state]:,}" for state in shown}
            if counts["missing"]:
                cells["missing"] = f"[red]{cells['missing']}[/]"
            shares = (_percent(series["coverage"]), _percent(series["usable"]))
            table.add_row(str(series["series"]), *cells.values(), *shares)
        self._print_table(table)

    def units(self, certificates: Sequence[Mapping[str, object]]) -> None:
        """Print what each unit did, from its certificate."""
        table = _table("unit", "source", "grade", right=("calls", "filled", "outcome"))
        for c in sorted(certificates, key=lambda c: (str(c["source"]), str(c["unit"]))):
            outcome = str(c["outcome"])
            colour = "green" if outcome in {"filled", "stood"} else "yellow"
            filled = f"{c['slots_filled']}/{c['slots_asked']}"
            outcome = f"[{colour}]{outcome}[/]"
            unit = _short(str(c["unit"]))
            table.add_row(unit, str(c["source"]), str(c["grade"]), str(c["calls"]), filled, outcome)
        self._print_table(table)
        for c in certificates:
            if c["outcome"] == "deferred":
                self.console.print(Text(str(c["note"]), style="yellow"))

    def origins(self, origins: Mapping[tuple[str, str, str], tuple[int, int]]) -> None:
        """Print who healed what, and how good that is.

        Args:
            origins: By series, source and grade: slots, and those of them with a field kept
                from another source.
        """
        table = _table("series", "healed by", "grade", right=("slots", "fields kept in"))
        for (series, source, grade), (slots, kept) in sorted(origins.items()):
            table.add_row(series, source, grade, f"{slots:,}", f"{kept:,}" if kept else "")
        self._print_table(table)

    def calls(self, bills: Sequence[Bill]) -> None:
        """Print the calls to each source beside the fewest that could do."""
        table = _table("source", right=("calls", "log in", "refused", "ask for values", "fewest"))
        for bill in bills:
            colour = "green" if bill.asking == bill.fewest else "yellow"
            numbers = (bill.total, bill.logins, bill.refused, bill.asking)
            cells = [str(n) if n else "" for n in numbers]
            table.add_row(TITLES[bill.source], *cells, f"[{colour}]{bill.fewest}[/]")
        self._print_table(table)

    def stays_open(self, series: str, what: str, state: str, why: str) -> None:
        """Print something that is not as good as it could ever be, and why."""
        self.console.print(f"[bold]{series}[/]  {escape(what)}  [yellow]{escape(state)}[/]")
        self.console.print(Padding(Text(why, style="dim"), (0, 0, 0, 4), expand=False))

    def _print_table(self, table: Table) -> None:
        self.console.print()
        self.console.print(table)
        self.console.print()

    def files(self, entries: Sequence[tuple[str, str]]) -> None:
        """Print where things are."""
        table = Table.grid(padding=(0, 2))
        for path, what in entries:
            table.add_row(escape(path), f"[dim]{escape(what)}[/]")
        self.console.print(table)

    def problem(self, text: str) -> None:
        """Print what is wrong."""
        self.console.print(f"[red]✗[/] {escape(text)}")

    def end(self, text: str, *, is_well: bool) -> None:
        """Print how it ended."""
        self.console.print()
        colour = "green" if is_well else "red"
        self.console.print(f"[bold {colour}]{escape(text)}[/]")


def _table(*left: str, right: Sequence[str] = ()) -> Table:
    """Return an empty table with headed columns."""
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
        header_style="bold",
    )
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right", overflow="fold")
    return table


def _short(label: str) -> str:
    """Return a unit's label with the dates of its bounds alone."""
    return _SPAN.sub(lambda m: m[1] if m[1] == m[2] else f"{m[1]}–{m[2]}", label)


def _percent(share: object) -> str:
    return f"{100 * share:.2f} %" if isinstance(share, float) else "–"


def _counts(value: object) -> dict[str, int]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []
