"""Every error Gapfill raises, in one tree; ``orchestration.retry`` maps each leaf to an action.

A message is a sentence that names the thing and the next step. It never holds a
key, a header or more than 500 characters of a body.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gapfill.domain.interval import Interval


class GapfillError(Exception):
    """Anything Gapfill refuses or could not do."""


class ConfigError(GapfillError):
    """A connection, catalogue or setting is wrong; nobody but a person can mend it."""


class RequestError(GapfillError):
    """What a person asked for makes no sense: unknown series, end before start, a bad file."""


class SourceError(GapfillError):
    """An external API did not give a usable answer. It leaves no verdict in the ledger.

    Attributes:
        source: Catalogue name of the source.
        series: Series the call was for, where known.
        interval: What was asked, ``[start, end)``, where known.
    """

    def __init__(
        self,
        message: str,
        *,
        source: str,
        series: str | None = None,
        interval: Interval | None = None,
    ) -> None:
        super().__init__(message)
        self.source = source
        self.series = series
        self.interval = interval


class SourceUnavailable(SourceError):
    """Timeout, refused or reset connection, or a 5xx: worth another try."""


class Limit(StrEnum):
    """What a refusal that passes by itself is about.

    Attributes:
        RATE: Calls a minute: the pace is learned from it.
        QUOTA: Calls or records of a longer time, or records a minute.
        QUEUE: Requests at the same time.
        WALL: A firewall, or a refusal where no key was sent: it says nothing about a key.
    """

    RATE = "rate"
    QUOTA = "quota"
    QUEUE = "queue"
    WALL = "wall"


class RateLimited(SourceError):
    """The source refused the call for now: for its rate, a quota, or by its firewall.

    Attributes:
        retry_after: Seconds until the source may be asked again, at least 0.
        product: Key of the one product that is refused, such as ``openweathermap.timeline``,
            with those of its subscription; ``None`` where the whole source is.
        limit: What it is about.
    """

    def __init__(
        self,
        message: str,
        *,
        source: str,
        retry_after: float,
        series: str | None = None,
        interval: Interval | None = None,
        limit: Limit = Limit.RATE,
        product: str | None = None,
    ) -> None:
        super().__init__(message, source=source, series=series, interval=interval)
        self.retry_after = retry_after
        self.limit = limit
        self.product = product


class AuthRejected(SourceError):
    """401 or 403 to a call with a key: the message names the connection to correct.

    Attributes:
        product: Key of the one product that the key does not open, such as
            ``openweathermap.timeline``, with those of its subscription; ``None`` where the
            key opens none.
    """

    def __init__(
        self,
        message: str,
        *,
        source: str,
        series: str | None = None,
        interval: Interval | None = None,
        product: str | None = None,
    ) -> None:
        super().__init__(message, source=source, series=series, interval=interval)
        self.product = product


class SpanRefused(SourceError):
    """The source refuses so long a range: half of it is asked, and the shorter span remembered."""


class MalformedPayload(SourceError):
    """The answer could not be read, or is not an answer to what was asked."""


class StoreError(GapfillError):
    """The database could not be read or written. A failed read is never "no gaps"."""


class StoreRefused(StoreError):
    """The database refuses some of the points, and will until a person mends it.

    All others of the write are written.

    Attributes:
        refused: Slots known to be refused from now on: the shard, where a type is the cause.
        ranges: The slots that were refused, as runs in order.
    """

    def __init__(
        self,
        message: str,
        *,
        refused: Sequence[Interval] = (),
        ranges: Sequence[Interval] = (),
    ) -> None:
        super().__init__(message)
        self.refused = refused
        self.ranges = ranges
