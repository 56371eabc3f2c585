"""The trigger form's parameters as an order; what makes no sense is refused in a sentence."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from gapfill.domain.local_time import day_start, local_date, parse_bound
from gapfill.errors import RequestError
from gapfill.services.planning import RunRequest
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gapfill.catalog import Catalog
    from gapfill.domain.series import Series

LOCAL = "Europe/Madrid"
"""Dates of the form are days of this zone (design, 8 and 13)."""

MAX_DAYS_BACK = 3650
"""Ten years: further back a range says better what is meant."""

DEFAULTS: Mapping[str, object] = {
    "start_date": None,
    "end_date": None,
    "data_source": "all",
    "days_back": None,
    "max_gap_hours": 0,
    "dry_run": False,
    "force": False,
    "refresh": False,
}
"""What a scheduled run is given; the form of ``gap_detection`` has the same keys."""

CURRENT = timedelta(hours=14)
"""How far back what is current reaches: AEMET's last 12 hours, and two until they are out."""

_SERIES = "series:"

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def current_request(catalog: Catalog, now: datetime, sources: Sequence[str]) -> RunRequest:
    """Return the order for what is current: the last hours and what is published ahead.

    Args:
        catalog: Whose series.
        now: The clock.
        sources: Who is asked, and nobody else.
    """
    selection = Selection(tuple(catalog.series.values()), start=now - CURRENT)
    return RunRequest(selection, sources=tuple(sources))


def read_request(params: Mapping[str, object], catalog: Catalog, now: datetime) -> RunRequest:
    """Return what a run is to do.

    Airflow checks types, formats and ranges of a run that is triggered through its API,
    and lets pass unknown keys, an end before its start, and whatever a test or another
    program hands over; so everything is checked here.

    Args:
        params: The run's parameters; absent ones have their defaults.
        catalog: Where series and groups are looked up.
        now: The clock.

    Raises:
        RequestError: In a sentence for the person who filled in the form.
    """
    given = {**DEFAULTS, **params}
    unknown = [key for key in given if key not in DEFAULTS]
    if unknown:
        known = ", ".join(DEFAULTS)
        message = f"There is no parameter {unknown[0]!r}; there are {known}."
        raise RequestError(message)
    start, end = _range(given, now)
    selection = Selection(find_series(given["data_source"], catalog), start, end)
    selection.check(now)
    is_refresh = _flag(given, "refresh")
    if is_refresh and not selection.has_range:
        message = (
            "refresh asks again what is complete, so it needs a range: "
            "give start_date and end_date, or days_back."
        )
        raise RequestError(message)
    return RunRequest(
        selection,
        max_gap_hours=_hours(given["max_gap_hours"]),
        force=_flag(given, "force"),
        refresh=is_refresh,
    )


def is_dry_run(params: Mapping[str, object]) -> bool:
    """Return whether the run stops at its plan.

    Raises:
        RequestError: If the parameter is neither true nor false.
    """
    return _flag({**DEFAULTS, **params}, "dry_run")


def find_series(name: object, catalog: Catalog) -> tuple[Series, ...]:
    """Return the series that ``data_source`` names: all, a group's, or one.

    Raises:
        RequestError: If there is none; lists what there is.
    """
    everything = tuple(catalog.series.values())
    groups = {series.group for series in everything}
    if name == "all":
        return everything
    if name in groups:
        return tuple(series for series in everything if series.group == name)
    text = str(name)
    if text.startswith(_SERIES) and text.removeprefix(_SERIES) in catalog.series:
        return (catalog.series[text.removeprefix(_SERIES)],)
    choices = ["all", *sorted(groups), *(f"{_SERIES}{series.name}" for series in everything)]
    message = f"There is no data_source {text!r}; there are {', '.join(choices)}."
    raise RequestError(message)


def _range(given: Mapping[str, object], now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the bounds of the range in UTC, ``(None, None)`` for no range.

    Days back have no end: what is published ahead is due too, as for a scheduled run.
    """
    first, last, days = given["start_date"], given["end_date"], given["days_back"]
    if days is not None:
        if first is not None or last is not None:
            message = "Give either start_date and end_date, or days_back, not both."
            raise RequestError(message)
        today = local_date(now, LOCAL)
        return day_start(today - timedelta(days=_days(days)), LOCAL), None
    if first is None and last is None:
        return None, None
    if first is None or last is None:
        has, missing = ("start_date", "end_date") if last is None else ("end_date", "start_date")
        message = f"{has} is given without {missing}: give both, or neither."
        raise RequestError(message)
    since = _date("start_date", first)
    if _date("end_date", last) < since:
        message = f"end_date {last} is before start_date {first}."
        raise RequestError(message)
    return _bound("start_date", first), _bound("end_date", last, is_end=True)


def _bound(key: str, value: object, *, is_end: bool = False) -> datetime:
    try:
        return parse_bound(str(value), LOCAL, is_end=is_end)
    except ValueError as exc:
        message = f"{key}: {exc}."
        raise RequestError(message) from None


def _date(key: str, value: object) -> date:
    """Return a date as the form writes it; Python's own parser takes other spellings too."""
    text = str(value)
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    message = f"{key} is {text[:40]!r}: expected a date such as 2025-10-26."
    raise RequestError(message)


def _days(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_DAYS_BACK:
        message = f"days_back is {value!r}: expected a whole number from 1 to {MAX_DAYS_BACK}."
        raise RequestError(message)
    return value


def _hours(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        hours = float(value)
        if math.isfinite(hours) and hours >= 0:
            return hours
    message = f"max_gap_hours is {value!r}: expected a number of hours, 0 or more."
    raise RequestError(message)


def _flag(given: Mapping[str, object], key: str) -> bool:
    value = given[key]
    if not isinstance(value, bool):
        message = f"{key} is {value!r}: expected true or false."
        raise RequestError(message)
    return value
