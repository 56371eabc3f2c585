"""Models of the routes' parameters; ``read_params`` checks bounds and answers in a sentence."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gapfill.services.run_params import MAX_DAYS_BACK, PARAMETERS

MAX_LIMIT = 500
"""The largest limit for the series of one answer."""


def parameter(name: str, default: object = None, description: str = "") -> Any:  # noqa: ANN401 - what Field returns
    """Return the field of a run's parameter.

    Args:
        name: Name of the parameter.
        default: The route's default if it differs; ``...`` if the parameter is required.
        description: The route's description if it differs.
    """
    given = PARAMETERS[name]
    default = given.default if default is None else default
    return Field(default, description=description or given.route)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PlanQuery(_Strict):
    """The run to plan: the fields of the trigger form."""

    start_date: str | None = parameter("start_date")
    end_date: str | None = parameter("end_date")
    data_source: str = parameter("data_source")
    days_back: int | None = parameter("days_back")
    max_gap_hours: float = parameter("max_gap_hours")
    force: bool = parameter("force")
    refresh: bool = parameter("refresh")


class DetectQuery(_Strict):
    """Which gaps."""

    days_back: int | None = parameter(
        "days_back", description=f"1 to {MAX_DAYS_BACK}; if omitted: the whole history."
    )


class SeriesQuery(_Strict):
    """Which series."""

    search: str = Field("", description="Part of a series' name, in any case.", max_length=100)
    group: str | None = Field(None, description="Group of a series in the catalogue.")
    offset: int = Field(0, description="How many of these series to skip.", ge=0)
    limit: int | None = Field(
        None,
        description=f"How many to list, 1 to {MAX_LIMIT}; if omitted: all.",
        ge=1,
        le=MAX_LIMIT,
    )


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

    days_back: int = parameter("days_back", 10, f"1 to {MAX_DAYS_BACK}")


class AutoQuery(_Strict):
    """Which gaps to heal."""

    max_gap_hours: float = parameter("max_gap_hours", 6.0, "0 or more")


class RangeBody(_Strict):
    """A range to heal."""

    start_date: str = parameter("start_date", ...)
    end_date: str = parameter("end_date", ...)
    data_source: str = parameter("data_source")
    dry_run: bool = parameter("dry_run")
    force: bool = parameter("force")
    refresh: bool = parameter("refresh")
