"""The clock, read once per task or command."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit
from urllib.request import urlopen

from gapfill import settings
from gapfill.domain.local_time import parse_instant
from gapfill.errors import ConfigError

_TIMEOUT_S = 10


def read_clock(text: str | None = None) -> datetime:
    """Return now: the given instant, or ``GAPFILL_NOW``, or the real time.

    Args:
        text: An ISO 8601 instant, or the URL of a clock that returns one.

    Raises:
        ConfigError: If it is neither, or the clock does not answer.
    """
    given = text or settings.clock()
    if given is None:
        return datetime.now(UTC)
    answer = _ask(given) if urlsplit(given).scheme in ("http", "https") else given
    try:
        return parse_instant(answer.strip())
    except ValueError as exc:
        raise ConfigError(
            f"The clock returned {answer[:60]!r}: expected an instant such as "
            "2025-10-26T00:00:00Z (GAPFILL_NOW, --now)."
        ) from exc


def _ask(url: str) -> str:
    try:
        with urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - http and https only, see above
            return str(answer.read(100), "utf-8", "replace")
    except OSError as exc:
        raise ConfigError(f"The clock {url} (GAPFILL_NOW) does not answer: {exc}.") from exc
