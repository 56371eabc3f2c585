"""The ports of sources: whether one is set up, and a source to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from gapfill.domain.account_limits import AccountLimits
    from gapfill.domain.candidate import Obstacle, Unusable
    from gapfill.domain.interval import Interval
    from gapfill.domain.product import Product
    from gapfill.domain.series import Station
    from gapfill.sources.model import Answer, Ask


class Caller(Protocol):
    """One source, ready to be asked."""

    def open(self, ask: Ask | None = None, /) -> AccountLimits | None:
        """Make what calls come before the first request, and return what the account allows.

        Args:
            ask: What will be asked, for the errors.

        Returns:
            ``None`` if the API does not say.

        Raises:
            SourceError: As ``fetch``.
        """

    def fetch(self, ask: Ask) -> Answer:
        """Ask the API and return what it said.

        Raises:
            SourceError: One of its leaves; nothing follows from it for a slot.
        """


class Sources(Protocol):
    """The sources as they are set up on this machine."""

    def obstacle(self, product: Product) -> Obstacle | None:
        """Return why a product cannot be asked as it is set up; ``None`` where it can."""

    def account(self, source: str) -> str:
        """Return a short name for the key of a source, if any, which does not reveal it."""

    def available_intervals(self, product: Product, station: Station) -> Sequence[Interval] | None:
        """Return what a product of files has of a station, ``None`` where that is not known.

        Raises:
            ConfigError: If the files cannot be read.
        """

    def unusable(self, product: Product, station: Station) -> Sequence[Unusable]:
        """Return what a product of files has of a station and cannot be used.

        Raises:
            ConfigError: If the files cannot be read.
        """

    def caller(self, source: str, before_call: Callable[[int], None]) -> Caller:
        """Return the source's hook, which runs ``before_call`` before each HTTP request.

        Its argument is the number of records that the answer counts in the source's quota.

        Raises:
            ConfigError: If its connection is wrong.
        """

    def turn(self, source: str) -> AbstractContextManager[object]:
        """Wait for this machine's turn at a source: one caller at a time."""
