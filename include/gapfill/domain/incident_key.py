"""The key of an incident in the state, failures and messages: its kind and its subject."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple


class IncidentKind(StrEnum):
    """Kind of a problem; with the subject it identifies an incident."""

    STORE = "store"
    CREDENTIALS = "credentials"
    SOURCE = "source"
    BROKEN = "broken"
    QUOTA = "quota"
    SETUP = "setup"
    LATE = "late"
    GAP = "gap"
    NO_DATA = "barren"
    RUN = "run"


OF_CATALOGUE = frozenset(IncidentKind) - {IncidentKind.STORE, IncidentKind.SETUP, IncidentKind.RUN}
"""Kinds whose subjects are series or sources."""


class IncidentKey(NamedTuple):
    """The key of an incident in the state: its kind and its subject."""

    kind: IncidentKind
    subject: str

    def __str__(self) -> str:
        """Return the key as stored in the state, ``kind:subject``."""
        return f"{self.kind}:{self.subject}"

    @classmethod
    def parse(cls, text: str) -> IncidentKey | None:
        """Return the key of a text, ``None`` for a kind that this release does not know."""
        kind, _, subject = text.partition(":")
        return cls(IncidentKind(kind), subject) if kind in _KINDS else None

    def is_watched(self, watched: Collection[str]) -> bool:
        """Return whether its subject is one of these, or is neither a series nor a source."""
        return self.kind not in OF_CATALOGUE or self.subject in watched


_KINDS = frozenset(kind.value for kind in IncidentKind)
