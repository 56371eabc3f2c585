"""Which incident: its kind and its subject, as the state, failures and messages name it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection


class IncidentKind(StrEnum):
    """What is wrong; with the subject it names an incident."""

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
    """What names an incident in the state: its kind and its subject."""

    kind: IncidentKind
    subject: str

    def __str__(self) -> str:
        """Return it as the state has it, ``kind:subject``."""
        return f"{self.kind}:{self.subject}"

    @classmethod
    def parse(cls, text: str) -> IncidentKey | None:
        """Return the key of a text, ``None`` for a kind that this release does not know."""
        kind, _, subject = text.partition(":")
        return cls(IncidentKind(kind), subject) if kind in _KINDS else None

    def is_watched(self, watched: Collection[str]) -> bool:
        """Tell whether its subject is one of these, or is not of the catalogue at all."""
        return self.kind not in OF_CATALOGUE or self.subject in watched


_KINDS = frozenset(kind.value for kind in IncidentKind)
