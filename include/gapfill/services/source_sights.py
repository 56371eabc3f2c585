"""What one run saw of the sources: reached or not, credentials taken or refused, quota left."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gapfill.domain.incident import Kind, Sight
from gapfill.domain.interval import iso
from gapfill.services.refusals import is_key_closed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gapfill.domain.product import Source
    from gapfill.services.certificate import Certificate
    from gapfill.services.site import Site

ANSWERED = ("filled", "partial", "not_yet", "no_data")
"""Outcomes of a unit whose source gave an answer, where it was called at all."""

LONG_BLOCK = timedelta(hours=1)
"""A refusal for less than this is waited out without a message."""


def look_at_sources(site: Site, certificates: Sequence[Certificate]) -> Iterator[Sight]:
    """Yield what a run saw of each source that it asked, and of every source's quota.

    Args:
        site: The installation.
        certificates: What the run's units returned.

    Raises:
        StoreError: If the blocks or calls cannot be read.
    """
    for source in site.catalog.sources.values():
        own = [c for c in certificates if c.source == source.name]
        refused = [c for c in own if c.error == "AuthRejected"]
        unreached = [c for c in own if c.error == "SourceUnavailable"]
        answered = [
            c for c in own if (c.outcome in ANSWERED and c.calls) or c.error == "MalformedPayload"
        ]
        if refused:
            what, tried = _note(refused), f"{_units(refused, own)}."
            yield Sight(Kind.CREDENTIALS, source.name, is_there=True, what=what, tried=tried)
        elif answered and not is_key_closed(site, source):
            yield Sight(Kind.CREDENTIALS, source.name, is_there=False)
        if answered or refused:
            yield Sight(Kind.SOURCE, source.name, is_there=False)
        elif unreached:
            what, tried = _note(unreached), f"{_units(unreached, own)}, each several times."
            yield Sight(Kind.SOURCE, source.name, is_there=True, what=what, tried=tried)
        yield _quota(site, source)


def _units(some: Sequence[Certificate], own: Sequence[Certificate]) -> str:
    return f"{len(some)} of {len(own)} units" if len(own) > 1 else "1 unit"


def _note(failed: Sequence[Certificate]) -> str:
    return f"{failed[-1].note.rstrip('.')[:500]}."


def _quota(site: Site, source: Source) -> Sight:
    """Return whether a source may not be asked, blocked by itself or its day's calls spent."""
    names = {source.name}
    if not is_key_closed(site, source):  # else the blocks of its products are told already
        names |= {product.key for product in source.products}
    for block in site.store.blocks(site.now):
        if block.source in names:
            what = f"Blocked until {iso(block.until)}: {block.reason.rstrip('.')[:500]}."
            is_long = block.until - site.now >= LONG_BLOCK
            return Sight(Kind.QUOTA, source.name, is_there=True, what=what, opens=is_long)
    left = site.calls_left(source)
    if left is not None and left <= 0:
        what = f"Its {source.per_day:,} calls of 24 h are spent."
        return Sight(Kind.QUOTA, source.name, is_there=True, what=what)
    return Sight(Kind.QUOTA, source.name, is_there=False)
