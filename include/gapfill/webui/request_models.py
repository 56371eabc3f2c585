"""The shapes of what the routes take."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PlanQuery(_Strict):
    """What would be done: the fields of the trigger form."""

    start_date: str | None = Field(None, description="First local day, such as 2025-10-26.")
    end_date: str | None = Field(None, description="Last local day; that day is included.")
    data_source: str = Field("all", description="all, a group, or one series as series:NAME.")
    days_back: int | None = Field(
        None, description="Instead of dates, from so many days ago on: 1 to 3650."
    )
    max_gap_hours: float = Field(0, description="Only gaps longer than this.")
    force: bool = Field(default=False, description="Ask again what sources do not have.")
    refresh: bool = Field(default=False, description="Ask again what is complete.")


class DetectQuery(_Strict):
    """Which gaps."""

    days_back: int | None = Field(None, description="1 to 3650; left out: the whole history.")


class SlotsQuery(_Strict):
    """Which slots."""

    series: str = Field(description="Name of a series in the catalogue.")
    start_date: str = Field(description="First local day, such as 2025-10-26, or an instant.")
    end_date: str = Field(description="Last local day, included; or an instant, excluded.")


class ExplainQuery(_Strict):
    """Which slot."""

    series: str = Field(description="Name of a series in the catalogue.")
    slot: str = Field(description="An instant inside it, or a local day: its first slot.")


class BackfillQuery(_Strict):
    """Which days to heal."""

    days_back: int = Field(10, description="1 to 3650")


class AutoQuery(_Strict):
    """Which gaps to heal."""

    max_gap_hours: float = Field(6.0, description="0 or more")


class RangeBody(_Strict):
    """A range to heal."""

    start_date: str = Field(description="First local day, such as 2025-10-26.")
    end_date: str = Field(description="Last local day; that day is included.")
    data_source: str = Field("all", description="all, a group, or one series as series:NAME.")
    dry_run: bool = Field(default=False, description="Stop at the plan: nothing is asked.")
    force: bool = Field(default=False, description="Ask again what sources do not have.")
    refresh: bool = Field(default=False, description="Ask again what is complete.")
