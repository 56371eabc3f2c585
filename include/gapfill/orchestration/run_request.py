"""Reads the parameters of a run as a request, and refuses invalid ones in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from gapfill.catalog import Catalog
from gapfill.domain.local_time import day_start, local_date, parse_bound
from gapfill.domain.series import Series
from gapfill.errors import RequestError
from gapfill.services.planning import RunRequest
from gapfill.services.run_params import RunParams, read_params
from gapfill.services.selection import Selection

LOCAL = "Europe/Madrid"
"""Dates of the form are days of this zone (design, 8 and 13)."""

CURRENT = timedelta(hours=14)
"""How far back current values reach: AEMET's last 12 hours, and 2 h until they are published."""

_SERIES = "series:"


def current_request(catalog: Catalog, now: datetime, sources: Sequence[str]) -> RunRequest:
    """Return the request for current values: the last hours and what is published ahead.

    Args:
        catalog: The catalogue of the series.
        now: The clock.
        sources: The only sources that may be asked.
    """
    selection = Selection(tuple(catalog.series.values()), start=now - CURRENT)
    return RunRequest(selection, sources=tuple(sources))


def read_request(params: Mapping[str, object], catalog: Catalog, now: datetime) -> RunRequest:
    """Return the request of a run.

    Airflow checks types, formats and ranges of a run that is triggered through its API. It
    accepts unknown keys, an end before its start, and whatever a test or another program
    passes, so this function checks everything.

    Args:
        params: The run's parameters; absent ones have their defaults.
        catalog: The catalogue with the series and groups.
        now: The clock.

    Raises:
        RequestError: If a parameter is invalid, in a sentence for the person who filled in the
            form.
    """
    given = read_params(params)
    start, end = _range(given, now)
    selection = Selection(find_series(given.data_source, catalog), start, end)
    selection.check(now)
    if given.refresh and not selection.has_range:
        message = (
            "refresh asks for complete slots again, so it needs a range: "
            "give start_date and end_date, or days_back."
        )
        raise RequestError(message)
    return RunRequest(selection, float(given.max_gap_hours), given.force, given.refresh)


def find_series(name: str, catalog: Catalog) -> tuple[Series, ...]:
    """Return the series that ``data_source`` names: all, a group's, or one.

    Raises:
        RequestError: If there is no such name; the sentence lists the names.
    """
    everything = tuple(catalog.series.values())
    groups = {series.group for series in everything}
    if name == "all":
        return everything
    if name in groups:
        return tuple(series for series in everything if series.group == name)
    if name.startswith(_SERIES) and name.removeprefix(_SERIES) in catalog.series:
        return (catalog.series[name.removeprefix(_SERIES)],)
    choices = ["all", *sorted(groups), *(f"{_SERIES}{series.name}" for series in everything)]
    message = f"There is no data_source {name!r}; there are {', '.join(choices)}."
    raise RequestError(message)


def _range(given: RunParams, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the bounds of the range in UTC, ``(None, None)`` without a range.

    A range by ``days_back`` has no end: as in a scheduled run, what is published ahead is due.
    """
    first, last = given.start_date, given.end_date
    if given.days_back is not None:
        if first is not None or last is not None:
            message = "Give either start_date and end_date, or days_back, not both."
            raise RequestError(message)
        today = local_date(now, LOCAL)
        return day_start(today - timedelta(days=given.days_back), LOCAL), None
    if first is None and last is None:
        return None, None
    if first is None or last is None:
        has, missing = ("start_date", "end_date") if last is None else ("end_date", "start_date")
        message = f"{has} is given without {missing}: give both, or neither."
        raise RequestError(message)
    if last < first:
        message = f"end_date {last} is before start_date {first}."
        raise RequestError(message)
    return _bound("start_date", first), _bound("end_date", last, is_end=True)


def _bound(key: str, day: str, *, is_end: bool = False) -> datetime:
    try:
        return parse_bound(day, LOCAL, is_end=is_end)
    except ValueError as exc:
        message = f"{key}: {exc}."
        raise RequestError(message) from None
