"""Progress of healing, on stderr: a bar on a terminal, a line per unit elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gapfill.cli.context import CliContext
from gapfill.domain.formatting import count, duration
from gapfill.domain.plan import Plan, Unit
from gapfill.services.certificate import Certificate
from gapfill.services.heal import ProgressObserver


@contextmanager
def watch(cli: CliContext, *, is_silent: bool = False) -> Iterator[ProgressObserver]:
    """Return a progress observer, which also notes at the cli that something was begun.

    Args:
        cli: Whose stderr is printed to.
        is_silent: Whether nothing is printed where stderr is not a terminal.
    """
    err = cli.err
    if not err.is_terminal:
        yield _Silent(cli) if is_silent else _Lines(cli)
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
        yield _Bar(cli, progress)


class _Silent:
    """Prints nothing."""

    def __init__(self, cli: CliContext) -> None:
        self._desk = cli
        self._err = cli.err

    def planned(self, plan: Plan) -> None:
        """Print nothing."""

    def began(self, unit: Unit) -> None:  # noqa: ARG002 - as the protocol has it
        """Print nothing, but note it."""
        self._desk.has_begun = True

    def ended(self, certificate: Certificate) -> None:
        """Print nothing."""


class _Lines(_Silent):
    """Prints a line per unit when it has ended."""

    def __init__(self, cli: CliContext) -> None:
        super().__init__(cli)
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

    def __init__(self, cli: CliContext, progress: Progress) -> None:
        super().__init__(cli)
        self._progress = progress
        self._task = progress.add_task("looking for gaps", total=None)

    def planned(self, plan: Plan) -> None:
        """Start the bar again."""
        self._progress.reset(self._task, total=len(plan.units) or None)

    def began(self, unit: Unit) -> None:
        """Name the unit."""
        super().began(unit)
        self._progress.update(self._task, description=f"{unit.source}: {unit.label}")

    def ended(self, certificate: Certificate) -> None:
        """Move on."""
        self._err.print(_line(certificate), soft_wrap=True)
        self._progress.advance(self._task)


def _line(certificate: Certificate) -> str:
    filled = f"{certificate.slots_filled:,} of {count(certificate.slots_asked, 'slot')}"
    note = f": {certificate.note}" if certificate.note else ""
    return f"{certificate.unit} {certificate.source} {certificate.outcome}, {filled}{note}"
