"""What every source's hook offers to whoever plans and asks, and how the hook of a source is found.

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
    """Base of all hooks. What is known of a source without a call is its ``SourceAvailability``."""

    @classmethod
    @abstractmethod
    def caller(cls, setup: SourceSetup, before_call: Callable[[int], None]) -> SourceHook:
        """Return a hook that runs ``before_call`` before each request to the source.

        It is told how many records the answer will count in the source's quota.

        Raises:
            ConfigError: If the set-up makes no sense.
        """

    def open(self, _ask: Ask | None = None) -> AccountLimits | None:
        """Make what calls come before the first request, and return what the account allows.

        Args:
            _ask: What will be asked, for the errors.

        Returns:
            ``None`` where the source does not tell.
        """
        return None

    @abstractmethod
    def fetch(self, ask: Ask) -> Answer:
        """Ask the source and return what it said.

        Raises:
            SourceError: One of its leaves; no verdict follows from it.
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
