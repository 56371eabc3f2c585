"""What people see while healing goes on: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from gapfill.domain.plan import Plan, Unit
    from gapfill.services.fill import Certificate
    from gapfill.services.heal import Watcher


class Silent:
    """Says nothing."""

    def planned(self, plan: Plan) -> None:
        """A round's plan is made."""

    def began(self, unit: Unit) -> None:
        """A unit is begun."""

    def ended(self, certificate: Certificate) -> None:
        """A unit has ended."""


class Lines(Silent):
    """A line per unit."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def planned(self, plan: Plan) -> None:
        """Say how much is to be asked, and how long it takes at least."""
        if plan.units:
            self._console.print(
                f"Asking {plan.calls} calls in {len(plan.units)} units, "
                f"about {plan.seconds:.0f} s at the sources' rates."
            )

    def ended(self, certificate: Certificate) -> None:
        """Say what a unit came to."""
        c = certificate
        note = f": {c.note}" if c.note else ""
        self._console.print(
            f"{c.outcome:>8}  {c.unit}  {c.source}  {c.slots_filled}/{c.slots_asked} slots{note}"
        )


class Bar(Lines):
    """A bar above which the lines scroll by."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(progress.console)
        self._progress = progress
        self._task = progress.add_task("planning", total=None)

    def planned(self, plan: Plan) -> None:
        """Set the bar to the round's units."""
        super().planned(plan)
        self._progress.update(self._task, total=len(plan.units), completed=0)

    def began(self, unit: Unit) -> None:
        """Name the unit."""
        self._progress.update(self._task, description=unit.label)

    def ended(self, certificate: Certificate) -> None:
        """Move the bar."""
        super().ended(certificate)
        self._progress.advance(self._task)


@contextmanager
def watcher(console: Console, *, is_quiet: bool) -> Iterator[Watcher]:
    """Yield who is told how healing goes.

    Args:
        console: On stderr.
        is_quiet: Whether nothing is said, since a program reads.
    """
    if is_quiet:
        yield Silent()
    elif console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            yield Bar(progress)
    else:
        yield Lines(console)
