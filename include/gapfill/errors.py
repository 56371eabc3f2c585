"""All errors of Gapfill, in one tree; ``orchestration.retry_policy`` decides about retries.

A message is a sentence that names the problem and the next step. It never contains a key, a header
or more than 500 characters of a body.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gapfill.domain.interval import Interval


class ErrorCode(StrEnum):
    """Kind of an error, in certificates and tasks.

    The values are contracts. A class without its own code has that of its parent.
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
        """Return ``OTHER`` for a code of another release that this one does not know."""
        return cls.OTHER if isinstance(value, str) else None

    @classmethod
    def of(cls, exc: BaseException) -> ErrorCode:
        """Return the code of an exception."""
        if isinstance(exc, KeyboardInterrupt):
            code: ErrorCode = getattr(exc, "code", cls.INTERRUPTED)
            return code
        return exc.code if isinstance(exc, GapfillError) else cls.OTHER


class GapfillError(Exception):
    """Base of all errors of Gapfill.

    Attributes:
        code: Kind of the error.
    """

    code: ClassVar[ErrorCode] = ErrorCode.OTHER


class ConfigError(GapfillError):
    """A connection, catalogue or setting is wrong; a person must correct it."""

    code = ErrorCode.CONFIG


class RequestError(GapfillError):
    """A request of a person is invalid: unknown series, end before start, a bad file."""

    code = ErrorCode.REQUEST


class SourceError(GapfillError):
    """An external API did not return a usable answer. It never counts as "no data".

    Attributes:
        source: Catalogue name of the source.
        series: Series of the request, if known.
        interval: Interval of the request, ``[start, end)``, if known.
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
    """Timeout, refused or reset connection, or a 5xx: a retry may help."""

    code = ErrorCode.SOURCE_UNAVAILABLE


class Limit(StrEnum):
    """The limit behind a refusal that ends by itself.

    Attributes:
        RATE: Calls a minute; Gapfill learns the rate from it.
        QUOTA: Calls or records in a longer time, or records a minute.
        QUEUE: Requests at the same time.
        WALL: A firewall, or a refusal of a request without a key: it is not about the key.
    """

    RATE = "rate"
    QUOTA = "quota"
    QUEUE = "queue"
    WALL = "wall"


class RateLimited(SourceError):
    """The source refused the call for now: because of its rate, a quota or a firewall.

    Attributes:
        retry_after: Seconds until the source may be asked again, at least 0.
        product: Key of the refused product, such as ``openweathermap.timeline``; the refusal
            covers its subscription. ``None`` if the whole source refuses.
        limit: The limit behind the refusal.
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
        product: Key of the product that the key may not use, such as ``openweathermap.timeline``;
            the refusal covers its subscription. ``None`` if the key may use no product.
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
    """The source refuses a range as too long; Gapfill halves it and stores the shorter span."""

    code = ErrorCode.SPAN_REFUSED


class MalformedPayload(SourceError):
    """The answer could not be read, or does not belong to the request."""

    code = ErrorCode.MALFORMED_PAYLOAD


class StoreError(GapfillError):
    """The database could not be read or written. A failed read is never "no gaps"."""

    code = ErrorCode.STORE


class StoreUnreachable(StoreError):
    """The database cannot be reached or used at all: other reads would fail too."""


class StoreRefused(StoreError):
    """The database refuses some points until a person corrects it.

    All other points of the write are written.

    Attributes:
        refused: Slots known to be refused from now on: the shard, where a type is the cause.
        ranges: The slots that were refused, as runs in order.
        partly: The slots that were written without a field, as runs in order.
        shards: The shards in which a type is the cause, as far as they are known.
    """

    code = ErrorCode.STORE_REFUSED

    def __init__(
        self,
        message: str,
        *,
        refused: Sequence[Interval] = (),
        ranges: Sequence[Interval] = (),
        partly: Sequence[Interval] = (),
        shards: Sequence[Interval] = (),
    ) -> None:
        super().__init__(message)
        self.refused = refused
        self.ranges = ranges
        self.partly = partly
        self.shards = shards
