"""The meaning of the evidence of a ledger line, as a code beside its sentence."""

from __future__ import annotations

from enum import StrEnum

NOT_BELIEVED = "values that cannot be believed"
"""Beginning of the sentence of ``EvidenceKind.NOT_BELIEVED``."""

KEY_REFUSED = "the key was refused"
"""Beginning of the sentence of ``EvidenceKind.KEY_REFUSED``."""

PARTIAL_DAY = "a published day is without it"
"""The sentence of ``EvidenceKind.PARTIAL_DAY``."""


class EvidenceKind(StrEnum):
    """Decides about the next request if the outcome of a line alone does not.

    Attributes:
        NOT_BELIEVED: The answer had values, and none of them could be stored.
        KEY_REFUSED: The source was reached and refused its key.
        PARTIAL_DAY: The source has published the day, without this slot.
        OTHER: The outcome alone decides.
    """

    NOT_BELIEVED = "not_believed"
    KEY_REFUSED = "key_refused"
    PARTIAL_DAY = "partial_day"
    OTHER = "other"


_KINDS = {kind.value: kind for kind in EvidenceKind}

_OLD_SENTENCES = {
    "values that cannot be believed": EvidenceKind.NOT_BELIEVED,
    "the key was refused": EvidenceKind.KEY_REFUSED,
    "a published day is without it": EvidenceKind.PARTIAL_DAY,
}
"""Beginnings of the sentences of builds without the code. Users' stores contain them: never edit
them, even if this build uses other words."""


def read_kind(stored: str | None, evidence: str) -> EvidenceKind:
    """Return the kind of a stored line.

    Args:
        stored: The code of the line. ``None`` or empty: an earlier build wrote the line, and
            its sentence decides. A code that only a later build knows is ``OTHER``.
        evidence: The sentence of the line.
    """
    if not stored:
        old = (kind for begins, kind in _OLD_SENTENCES.items() if evidence.startswith(begins))
        return next(old, EvidenceKind.OTHER)
    return _KINDS.get(stored, EvidenceKind.OTHER)
