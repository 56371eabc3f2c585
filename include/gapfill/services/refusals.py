"""Whether a source may be asked at all just now: blocked by itself, or down in this run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.domain.interval import iso
from gapfill.domain.ledger import Outcome
from gapfill.domain.route import choose
from gapfill.services.ports import Block
from gapfill.services.tempo import Tempo

if TYPE_CHECKING:
    from gapfill.domain.plan import Unit
    from gapfill.domain.product import Source
    from gapfill.domain.series import Series
    from gapfill.errors import RateLimited
    from gapfill.services.site import Site

DOWN = 2
"""After so many failures in a row to reach a source, units not yet begun are deferred."""


def is_down(site: Site, run: str, source: str, *, tried_by: str | None = None) -> bool:
    """Tell whether a source could not be reached the last times that a run asked it.

    Args:
        site: The installation.
        run: Id of the run.
        source: Catalogue name.
        tried_by: A batch; if it is among those that failed, its own retries go on.

    Raises:
        StoreError: If the ledger cannot be read.
    """
    said = [
        (batch, outcome)
        for batch, outcome in site.store.outcomes(run, source)
        if outcome is not Outcome.DEFERRED
    ]
    ended = [outcome for _, outcome in said[-DOWN:]]
    return ended == [Outcome.UNREACHED] * DOWN and all(batch != tried_by for batch, _ in said)


def blocked(site: Site, source: Source) -> str | None:
    """Return why a source refuses for longer, in a sentence; ``None`` where it does not."""
    for block in site.store.blocks(site.now):
        if block.source == source.name:
            return f"{source.title} is blocked until {iso(block.until)}: {block.reason}"
    return None


def block(site: Site, source: Source, exc: RateLimited) -> str:
    """Remember a refusal too long to wait out, and return what becomes of the unit.

    A refusal that follows others without an answer in between lasts twice as long.
    """
    until = site.in_seconds(Tempo(site, source.name).blocked(exc))
    site.store.block(Block(source.name, until, str(exc)))
    return f"{exc} Deferred; asked again after {iso(until)}."


def stand_in(site: Site, series: Series, unit: Unit) -> str:
    """Return which source is asked for a unit's slots meanwhile, as the end of a sentence.

    Raises:
        StoreError: If the ledger, the calls or the blocks cannot be read.
    """
    if unit.enrich or unit.refresh:
        return ""
    others = [c for c in site.candidates(series) if c.source.name != unit.source]
    found = (a.candidate for a in choose([unit.interval], series, others, site.now))
    first = next((candidate for candidate in found if candidate), None)
    return f" {first.source.title} stands in meanwhile." if first else ""
