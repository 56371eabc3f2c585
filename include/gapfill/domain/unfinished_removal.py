"""A removal of points that is running, or was killed before it wrote back points that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.interval import iso
from gapfill.domain.keys import TIDY, command_of

if TYPE_CHECKING:
    from datetime import datetime


class Unfinished(NamedTuple):
    """A removal that is not finished.

    Attributes:
        series: Catalogue name.
        measurement: Measurement of the points.
        first: Instant of the first point that may be missing.
        last: Instant of the last one.
        batch: Id for ``undo``; empty for a ``retype``.
        is_retype: Whether it is a ``retype``: points of every program may be missing.
        file: File in which a ``retype`` has saved the points.
    """

    series: str
    measurement: str
    first: datetime
    last: datetime
    batch: str = ""
    is_retype: bool = False
    file: str = ""

    @property
    def sentence(self) -> str:
        """Which points may be missing, and the next step."""
        where = f"points of {self.measurement} from {iso(self.first)} to {iso(self.last)}"
        if self.is_retype:
            return (
                f"A retype of {self.series} is running or was interrupted, and {where} may be "
                "missing, so Gapfill does not read or write there. When no retype is running, run "
                f"`gapfill retype {self.series} --yes`, which writes them back"
                + (f"; they are saved in {self.file}." if self.file else ".")
            )
        of = f" of the batch {self.batch}" if self.batch else ""
        step = "the next `heal` or run of gap_detection writes them back within 15 minutes"
        if command_of(self.batch) == TIDY:
            step = "`gapfill tidy --yes` writes them back"
        return (
            f"A removal{of} is running or was interrupted, and {where} may be missing, also of "
            f"other programs: {step}."
        )
