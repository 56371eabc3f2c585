"""Why a product cannot be asked, from the words that tests use."""

from __future__ import annotations

from gapfill.domain.candidate import Obstacle


def obstacle(text: str | Obstacle | None, needs: str = "a_connection") -> Obstacle | None:
    """Return the obstacle of a text, ``None`` for none.

    Args:
        text: Such as ``is not configured``; with ``paused`` in it nothing needs to be set up.
        needs: What would set the product up.
    """
    if not text or isinstance(text, Obstacle):
        return text or None
    return Obstacle(text, "" if "paused" in text else needs)
