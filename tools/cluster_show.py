"""What people see of the cluster: which worker did what, and how it came out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from tools.cluster_world import PER_MINUTE
from tools.demo_show import Show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.airflow_api import Task
    from tools.cluster_check import Story
    from tools.demo_check import Verdict


class ClusterShow(Show):
    """Prints the scenario, with the seconds since it began."""

    def __init__(self) -> None:
        super().__init__()
        self._labels: dict[tuple[str, int], str] = {}

    def forget(self) -> None:
        """Begin another run, whose units are others."""
        self._labels.clear()

    def placed(self, task: Task) -> None:
        """Print that a unit has changed its state, and on which worker it is."""
        if not task.name.startswith("backfill_") or task.index < 0:
            return
        if task.state not in {"running", "success", "failed", "up_for_retry"}:
            return
        # While it is begun again, Airflow forgets what it is called.
        label = self._labels.get((task.name, task.index), task.label) or task.label
        self._labels[task.name, task.index] = label
        colour = {"success": "green", "running": "cyan"}.get(task.state, "red")
        words = task.state.replace("_", " ")
        self.step(f"[{colour}]{words}[/] {escape(label)} [dim]{escape(task.host)}[/]")

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
                cells = (str(run + 1), escape(label), str(task.tries), task.host)
                table.add_row(*cells, f"[{colour}]{state}[/]", seconds)
        self._print_table(table)

    def rates(self, story: Story) -> None:
        """Print how often each source was called, and how often within a minute."""
        for source, most in story.most().items():
            self.say(
                f"{source}: {len(story.calls[source])} calls, at most {most} in any minute; "
                f"{PER_MINUTE[source]} are allowed."
            )

    def store(self, found: Sequence[tuple[str, int, int, int, Verdict]]) -> None:
        """Print what the store holds of each series: points, due slots, holes, healed."""
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        table.add_column("series")
        for name in ("points", "due slots", "missing before", "true now"):
            table.add_column(name, justify="right")
        for name, points, due, missing, verdict in found:
            colour = "green" if len(verdict.healed) == missing else "red"
            healed = f"[{colour}]{len(verdict.healed)}[/]"
            table.add_row(name, f"{points:,}", f"{due:,}", str(missing), healed)
        self._print_table(table)
