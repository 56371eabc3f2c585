"""How many examples a property test takes: all of them, or a quarter in `make unit`.

``make unit`` runs under the profile ``quick`` (``--hypothesis-profile=quick``, registered in
``conftest``); every other run takes the whole number.
"""

from __future__ import annotations

from hypothesis import settings

WHOLE = 100
"""Examples of a test that names no number."""

QUICK = 25
"""The same under the profile ``quick``."""

settings.register_profile("quick", max_examples=QUICK, deadline=None)


def examples(number: int) -> int:
    """Return how many examples to take where the whole run takes ``number``."""
    return max(1, number * settings().max_examples // WHOLE)
