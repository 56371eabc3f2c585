"""Whether a product may be asked now: not blocked by its source, and not down in this run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from gapfill.domain.grid import DAY
from gapfill.domain.interval import iso
from gapfill.domain.keys import BatchId
from gapfill.domain.ledger import Outcome
from gapfill.domain.plan import Unit
from gapfill.domain.product import Product, Source
from gapfill.domain.route import choose
from gapfill.domain.series import Series
from gapfill.domain.subscription import names_of, refusal_fact, shares_fate, subscription
from gapfill.errors import AuthRejected, RateLimited
from gapfill.services.key_limits import KeyLimits
from gapfill.services.ports import Block

if TYPE_CHECKING:
    from gapfill.services.context import RunContext

DOWN = 2
"""Number of consecutive failures to reach a source after which its other units are deferred."""


def is_down(
    outcomes: Iterable[tuple[str, Outcome]],
    source: Source,
    product: Product,
    *,
    tried_by: str | None = None,
) -> bool:
    """Return whether a product could not be reached at the last requests of a run to its source.

    Failures of a product with a subscription do not count for other products, and vice versa.

    Args:
        outcomes: Outcomes of the run's requests to the source, in order.
        source: The source.
        product: The product to ask.
        tried_by: A batch; if it is among those that failed, its own retries continue.
    """
    said = [
        (batch, outcome)
        for batch, outcome in outcomes
        if outcome is not Outcome.DEFERRED and shares_fate(source, product, _product_of(batch))
    ]
    ended = [outcome for _, outcome in said[-DOWN:]]
    return ended == [Outcome.UNREACHED] * DOWN and all(batch != tried_by for batch, _ in said)


def _product_of(batch: str) -> str:
    """Return the key of the product of a unit's batch; empty for a batch without a unit."""
    key = BatchId.parse(batch)
    return str(key.unit.product) if key else ""


def blocked(blocks: Iterable[Block], source: Source, product: Product) -> str | None:
    """Return a sentence about the block of a product, ``None`` if it is not blocked."""
    block = block_of(blocks, product)
    if block is None:
        return None
    named = source.title if block.source == source.name else f"{source.title} {product.name}"
    return f"{named} is blocked until {iso(block.until)}: {block.reason}"


def block_of(blocks: Iterable[Block], product: Product) -> Block | None:
    """Return the longest block of a product or of its source."""
    own = [block for block in blocks if block.source in (product.source, product.key)]
    return max(own, key=lambda block: block.until, default=None)


def block(context: RunContext, source: Source, product: Product, exc: RateLimited) -> str:
    """Store the block after a refusal that is too long to wait for; return the unit's note.

    A refusal of a product with its own subscription blocks the products of that subscription;
    a refusal of any other product blocks the source.
    """
    until = context.in_seconds(KeyLimits(context, source.name).blocked(exc))
    for name in names_of(source, product):
        context.store.block(Block(name, until, str(exc)))
    return f"{exc} Deferred; will be asked again after {iso(until)}."


def block_key(context: RunContext, source: Source, product: Product, exc: AuthRejected) -> None:
    """Store that a key may not use a product, so that it is asked again after a day.

    A key that is refused completely is not stored: the next run asks again.
    """
    needed = subscription(product)
    if exc.product is None or needed is None:
        return
    until = context.in_seconds(DAY.total_seconds())
    for name in names_of(source, product):
        context.store.block(Block(name, until, str(exc)))
    context.store.save_limits(source.name, {refusal_fact(needed): 1.0}, context.now)


def is_key_closed(source: Source, today: Mapping[str, Mapping[str, float]]) -> bool:
    """Return whether a source refused a subscription to its key within the last day.

    Args:
        source: The source.
        today: Facts that were learned within the last day, by subject and name.
    """
    sold = {name for product in source.products if (name := subscription(product))}
    facts = today.get(source.name, {})
    return any(refusal_fact(name) in facts for name in sold)


def stand_in(context: RunContext, series: Series, unit: Unit) -> str:
    """Return a sentence about the source that is asked for a unit's slots meanwhile.

    Raises:
        StoreError: If the ledger, the calls or the blocks cannot be read.
    """
    if unit.is_enrichment or unit.refresh:
        return ""
    others = [c for c in context.candidates(series) if c.source.name != unit.source]
    found = (a.candidate for a in choose([unit.interval], series, others, context.now))
    first = next((candidate for candidate in found if candidate), None)
    return f" Gapfill asks {first.source.title} meanwhile." if first else ""
