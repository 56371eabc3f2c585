"""The interface of every source's hook, and the look-up of a source's hook.

The module ``hook`` of a source's package names the class as ``HOOK``::

    HOOK = MySourceHook
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from gapfill.domain.account_limits import AccountLimits
from gapfill.sources.availability import SourceSetup
from gapfill.sources.model import Answer, Ask
from gapfill.sources.registry import member, wrong_member


class SourceHook(ABC):
    """Base of all hooks. ``SourceAvailability`` has the facts that need no call."""

    @classmethod
    @abstractmethod
    def caller(cls, setup: SourceSetup, before_call: Callable[[int], None]) -> SourceHook:
        """Return a hook that runs ``before_call`` before each request to the source.

        Its argument is the number of records that the answer will count in the source's quota.

        Raises:
            ConfigError: If the set-up is invalid.
        """

    def open(self, _ask: Ask | None = None) -> AccountLimits | None:
        """Make the calls that precede the first request, such as a login.

        Returns:
            The account's limits, ``None`` if the source does not publish them.
        """
        return None

    @abstractmethod
    def fetch(self, ask: Ask) -> Answer:
        """Request the slots from the source and return its answer.

        Raises:
            SourceError: A subclass of it; it proves nothing about a slot.
        """


def hook_of(source: str) -> type[SourceHook] | None:
    """Return the class of a source's hook, imported when first used; ``None`` without a package.

    Raises:
        ConfigError: If its module cannot be imported, or does not name it.
    """
    found = member(source, "hook", "HOOK")
    if found is None:
        return None
    if not (isinstance(found, type) and issubclass(found, SourceHook)):
        raise wrong_member(source, "hook", "SourceHook", "HOOK")
    return found
