"""Instants, shares and numbers as people read them, and ids that they type."""

from __future__ import annotations

import math
import secrets
import textwrap
from typing import TYPE_CHECKING

from gapfill.domain.interval import iso

if TYPE_CHECKING:
    from datetime import datetime

    from gapfill.domain.interval import Interval


def short(instant: datetime) -> str:
    """Return an instant to the minute, or to the second where it has one."""
    return iso(instant.replace(microsecond=0)).replace(":00Z", "Z")


def span(interval: Interval) -> str:
    """Return an interval as start, dash, end."""
    return f"{short(interval.start)} – {short(interval.end)}"


def percent(share: float | None) -> str:
    """Return a share in per cent, rounded down: one missing slot is never 100 %."""
    return "–" if share is None else f"{math.floor(share * 10_000) / 100:.2f} %"


def duration(seconds: float) -> str:
    """Return seconds as people say them."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - an hour


def brief(reason: str) -> str:
    """Return the beginning of many verdicts; ``explain`` says them all."""
    return textwrap.shorten(reason, 160, placeholder=" … (explain says it all)")


def new_id(what: str, now: datetime) -> str:
    """Return an id that no run or import had before."""
    return f"{what}__{now:%Y%m%dT%H%M%SZ}__{secrets.token_hex(4)}"
