"""The port of the memory of stores."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gapfill.services.ports.store import StoreLocation


class Memory(Protocol):
    """Remembers, outside of the stores, that they had readings; it survives restarts."""

    def seen(self, place: StoreLocation) -> Mapping[str, datetime]:
        """Return the newest slots seen in a store, by subject (``store_guard.subject``)."""

    def keep(self, place: StoreLocation, newest: Mapping[str, datetime]) -> None:
        """Remember what was seen in a store; a memory that fails raises no error."""

    def forget(self, place: StoreLocation) -> bool:
        """Forget a store, and return whether it was known."""

    def where(self, place: StoreLocation) -> str:
        """Return the file that a person can delete with the same effect."""
