"""Products that need their own subscription, and the scope of their refusals.

OpenWeatherMap sells One Call in addition to the API that every key can use, in two generations
that exclude each other. A refusal or an outage of such a product affects only the products of the
same subscription, and the daily quota of the source is that of the subscription.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gapfill.domain.product import Product, Source


def subscription(product: Product) -> str | None:
    """Return the subscription that a product needs, ``None`` if the key alone is enough.

    The catalogue and the connection's extra use the same name for it, such as ``one_call``.
    """
    return product.params.get("requires_extra")


def names_of(source: Source, product: Product) -> tuple[str, ...]:
    """Return the names under which a refusal of a product is stored.

    Returns:
        The keys of the products of its subscription; the name of the source for a product that
        needs only the key.
    """
    own = subscription(product)
    if own is None:
        return (source.name,)
    return tuple(p.key for p in source.products if subscription(p) == own)


def shares_fate(source: Source, product: Product, other: str) -> bool:
    """Return whether a failure to reach one product counts for another one.

    Args:
        source: Source of both.
        product: The product to ask.
        other: Key of the product that failed.
    """
    needs = {p.key: subscription(p) for p in source.products}
    return other not in needs or needs[other] == subscription(product)


def generation_fact(name: str) -> str:
    """Return the name of the fact that stores which generation of a subscription a key has."""
    return f"{name}_generation"


def refusal_fact(name: str) -> str:
    """Return the name of the fact that a key was refused for a whole subscription."""
    return f"{name}_refused"


def is_of_key(source: Source, product: Product, facts: Mapping[str, float]) -> bool:
    """Return whether a product is the one to ask, by the learned facts of the key.

    Generations of a subscription exclude each other, so only one product of them is asked: that
    of the key, or the preferred one until the key is known.

    Args:
        source: The source.
        product: A product of it.
        facts: Learned facts of the source, by name; the catalogue names a generation as ``"4.0"``.
    """
    own, generation = subscription(product), product.params.get("generation")
    if own is None or generation is None:
        return True
    offered = [p.params.get("generation") for p in source.products if subscription(p) == own]
    known = facts.get(generation_fact(own))
    return generation == (offered[0] if known is None else f"{known:.1f}")


def with_quota_of(source: Source, product: Product) -> Source:
    """Return a source without its daily quota if that belongs to a subscription of other products.

    Calls for the current weather are not billed, so spent calls for history never stop them.
    """
    is_sold = any(subscription(p) for p in source.products)
    if source.per_day is None or not is_sold or subscription(product):
        return source
    return replace(source, per_day=None)
