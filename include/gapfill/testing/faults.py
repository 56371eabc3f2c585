"""Faults of an answer, and the error that a source must raise for each."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gapfill.errors import RateLimited, SourceError, SourceUnavailable
from gapfill.testing.local_api import Failure, Recorded

OK = 200
RETRY_AFTER_S = 90

_ERROR = b'{"error": "Internal error"}'
_PAGE = b"<html><body>Down for maintenance</body></html>"


class Fault(NamedTuple):
    """A call without a usable answer.

    Attributes:
        step: The answer instead; ``None`` for the first half of the recorded answer.
        error: Error that the source must raise.
    """

    step: Recorded | Failure | None
    error: type[SourceError]

    @property
    def is_silent(self) -> bool:
        """Whether the test has to wait for the source's own time limit."""
        return self.step is Failure.SILENCE


FAILURES: Mapping[str, Fault] = {
    "400": Fault(Recorded(400, _ERROR), SourceError),
    "401": Fault(Recorded(401, _ERROR), SourceError),
    "403": Fault(Recorded(403, _ERROR), SourceError),
    "404": Fault(Recorded(404, _ERROR), SourceError),
    "429": Fault(Recorded(429, _ERROR, {"Retry-After": str(RETRY_AFTER_S)}), RateLimited),
    "500": Fault(Recorded(500, _ERROR), SourceUnavailable),
    "502": Fault(Recorded(502, _ERROR), SourceUnavailable),
    "503": Fault(Recorded(503, _ERROR), SourceUnavailable),
    "timeout": Fault(Failure.SILENCE, SourceUnavailable),
    "reset": Fault(Failure.RESET, SourceUnavailable),
    "cut": Fault(Failure.CUT, SourceUnavailable),
    "half": Fault(None, SourceError),
    "page": Fault(Recorded(200, _PAGE), SourceError),
    "no body": Fault(Recorded(200, b""), SourceError),
    "empty object": Fault(Recorded(200, b"{}"), SourceError),
    "null": Fault(Recorded(200, b"null"), SourceError),
}
"""By name; each must raise its error, and never become "no data"."""

VALUES: Mapping[str, object] = {
    "NaN": math.nan,
    "infinity": math.inf,
    "huge": 1e12,
    "very small": -1e12,
    "text": "n/d",
    "null": None,
    "a list": [],
    "true": True,
}
"""Values that are not stored."""


def forms(key: str, login: str | None) -> list[str]:
    """Return the forms of a secret: plain, and as in Basic authentication."""
    texts = [key, f"{login or ''}:{key}", *([login] if login else [])]
    return [*texts, *(b64encode(text.encode()).decode().rstrip("=") for text in texts)]


def chain(outcome: object) -> Iterator[str]:
    """Yield the texts of an error and of all its causes."""
    seen: set[int] = set()
    error = outcome
    while isinstance(error, BaseException) and id(error) not in seen:
        seen.add(id(error))
        yield f"{error} {error!r} {vars(error)}"
        error = error.__cause__ or error.__context__
