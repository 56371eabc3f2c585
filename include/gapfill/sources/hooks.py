"""What every source's hook offers to whoever plans and asks, and how the hook of a source is found.

The module ``hook`` of a source's package names the class as ``HOOK``::

    HOOK = MySourceHook
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from gapfill.domain.account_limits import AccountLimits
from gapfill.domain.candidate import Obstacle, Unusable
from gapfill.domain.interval import Interval
from gapfill.domain.product import Product, Source
from gapfill.errors import ConfigError
from gapfill.sources import registry
from gapfill.sources.model import Answer, Ask

if TYPE_CHECKING:
    from airflow.sdk import Connection


@dataclass(frozen=True, slots=True)
class SourceSetup:
    """How a source is set up here.

    Attributes:
        source: Its facts.
        stations: Ids of its stations in the catalogue.
        connection: Looks its Airflow connection up; ``None`` where there is none.
    """

    source: Source
    stations: Sequence[str]
    connection: Callable[[], Connection | None]


class SourceHook(ABC):
    """Base of all hooks. Its class methods are asked before a hook is made, and call nobody."""

    @classmethod
    @abstractmethod
    def obstacle(cls, product: Product, setup: SourceSetup) -> Obstacle | None:
        """Return why a product cannot be asked as it is set up; ``None`` where it can.

        Raises:
            ConfigError: If the set-up makes no sense.
        """

    @classmethod
    @abstractmethod
    def caller(cls, setup: SourceSetup, before_call: Callable[[int], None]) -> SourceHook:
        """Return a hook that runs ``before_call`` before each request to the source.

        It is told how many records the answer will count in the source's quota.

        Raises:
            ConfigError: If the set-up makes no sense.
        """

    @classmethod
    def held(cls, _station_id: str) -> Sequence[Interval] | None:
        """Return what is known to be there of a station, ``None`` where it must be asked for.

        Raises:
            GapfillError: If it cannot be read.
        """
        return None

    @classmethod
    def unusable(cls, _station_id: str) -> Sequence[Unusable]:
        """Return what is known to be there of a station and cannot be used.

        Raises:
            GapfillError: If it cannot be read.
        """
        return ()

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
    package = registry.package_of(source)
    if package is None:
        return None
    name = f"{package}.hook"
    try:
        module = import_module(name)
    except Exception as exc:
        message = f"the module {name} of the source {source!r} cannot be imported"
        raise ConfigError(f"{message} ({type(exc).__name__}: {exc}); install it again.") from exc
    hook = getattr(module, "HOOK", None)
    if not (isinstance(hook, type) and issubclass(hook, SourceHook)):
        message = f"the module {name} of the source {source!r} must name a SourceHook as HOOK"
        raise ConfigError(f"{message}; see docs/how_to/catalogue.md, Another source.")
    return hook
