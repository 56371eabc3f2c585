"""The port of what was seen in stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gapfill.services.ports.store import StoreLocation


class Memory(Protocol):
    """What was seen in stores, kept outside of them, over restarts of every process."""

    def seen(self, place: StoreLocation) -> Mapping[str, datetime]:
        """Return the newest slots that were seen in a store, by subject (``guard.subject``)."""

    def keep(self, place: StoreLocation, newest: Mapping[str, datetime]) -> None:
        """Remember what was seen in a store; a memory that fails raises no error."""

    def forget(self, place: StoreLocation) -> bool:
        """Forget a store, and return whether anything was known of it."""

    def where(self, place: StoreLocation) -> str:
        """Return the file that a person may delete to the same end."""
