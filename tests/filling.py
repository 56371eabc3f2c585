"""Runs a unit in tests that expect a certificate, or an error."""

from gapfill.domain.plan import Unit
from gapfill.services.backfill import attempt
from gapfill.services.certificate import Certificate
from gapfill.services.context import RunContext


def fill(context: RunContext, unit: Unit, run: str) -> Certificate:
    """Run one unit and return its certificate.

    Raises:
        GapfillError: With which the unit failed.
    """
    certificate, error = attempt(context, unit, run)
    if error is not None:
        raise error
    return certificate
