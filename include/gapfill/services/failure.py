"""Failures of a run: a sentence, and the incident that covers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gapfill.domain.incident_key import IncidentKey, IncidentKind
from gapfill.errors import ErrorCode
from gapfill.services.certificate import Certificate

STORE = "gapfill_store"
"""Subject of the store's incident: its connection."""

_INCIDENTS: Mapping[ErrorCode, IncidentKind] = {
    ErrorCode.AUTH_REJECTED: IncidentKind.CREDENTIALS,
    ErrorCode.SOURCE_UNAVAILABLE: IncidentKind.SOURCE,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure in a run.

    Attributes:
        sentence: The failure, for people.
        incident: The incident about the same problem: while that is open, this failure needs no
            alert. ``None`` if there is no such incident.
    """

    sentence: str
    incident: IncidentKey | None = None


def failure_of(certificate: Certificate) -> Failure:
    """Return the failure of a unit."""
    kind = _INCIDENTS.get(certificate.error)
    about = IncidentKey(kind, certificate.source) if kind else None
    return Failure(f"{certificate.unit}: {certificate.note}", about)


def failure_to_use(source: str, sentence: str) -> Failure:
    """Return the failure of a source that is set up but cannot be used."""
    return Failure(sentence, IncidentKey(IncidentKind.BROKEN, source))


def failure_to_read(sentence: str) -> Failure:
    """Return the failure of a series that could not be read."""
    return Failure(sentence, IncidentKey(IncidentKind.STORE, STORE))
