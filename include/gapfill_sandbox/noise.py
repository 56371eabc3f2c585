"""Noise without state: the same arguments give the same number on every machine."""

from __future__ import annotations

from hashlib import blake2b

_BYTES = 8
_RANGE = float(1 << (8 * _BYTES))


def noise(*parts: object) -> float:
    """Return a number in ``[0, 1)`` that depends on the text of the parts alone."""
    text = "|".join(map(str, parts))
    digest = blake2b(text.encode(), digest_size=_BYTES).digest()
    return int.from_bytes(digest, "big") / _RANGE
