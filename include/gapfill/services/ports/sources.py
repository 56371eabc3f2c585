"""The ports of sources: their set-up, and one source ready for requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from gapfill.domain.account_limits import AccountLimits
from gapfill.domain.candidate import Obstacle, Unusable
from gapfill.domain.interval import Interval
from gapfill.domain.product import Product
from gapfill.domain.series import Station
from gapfill.sources.model import Answer, Ask


class Caller(Protocol):
    """One source, ready for requests."""

    def open(self, ask: Ask | None = None, /) -> AccountLimits | None:
        """Make the calls before the first request, and return the limits of the account.

        Args:
            ask: The request that will follow, for errors.

        Returns:
            ``None`` if the API does not say.

        Raises:
            SourceError: As ``fetch``.
        """

    def fetch(self, ask: Ask) -> Answer:
        """Send a request to the API and return the answer.

        Raises:
            SourceError: One of its leaves; nothing follows from it for a slot.
        """


class Sources(Protocol):
    """The sources as they are set up on this machine."""

    def obstacle(self, product: Product) -> Obstacle | None:
        """Return why this set-up cannot ask a product; ``None`` if it can."""

    def account(self, source: str) -> str:
        """Return a short name for the key of a source, if any, that does not reveal the key."""

    def available_intervals(self, product: Product, station: Station) -> Sequence[Interval] | None:
        """Return the slots that a product of files has for a station, ``None`` if unknown.

        Raises:
            ConfigError: If the files cannot be read.
        """

    def unusable(self, product: Product, station: Station) -> Sequence[Unusable]:
        """Return the slots for which a product of files has only unusable rows of a station.

        Raises:
            ConfigError: If the files cannot be read.
        """

    def caller(self, source: str, before_call: Callable[[int], None]) -> Caller:
        """Return the source's hook, which calls ``before_call`` before each HTTP request.

        Its argument is the number of records that the answer counts in the source's quota.

        Raises:
            ConfigError: If its connection is wrong.
        """

    def turn(self, source: str) -> AbstractContextManager[object]:
        """Wait for this machine's turn at a source: one caller at a time."""
