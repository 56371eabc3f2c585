"""A removal of points that is running, or was killed before it wrote back points that stay."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from gapfill.domain.interval import iso
from gapfill.domain.keys import TIDY, command_of


class Unfinished(NamedTuple):
    """A removal that is not finished.

    Attributes:
        series: Catalogue name.
        measurement: Measurement of the points.
        first: Instant of the first point that may be missing.
        last: Instant of the last one.
        batch: Id for ``undo``; empty for a ``retype``.
        is_retype: Whether it is a ``retype``: points of every program may be missing.
        file: Where a ``retype`` has saved the points.
        is_back: Whether all was written back once, and points are missing again.
        refused: Why the store refuses to take points back, a sentence; empty where it does not.
        is_empty: Whether it writes nothing back; it counts as unfinished for 15 minutes at most.
        machine: Where it runs, if it writes nothing back: processes there share lock files.
        is_typed: Whether they are refused for a whole number of which ``retype`` makes a float.
    """

    series: str
    measurement: str
    first: datetime
    last: datetime
    batch: str = ""
    is_retype: bool = False
    file: str = ""
    is_back: bool = False
    refused: str = ""
    is_typed: bool = False
    is_empty: bool = False
    machine: str = ""

    @property
    def bars(self) -> bool:
        """Whether nothing is read or written in its measurement until it is finished."""
        return not (self.is_back or self.is_empty) and (self.is_retype or not self.refused)

    @property
    def sentence(self) -> str:
        """Which points may be missing, and the next step."""
        where = f"points of {self.measurement} from {iso(self.first)} to {iso(self.last)}"
        if self.refused or self.is_back:
            return f"P{where[1:]} that a{self._who[1:]} took {self._missing}"
        if self.is_retype:
            return (
                f"{self._who} is running or was interrupted, and {where} may be "
                "missing, so Gapfill does not read or write there. When no retype is running, run "
                f"`gapfill retype {self.series} --yes`, which writes them back{self._saved}."
            )
        if self.is_empty:
            return (
                f"{self._who} is removing {where}, or was interrupted less than 15 minutes ago: "
                "run this again later."
            )
        step = f"{_HEAL} them back, from another machine after 15 minutes"
        if command_of(self.batch) == TIDY:
            step = "`gapfill tidy --yes` writes them back"
        return (
            f"{self._who} is running or was interrupted, and {where} may be missing, also of "
            f"other programs: {step}."
        )

    @property
    def _who(self) -> str:
        if self.is_retype:
            return f"A retype of {self.series}"
        return f"A removal of the batch {self.batch}" if self.batch else "A removal"

    @property
    def _missing(self) -> str:
        if not self.refused:
            return f"were written back and are missing again: {_HEAL} them back."
        step = (
            f"Run `gapfill retype {self.series} --yes`, which makes floats of what is there and "
            "writes them back"
            if self.is_typed
            else "Correct or delete what another program has written there since; each `heal` "
            "tries again"
        )
        return f"are missing, and the store refuses them{self._saved}. {step}. {self.refused}"

    @property
    def _saved(self) -> str:
        return f"; they are saved in {self.file}" if self.file else ""


_HEAL = "the next `heal` or run of gap_detection writes"
