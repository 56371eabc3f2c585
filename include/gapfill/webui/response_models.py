"""The shapes of what the routes give; ``asked`` has what they take."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003 - pydantic reads the annotations
from typing import Any, Literal

from pydantic import BaseModel, Field

from gapfill.domain.severity import SeverityWord  # noqa: TC001 - pydantic reads the annotations
from gapfill.reporting.documents import OverallWord  # noqa: TC001 - likewise
from gapfill.webui.stored_values import StoredOut

GapStateWord = Literal["missing", "unfillable", "unknown"]


class Problem(BaseModel):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


CauseWord = Literal["askable", "down", "setup", "waiting", "none", "unread"]


class GapOut(BaseModel):
    """A run of slots that are missing, for one reason."""

    series: str
    start: datetime
    end: datetime
    slots: int
    hours: float
    severity: SeverityWord
    state: GapStateWord
    waiting: datetime | None = None
    next_ask: datetime | None = None
    reason: str = ""
    needs: list[str] = Field(
        default=[], description="connections and settings that are not set up; one of them would do"
    )
    fields: list[str] = Field(default=[], description="the required fields that are missing")
    cause: CauseWord = Field(
        default="askable",
        description="askable: a source can be asked now; down: its source is blocked, unreachable "
        "or cannot be used; setup: see `needs`; waiting: until `waiting`; none: no source has it; "
        "unread: the store could not be read",
    )


class SeriesOut(StoredOut):
    """A series in numbers."""

    series: str
    group: str
    resolution: str
    earliest: datetime
    newest: datetime | None
    state: OverallWord
    slots: dict[str, int]
    coverage: float | None
    usable: float | None
    missing_hours: float | None = Field(description="null where it is unknown")
    gaps: int | None
    severity: SeverityWord | None
    error: str | None = Field(description="why it could not be read")


class GroupOut(BaseModel):
    """A group of series, under the keys of the earlier service and more."""

    status: Literal["ok", "gaps", "unknown", "none"] = Field(
        description="unknown: a series could not be read; none: no series in this group"
    )
    gap_hours: float | None = Field(
        description="hours that are due and missing; null where that is unknown"
    )
    gaps: int | None
    newest: datetime | None
    severity: SeverityWord | None
    series: list[str]


class Strategy(BaseModel):
    """What to do about it, as a request."""

    name: Literal["none", "wait", "backfill", "range", "setup"] = Field(
        description="setup: what is missing needs a source to be set up, or corrected"
    )
    method: str | None = None
    path: str | None = None
    body: dict[str, str] | None = None


class Recovery(BaseModel):
    """What healing would take."""

    units: int
    calls: int
    seconds: float
    slots: int
    waiting_slots: int
    unhealable_slots: int
    deferred_units: int


class DagOut(BaseModel):
    """The DAG that heals."""

    id: str
    known: bool
    paused: bool


class SummaryOut(BaseModel):
    """Everything in a few numbers."""

    now: datetime
    state: OverallWord
    store: str = Field(description="where the store is that was looked at")
    ree_data: GroupOut
    weather_data: GroupOut
    series: list[SeriesOut]
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
        description="what could not be read: each is one gap of state unknown"
    )
    recommendation: str
    strategy: Strategy
    recovery: Recovery


class CalendarOut(StoredOut):
    """A row of the calendar."""

    series: str
    group: str
    resolution: str
    target: str
    measurement: str
    zone: str
    first_day: date | None
    newest: datetime | None
    coverage: float | None
    usable: float | None
    slots: dict[str, int]
    required: list[str] = Field(description="fields without which a slot is missing")
    causes: dict[str, int] = Field(description="slots of `gaps` by their cause")
    needs: list[str] = Field(description="what would set up sources of slots that need it")
    days: list[tuple[int, str]] = Field(description="equal days in a row, and their slots by state")
    error: str | None


class CoverageOut(BaseModel):
    """What the page draws."""

    now: datetime
    state: OverallWord
    store: str = Field(description="where the store is that was looked at")
    letters: dict[str, str]
    series: list[CalendarOut]
    gaps: list[GapOut] = Field(description="the worst, then the newest")
    gaps_total: int = Field(description="listed above or not")
    gaps_open: int = Field(description="those of them that are missing, not unfillable")
    gaps_by_cause: dict[str, int] = Field(description="listed above or not")
    dag: DagOut


class SlotsOut(BaseModel):
    """The slots of a few days of one series."""

    series: str
    now: datetime
    zone: str
    field: str
    unit: str
    runs: list[tuple[int, int, str]] = Field(
        description="start in seconds since 1970, how many slots, and what they are; none overlap"
    )
    eras: list[tuple[int, int]] = Field(
        description="start in seconds since 1970, and the seconds from slot to slot from then on"
    )
    step: int = Field(description="seconds from slot to slot at the start")
    sources: list[str]
    readings: list[tuple[int, int, float | None]] = Field(
        description="slot, number of the source of the field, value of the field"
    )
    others: list[tuple[int, str, int]] = Field(
        description="slot, another required field that is from another source, its number"
    )
    partial: list[tuple[int, int, str]] = Field(
        description="start and number of slots that have some required fields, and what is missing"
    )


class ExplainOut(BaseModel):
    """Everything known of one slot."""

    series: str
    slot: datetime
    state: str
    sentence: str
    row: dict[str, Any] | None
    candidates: list[dict[str, Any]]
    next: str


class PlanOut(BaseModel):
    """Whom a run would ask for what, and what that costs."""

    now: datetime
    units: list[dict[str, Any]]
    waiting: list[dict[str, Any]]
    unhealable: list[dict[str, Any]]
    deferred: int
    bill: dict[str, Any]


class Links(BaseModel):
    """Where to look."""

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
