"""What people see of the cluster: which worker did what, and how it came out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from tools.cluster.world import PER_MINUTE
from tools.demo.show import Show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.airflow_api import Task
    from tools.cluster.check import Story

_SHOWN = {"success": "green", "running": "cyan", "failed": "red", "up_for_retry": "red"}


class ClusterShow(Show):
    """Prints the scenario, with the seconds since it began."""

    def placed(self, task: Task, label: str) -> None:
        """Print that a unit has changed its state, and on which worker it is."""
        if task.state in _SHOWN:
            words = task.state.replace("_", " ")
            place = f"[dim]{escape(task.host)}[/]"
            self.step(f"[{_SHOWN[task.state]}]{words}[/] {escape(_short(label))} {place}")

    def tries(self, story: Story) -> None:
        """Print every try of every unit."""
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for name in ("run", "unit", "try", "worker", "state"):
            table.add_column(name)
        table.add_column("seconds", justify="right")
        for run, tries in enumerate(story.tries):
            for task in tries:
                state = "lost" if story.is_lost(run, task) else task.state
                label = story.labels[run, task.name, task.index]
                colour = "green" if state == "success" else "red"
                seconds = f"{task.seconds:.0f}" if task.seconds is not None else ""
                cells = (str(run + 1), escape(_short(label)), str(task.tries), task.host)
                table.add_row(*cells, f"[{colour}]{state}[/]", seconds)
        self._print_table(table)

    def rates(self, story: Story) -> None:
        """Print how often each source was called, and how often within a minute."""
        for source, most in story.most().items():
            self.say(
                f"{source}: {len(story.calls[source])} calls, at most {most} in any minute; "
                f"{PER_MINUTE[source]} are allowed."
            )

    def store(self, found: Sequence[tuple[str, int, int, int, int]]) -> None:
        """Print what the store holds of each series: points, due slots, holes, healed."""
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        table.add_column("series")
        for name in ("points", "due slots", "missing before", "true now"):
            table.add_column(name, justify="right")
        for name, points, due, missing, healed in found:
            colour = "green" if healed == missing else "red"
            counts = f"{points:,}", f"{due:,}", str(missing), f"[{colour}]{healed}[/]"
            table.add_row(name, *counts)
        self._print_table(table)


def _short(label: str) -> str:
    """Return what a unit is called, by the day."""
    return re.sub(r"T\d\d:\d\dZ", "", label)
