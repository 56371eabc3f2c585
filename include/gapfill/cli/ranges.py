"""What a person asks for in words: series names, dates and instants; and ids that they type."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from gapfill.catalog import Catalog
from gapfill.domain.local_time import BoundError, parse_bound
from gapfill.domain.series import Series
from gapfill.errors import RequestError
from gapfill.services.planning import RunRequest
from gapfill.services.selection import Selection


def select(
    known: Catalog, names: Iterable[str], start: str | None, end: str | None, now: datetime
) -> Selection:
    """Return the selection that a command's options name.

    Args:
        known: The catalogue.
        names: Series names, none for all.
        start: First instant or local day.
        end: Instant outside, or last local day.
        now: The clock.

    Raises:
        RequestError: If a name or a date is wrong, or no slot can lie in the range.
    """
    series = known.find(names)
    selection = Selection(
        tuple(series),
        bound_of("--start", start, series) if start is not None else None,
        bound_of("--end", end, series, is_end=True) if end is not None else None,
    )
    selection.check(now)
    return selection


def request_of(
    known: Catalog,
    now: datetime,
    *,
    series: tuple[str, ...],
    start: str | None,
    end: str | None,
    **asked: Any,  # noqa: ANN401 - the other options, of the names of the request
) -> RunRequest:
    """Return the request that the options of ``plan`` and ``heal`` give.

    Raises:
        RequestError: As ``select`` does.
    """
    return RunRequest(select(known, series, start, end, now), **asked)


def slot_of(series: Series, text: str) -> datetime:
    """Return the start of the slot that contains an instant, or of a local day's first slot.

    Raises:
        RequestError: If the text is neither.
    """
    instant = bound_of("SLOT", text, [series])
    is_day = "T" not in text and " " not in text
    return series.grid.ceil(instant) if is_day else series.grid.floor(instant)


def new_id(what: str, now: datetime) -> str:
    """Return an id that no run or import had before."""
    return f"{what}__{now:%Y%m%dT%H%M%SZ}__{secrets.token_hex(4)}"


def bound_of(what: str, text: str, series: Sequence[Series], *, is_end: bool = False) -> datetime:
    """Return the instant, or the start or end of the local day, that an option names.

    Args:
        what: The option, for errors.
        text: Its value.
        series: The series; a day is that of their place.
        is_end: Whether a day means its end.

    Raises:
        RequestError: If the text is neither, or a day of several clocks.
    """
    zones = list(dict.fromkeys(s.place.zone for s in series))
    try:
        bounds = {parse_bound(text, zone, is_end=is_end) for zone in zones}
    except BoundError as exc:
        raise RequestError(f"{what} {exc}.") from exc
    except ValueError as exc:
        raise RequestError(
            f"{what} {text!r} is neither a date such as 2025-10-26 nor an instant such as "
            "2025-10-26T00:00:00Z."
        ) from exc
    if len(bounds) > 1:
        raise RequestError(
            f"{what} {text} is another day in {' and in '.join(zones)}: name series of one "
            "place, or give an instant such as 2025-10-26T00:00:00Z."
        )
    return bounds.pop()
