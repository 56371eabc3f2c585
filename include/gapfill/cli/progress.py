"""Progress of healing, on stderr: a bar on a terminal, a line per unit elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gapfill.cli.words import duration
from gapfill.domain.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from gapfill.domain.plan import Plan, Unit
    from gapfill.services.certificate import Certificate
    from gapfill.services.heal import Watcher


@contextmanager
def watch(err: Console, *, is_silent: bool = False) -> Iterator[Watcher]:
    """Return a progress observer.

    Args:
        err: Console of stderr.
        is_silent: Whether nothing is printed where stderr is not a terminal.
    """
    if not err.is_terminal:
        yield _Silent() if is_silent else _Lines(err)
        return
    columns = (TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn())
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=err,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as progress:
        yield _Bar(err, progress)


class _Silent:
    """Prints nothing."""

    def planned(self, plan: Plan) -> None:
        """Print nothing."""

    def began(self, unit: Unit) -> None:
        """Print nothing."""

    def ended(self, certificate: Certificate) -> None:
        """Print nothing."""


class _Lines(_Silent):
    """Prints a line per unit when it has ended."""

    def __init__(self, err: Console) -> None:
        self._err = err
        self._units = self._ended = 0

    def planned(self, plan: Plan) -> None:
        """Say what is about to be asked."""
        self._units, self._ended = len(plan.units), 0
        if plan.units:
            units, calls = count(len(plan.units), "unit"), count(plan.calls, "call")
            self._err.print(f"{units}, {calls}, about {duration(plan.seconds)}", soft_wrap=True)

    def ended(self, certificate: Certificate) -> None:
        """Say what a unit came to."""
        self._ended += 1
        self._err.print(f"[{self._ended}/{self._units}] {_line(certificate)}", soft_wrap=True)


class _Bar(_Silent):
    """Moves a bar, with what went wrong above it."""

    def __init__(self, err: Console, progress: Progress) -> None:
        self._err = err
        self._progress = progress
        self._task = progress.add_task("looking for gaps", total=None)

    def planned(self, plan: Plan) -> None:
        """Start the bar anew."""
        self._progress.reset(self._task, total=len(plan.units) or None)

    def began(self, unit: Unit) -> None:
        """Name the unit."""
        self._progress.update(self._task, description=f"{unit.source}: {unit.label}")

    def ended(self, certificate: Certificate) -> None:
        """Move on."""
        self._err.print(_line(certificate), soft_wrap=True)
        self._progress.advance(self._task)


def _line(certificate: Certificate) -> str:
    filled = f"{certificate.slots_filled:,} of {count(certificate.slots_asked, 'slot')}"
    note = f": {certificate.note}" if certificate.note else ""
    return f"{certificate.unit} {certificate.source} {certificate.outcome}, {filled}{note}"
