"""One error for a unit of which several requests failed: it names every range that was refused."""

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
    """Return the first error, with what the store refused of the unit's other requests.

    Args:
        errors: Those of the requests, in order, at least one.
    """
    first = errors[0]
    others = merge(run for exc in errors[1:] if isinstance(exc, StoreRefused) for run in exc.ranges)
    if not others:
        return first
    said = f"{first} Refused as well: {ranges(others)}; status says why."
    if isinstance(first, MalformedPayload):
        return MalformedPayload(
            said, source=first.source, series=first.series, interval=first.interval
        )
    held = [run for exc in errors if isinstance(exc, StoreRefused) for run in exc.refused]
    return StoreRefused(said, refused=held, ranges=merge([*first.ranges, *others]))
