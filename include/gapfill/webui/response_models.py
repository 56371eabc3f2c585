"""Models of the answers that only the routes give; ``reporting`` has those of reports and plans."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from gapfill.reporting.models import (
    Ahead,
    CauseWord,
    Coverage,
    Document,
    Earliest,
    Error,
    Flaws,
    GapFacts,
    Group,
    Name,
    Newest,
    OverallWord,
    Resolution,
    SeverityOf,
    Slots,
    Usable,
    Warnings,
    attribute,
)
from gapfill.reporting.plan_models import PlanOut


class Problem(BaseModel):
    """Problem details of an error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class _Named(BaseModel):
    series: str


class GapOut(GapFacts, _Named):
    """Consecutive slots that are missing for one reason."""

    cause: CauseWord = Field(
        default="askable",
        description="askable: a source can be asked now; down: its source is blocked, unreachable "
        "or cannot be used; setup: see `needs`; waiting: until `waiting`; none: no source has it; "
        "unread: the store could not be read",
    )


class StoredOut(Document):
    """What an operator should know about a series besides its gaps."""

    flaws: Flaws = Field(
        description="stored values that do not count as readings; null if they are not counted yet"
    )
    ahead: Ahead = Field(
        description="points after the last expected slot; null for none, or if `flaws` is null"
    )
    warnings: Warnings = Field(
        description="what an operator should know about its sources, and about `flaws` and `ahead`"
    )


SeriesTotal = Annotated[
    int,
    Field(description="number of requested series, also those that `series` does not list"),
]


class SeriesOut(StoredOut):
    """A series in numbers."""

    series: Name
    group: Group
    resolution: Resolution
    earliest: Earliest
    newest: Newest
    state: OverallWord
    slots: Slots
    coverage: Coverage
    usable: Usable
    missing_hours: float | None = Field(description="null if it is unknown")
    gaps: int | None
    severity: SeverityOf | None
    error: Error = Field(description="why it could not be read")


class GroupOut(BaseModel):
    """A group of series; it has the keys of the earlier service, and more."""

    status: Literal["ok", "gaps", "unknown", "none"] = Field(
        description="unknown: a series could not be read; none: no series in this group"
    )
    gap_hours: float | None = Field(
        description="hours that are due and missing; null if that is unknown"
    )
    gaps: int | None
    newest: datetime | None
    severity: SeverityOf | None
    series: list[str]


class Strategy(BaseModel):
    """What to do about the gaps, as a request."""

    name: Literal["none", "wait", "backfill", "range", "setup"] = Field(
        description="setup: the gaps need a source that must first be set up or corrected"
    )
    method: str | None = None
    path: str | None = None
    body: dict[str, str] | None = None


class Recovery(BaseModel):
    """What healing would cost."""

    units: int
    calls: int
    seconds: float
    slots: int
    waiting_slots: int
    unhealable_slots: int
    deferred_units: int


class DagOut(BaseModel):
    """The DAG that heals gaps."""

    id: str
    known: bool
    paused: bool


class SummaryOut(BaseModel):
    """The state of all series in a few numbers."""

    now: datetime
    state: OverallWord
    store: str = Field(description="place of the store that was read")
    ree_data: GroupOut
    weather_data: GroupOut
    series: list[SeriesOut]
    series_total: SeriesTotal
    recovery: Recovery
    recommendation: str
    strategy: Strategy
    dag: DagOut


class DetectOut(BaseModel):
    """Every gap of a range."""

    now: datetime
    days_back: int | None
    ree_gaps: list[GapOut]
    weather_gaps: list[GapOut]
    errors: list[str] = Field(
        description="why series could not be read: each such series is one gap of state unknown"
    )
    recommendation: str
    strategy: Strategy
    recovery: Recovery


class CalendarOut(StoredOut):
    """A row of the calendar."""

    series: Name
    group: Group
    resolution: Resolution
    target: Annotated[str, attribute("series", "target", "label")]
    measurement: Annotated[str, attribute("series", "measurement")]
    zone: Annotated[str, attribute("calendar", "zone")]
    first_day: Annotated[date | None, attribute("calendar", "first_day")]
    newest: Newest
    coverage: Coverage
    usable: Usable
    slots: Slots
    required: Annotated[list[str], attribute("series", "required")] = Field(
        description="fields without which a slot is missing"
    )
    causes: dict[str, int] = Field(description="slots of its gaps by cause")
    needs: list[str] = Field(description="what must be set up for slots whose sources need it")
    days: Annotated[list[tuple[int, str]], attribute("calendar", "days")] = Field(
        description="numbers of consecutive equal days, and the slots of each day by state"
    )
    error: Error


class ListedGapOut(GapOut):
    """A gap with those facts of its series that the list of gaps shows."""

    zone: str
    required: tuple[str, ...]


class CoverageOut(BaseModel):
    """What the page draws: the requested series, and counts of all series."""

    now: datetime
    state: OverallWord
    store: str = Field(description="place of the store that was read")
    letters: dict[str, str]
    series: list[CalendarOut]
    series_total: SeriesTotal
    groups: list[GroupCount]
    slots: dict[str, int] = Field(description="slots of all series by state")
    errors: list[str] = Field(description="why series could not be read, of all series")
    unread: list[str] = Field(description="series that could not be read")
    gaps: list[ListedGapOut] = Field(description="of all series: the worst, then the newest")
    gaps_total: int = Field(description="number of all gaps, also those that `gaps` does not list")
    gaps_open: int = Field(description="those of all gaps that are missing, not unfillable")
    gaps_by_cause: dict[str, int] = Field(description="all gaps by cause")
    dag: DagOut


class GroupCount(BaseModel):
    """The number of series of a group."""

    name: str
    series: int
    incomplete: int = Field(description="those with a missing slot, or that cannot be read")


class SlotsOut(BaseModel):
    """The slots of a few days of one series."""

    series: str
    now: datetime
    zone: str
    field: str
    unit: str
    runs: list[tuple[int, int, str]] = Field(
        description="start in seconds since 1970, number of slots, their letter; without overlap"
    )
    eras: list[tuple[int, int]] = Field(
        description="start in seconds since 1970, and from then on the seconds from slot to slot"
    )
    step: int = Field(description="seconds from slot to slot at the start")
    sources: list[str]
    readings: list[tuple[int, int, float | None]] = Field(
        description="slot, index of the field's source in `sources`, value of the field"
    )
    others: list[tuple[int, str, int]] = Field(
        description="slot, another required field with a different source, index of that source"
    )
    partial: list[tuple[int, int, str]] = Field(
        description="start and number of slots with some required fields, and what is missing"
    )


class Links(BaseModel):
    """Addresses of the run and of the calendar."""

    run: str = Field(description="the run in Airflow's UI")
    api: str = Field(description="the run in Airflow's API")
    page: str = Field(description="the calendar")


class StartedOut(BaseModel):
    """A run that was started."""

    status: Literal["started"] = "started"
    dag_id: str
    run_id: str
    paused: bool = Field(description="whether the run waits until the DAG is unpaused")
    message: str
    plan: PlanOut
    links: Links
