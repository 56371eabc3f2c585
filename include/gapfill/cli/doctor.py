"""``doctor``: checks the installation."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.text import Text

from gapfill.cli.context import CliContext
from gapfill.cli.layout import COLOURS
from gapfill.cli.options import as_document, everywhere
from gapfill.domain.formatting import count
from gapfill.orchestration.check import Check, Health

FAILED = 1

_STYLES = {
    Health.OK: COLOURS["ok"],
    Health.WARNING: "yellow",
    Health.ERROR: COLOURS["gaps"],
    Health.SKIPPED: COLOURS["unknown"],
}


@click.command()
@click.option("--airflow", "with_airflow", is_flag=True, help="Also check DAGs, pools and plugin.")
@as_document
@everywhere
@click.pass_obj
def doctor(cli: CliContext, *, with_airflow: bool, as_json: bool) -> int:
    """Check the installation: catalogue, clock, store, folders, sources, Airflow.

    Each fault is a sentence with the next step. No source is asked. Exit code 1: a fault.
    """
    checks = cli.examine(with_airflow=with_airflow)
    faults = [check for check in checks if check.health is Health.ERROR]
    if as_json:
        cli.print_json({"state": _state(checks), "checks": [asdict(check) for check in checks]})
        return FAILED if faults else 0
    for check in checks:
        cli.out.print(Text(f"{check.health:8}", _STYLES[check.health]), end="")
        cli.say(f"{check.subject}: {check.sentence}")
    skipped = [check.subject for check in checks if check.health is Health.SKIPPED]
    left = f"; not checked: {', '.join(skipped)}" if skipped else ""
    cli.say(f"\n{count(len(faults), 'fault') if faults else 'No fault found'}{left}.")
    return FAILED if faults else 0


def _state(checks: list[Check]) -> Health:
    """Return the worst result; a check that was not made is never ``ok``."""
    order = (Health.ERROR, Health.SKIPPED, Health.WARNING)
    found = {check.health for check in checks}
    return next((health for health in order if health in found), Health.OK)
