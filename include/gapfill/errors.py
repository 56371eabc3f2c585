"""Every error Gapfill raises, in one tree; ``orchestration.retry_policy`` decides about retries.

A message is a sentence that names the thing and the next step. It never holds a
key, a header or more than 500 characters of a body.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gapfill.domain.interval import Interval


class ErrorCode(StrEnum):
    """What kind of error ended something, as certificates and tasks carry it.

    The values are contracts. A class that has none of its own has that of its parent.
    """

    NONE = ""
    CONFIG = "ConfigError"
    REQUEST = "RequestError"
    SOURCE_UNAVAILABLE = "SourceUnavailable"
    RATE_LIMITED = "RateLimited"
    AUTH_REJECTED = "AuthRejected"
    SPAN_REFUSED = "SpanRefused"
    MALFORMED_PAYLOAD = "MalformedPayload"
    STORE = "StoreError"
    STORE_REFUSED = "StoreRefused"
    INTERRUPTED = "KeyboardInterrupt"
    TERMINATED = "Terminated"
    OTHER = "GapfillError"

    @classmethod
    def _missing_(cls, value: object) -> ErrorCode | None:
        """Take what another release wrote, a word unknown to this one, for another error."""
        return cls.OTHER if isinstance(value, str) else None

    @classmethod
    def of(cls, exc: BaseException) -> ErrorCode:
        """Return the code of an exception."""
        if isinstance(exc, KeyboardInterrupt):
            code: ErrorCode = getattr(exc, "code", cls.INTERRUPTED)
            return code
        return exc.code if isinstance(exc, GapfillError) else cls.OTHER


class GapfillError(Exception):
    """Anything Gapfill refuses or could not do.

    Attributes:
        code: What kind of error it is.
    """

    code: ClassVar[ErrorCode] = ErrorCode.OTHER


class ConfigError(GapfillError):
    """A connection, catalogue or setting is wrong; nobody but a person can mend it."""

    code = ErrorCode.CONFIG


class RequestError(GapfillError):
    """What a person asked for makes no sense: unknown series, end before start, a bad file."""

    code = ErrorCode.REQUEST


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

    code = ErrorCode.SOURCE_UNAVAILABLE


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

    code = ErrorCode.RATE_LIMITED

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

    code = ErrorCode.AUTH_REJECTED

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

    code = ErrorCode.SPAN_REFUSED


class MalformedPayload(SourceError):
    """The answer could not be read, or is not an answer to what was asked."""

    code = ErrorCode.MALFORMED_PAYLOAD


class StoreError(GapfillError):
    """The database could not be read or written. A failed read is never "no gaps"."""

    code = ErrorCode.STORE


class StoreRefused(StoreError):
    """The database refuses some of the points, and will until a person mends it.

    All others of the write are written.

    Attributes:
        refused: Slots known to be refused from now on: the shard, where a type is the cause.
        ranges: The slots that were refused, as runs in order.
    """

    code = ErrorCode.STORE_REFUSED

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
