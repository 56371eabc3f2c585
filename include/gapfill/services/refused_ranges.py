"""One error for a unit with several failed requests, which names every refused range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.domain.formatting import ranges
from gapfill.domain.interval import merge
from gapfill.errors import MalformedPayload, StoreRefused

if TYPE_CHECKING:
    from collections.abc import Sequence


def joined(
    errors: Sequence[StoreRefused | MalformedPayload],
) -> StoreRefused | MalformedPayload:
    """Return the first error, with the ranges that the store refused of the other requests.

    Args:
        errors: The errors of the requests, in order, at least one.
    """
    first = errors[0]
    others = merge(run for exc in errors[1:] if isinstance(exc, StoreRefused) for run in exc.ranges)
    if not others:
        return first
    said = f"{first} Also refused: {ranges(others)}; `status` gives the reason."
    if isinstance(first, MalformedPayload):
        return MalformedPayload(
            said, source=first.source, series=first.series, interval=first.interval
        )
    held = [run for exc in errors if isinstance(exc, StoreRefused) for run in exc.refused]
    return StoreRefused(said, refused=held, ranges=merge([*first.ranges, *others]))
