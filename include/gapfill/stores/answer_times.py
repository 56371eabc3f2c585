"""The times of the answers of a summary row as text: microseconds since 1970 in JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def times_text(times: Sequence[datetime]) -> str:
    """Return times as text, exact to the microsecond."""
    return json.dumps([(time - _EPOCH) // _US for time in times], separators=(",", ":"))


def times_in(text: str) -> tuple[datetime, ...]:
    """Return the times of ``times_text``."""
    return tuple(_EPOCH + number * _US for number in json.loads(text))
