"""A plan: units to run, slots that wait, slots that cannot be healed, and the bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.candidate import Candidate
from gapfill.domain.cause import Cause
from gapfill.domain.coverage import Graded
from gapfill.domain.formatting import span
from gapfill.domain.interval import Interval, merge, subtract
from gapfill.domain.keys import BatchId, ProductKey, UnitId
from gapfill.domain.request import Request
from gapfill.domain.series import Series

if TYPE_CHECKING:
    from gapfill.domain.severity import Severity


LONGEST_LABEL = 250
"""Maximum characters of a mapped task's name in Airflow's database."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The work of one mapped task: consecutive requests of one series to one product.

    Attributes:
        series: Catalogue name.
        source: Catalogue name.
        product: Catalogue name, within the source.
        station: Station id, ``None`` if the product has none.
        severity: The worst severity of its gaps.
        slots: Slots asked for.
        requests: In order, at most a minute's worth.
        refresh: Whether to replace values of the same grade.
        fields: Required fields that it is asked for.
        enrich: Wanted fields that it is asked for.
        enriched: Of the slots asked for, the runs that get only wanted fields.
        elsewhere: Required fields that the same plan asks another observing product for.
        force: Whether to ask although the source is blocked.
        part: The required fields, if it is not asked for all of them.
    """

    series: str
    source: str
    product: str
    station: str | None
    severity: Severity
    slots: int
    requests: tuple[Request, ...]
    refresh: bool = False
    fields: tuple[str, ...] = ()
    enrich: tuple[str, ...] = ()
    enriched: tuple[Interval, ...] = ()
    elsewhere: tuple[str, ...] = ()
    part: tuple[str, ...] = ()
    force: bool = False

    @property
    def asked(self) -> list[Interval]:
        """Return the runs of slots asked for, in order."""
        return [run for request in self.requests for run in request.asked]

    @property
    def healed(self) -> list[Interval]:
        """Return the runs of slots that it heals or upgrades, in order."""
        return subtract(merge(self.asked), self.enriched)

    @property
    def fields_asked(self) -> tuple[str, ...]:
        """Return the fields that it is asked for, required and wanted."""
        return self.fields + self.enrich

    @property
    def is_enrichment(self) -> bool:
        """Whether it only adds wanted fields."""
        return bool(self.enrich) and not self.fields

    @property
    def interval(self) -> Interval:
        """Return the interval from the first slot to the end of the last one."""
        return Interval(self.requests[0].start, self.requests[-1].end)

    @property
    def label(self) -> str:
        """Return ``series start–end``, for people and as the mapped task's name.

        It has 250 characters at most: on PostgreSQL, Airflow fails a task with a longer one
        after its work is done.
        """
        base = f"{self.series[: LONGEST_LABEL // 2]} {span(self.interval)}"
        whole = base + "".join(f" +{field}" for field in self._added)
        return whole if len(whole) <= LONGEST_LABEL else f"{base} +{len(self._added)} fields"

    @property
    def key(self) -> UnitId:
        """Return its key, unique within its plan and stable over retries."""
        span = f"{self.interval.start:%Y%m%dT%H%MZ}-{self.interval.end:%Y%m%dT%H%MZ}"
        return UnitId(self.series, self.asks, self.station, span, self._added)

    @property
    def id(self) -> str:
        """Return its key as text."""
        return str(self.key)

    @property
    def asks(self) -> ProductKey:
        """Return the key of the product that it asks."""
        return ProductKey(self.source, self.product)

    def batch(self, run: str) -> str:
        """Return the id of its batch in a run."""
        return str(BatchId(run, self.key))

    @property
    def _added(self) -> tuple[str, ...]:
        return self.enrich if self.is_enrichment else self.part


class Waiting(NamedTuple):
    """Slots for which a source can be asked later, but none now.

    Attributes:
        series: Catalogue name.
        interval: The slots, ``[start, end)``.
        slots: Number of slots.
        until: When a source can be asked.
        source: That source.
        reason: A sentence that says why not now.
        is_down: Whether that source is blocked.
    """

    series: str
    interval: Interval
    slots: int
    until: datetime
    source: str
    reason: str
    is_down: bool = False

    @property
    def cause(self) -> Cause:
        """Return the cause, the group in lists."""
        return Cause.DOWN if self.is_down else Cause.WAITING


class Unhealable(NamedTuple):
    """Slots for which no source can be asked, and why.

    Attributes:
        series: Catalogue name.
        interval: The slots, ``[start, end)``.
        slots: Number of slots.
        reason: A sentence that says why.
        needs: Connections and settings that are not set up, if these could serve them.
        is_down: Whether a source that is set up but cannot be used could serve them.
    """

    series: str
    interval: Interval
    slots: int
    reason: str
    needs: tuple[str, ...] = ()
    is_down: bool = False

    @property
    def cause(self) -> Cause:
        """Return the cause, the group in lists."""
        if self.is_down:
            return Cause.DOWN
        return Cause.SETUP if self.needs else Cause.NONE


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of requests.

    Attributes:
        calls: API calls, every hop counted.
        seconds: Time at the source's rate.
        quota_left: Calls left in the daily quota before these, ``None`` for no quota.
    """

    calls: int
    seconds: float
    quota_left: int | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A series that could not be read and is therefore not in a plan.

    Attributes:
        series: Catalogue name.
        error: A sentence that says why.
    """

    series: str
    error: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Units to run, slots that wait, slots that cannot be healed, and the bill.

    Attributes:
        now: The clock at which it was made.
        units: Worst first, then newest first; no more than the cap.
        waiting: Slots that no source has now.
        unhealable: Slots that no source will have.
        deferred: Units left for the next run.
        bill: Cost by source.
        unread: Series without a plan because they could not be read.
    """

    now: datetime
    units: tuple[Unit, ...]
    waiting: tuple[Waiting, ...] = ()
    unhealable: tuple[Unhealable, ...] = ()
    deferred: int = 0
    bill: Mapping[str, Cost] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()

    @property
    def slots(self) -> int:
        """Return all slots of the units."""
        return sum(unit.slots for unit in self.units)

    @property
    def calls(self) -> int:
        """Return all calls of the bill."""
        return sum(cost.calls for cost in self.bill.values())

    @property
    def seconds(self) -> float:
        """Return the time at the sources' rates, if one source follows the other."""
        return sum(cost.seconds for cost in self.bill.values())


class Missing(NamedTuple):
    """A run of slots that are missing the same required fields.

    Attributes:
        interval: The slots, ``[start, end)``.
        severity: That of the *whole* gap.
        fields: The fields; empty for all required ones.
    """

    interval: Interval
    severity: Severity
    fields: tuple[str, ...] = ()


class BackfillRequest(NamedTuple):
    """What to ask for one series.

    Attributes:
        series: The series.
        candidates: All products of its route, in their present state.
        gaps: Runs of missing slots, in order.
        lower: Runs to upgrade.
        again: Complete runs to ask for again (``refresh``).
        pending: Runs that are not due. A product that already has them is asked, such as for the
            current slot.
        missing_optional: By wanted field, runs of slots with every required field but not this one.
        refresh: Whether to replace values of the same grade.
    """

    series: Series
    candidates: Sequence[Candidate]
    gaps: Sequence[Missing]
    lower: Sequence[Graded] = ()
    again: Sequence[Interval] = ()
    pending: Sequence[Interval] = ()
    missing_optional: Mapping[str, Sequence[Interval]] = MappingProxyType({})
    refresh: bool = False
