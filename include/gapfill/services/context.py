"""The context of every use case: the catalogue, the store, the sources and the clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gapfill.catalog import Catalog
from gapfill.domain.candidate import Candidate
from gapfill.domain.interval import Interval
from gapfill.domain.series import Series
from gapfill.services.ports import Sources, Store
from gapfill.services.source_status import SourceStatus, read_status


@dataclass(frozen=True, slots=True)
class RunContext:
    """One installation at one instant.

    Attributes:
        catalog: Its series and sources.
        store: The store of readings.
        sources: The APIs as they are set up here.
        now: The clock, read once.
        sleep: Waits a number of seconds of real time.
        monotonic: Real seconds, for pauses between calls.
        started: Value of ``monotonic`` when the clock was read.
    """

    catalog: Catalog
    store: Store
    sources: Sources
    now: datetime
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    started: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Store when the clock was read."""
        object.__setattr__(self, "started", self.monotonic())

    def moment(self) -> datetime:
        """Return the present moment, which can be long after ``now``."""
        return self.now + timedelta(seconds=self.monotonic() - self.started)

    def in_seconds(self, seconds: float) -> datetime:
        """Return the instant a number of seconds after the present moment.

        It is a whole second, never too early.
        """
        return self.now + timedelta(seconds=math.ceil(self.monotonic() - self.started + seconds))

    def status(
        self, series: Sequence[Series], slots: Sequence[Interval] | None = None
    ) -> SourceStatus:
        """Return the present status of the sources, with the candidates of these series.

        Read it once per phase: fills and other processes change it.

        Args:
            series: The series.
            slots: Slots for which the candidates must be right, as sorted, disjoint intervals;
                ``None``: all slots.

        Raises:
            StoreError: If the ledger, the calls or the blocks cannot be read.
        """
        return read_status(self, series, slots)

    def candidates(self, series: Series) -> Sequence[Candidate]:
        """Return every product of a series' route, in its present state.

        Raises:
            StoreError: As ``status``.
        """
        return self.status([series]).candidates(series)
