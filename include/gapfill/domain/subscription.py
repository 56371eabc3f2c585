"""Products that need a subscription of their own, and what a refusal of one of them concerns.

OpenWeatherMap sells One Call beside the API that every key opens, in two generations that
exclude each other. A refusal or an outage of such a product concerns the products of the
same subscription only, and the daily quota of the source is that of the subscription.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gapfill.domain.product import Product, Source

NONE = 0.0
"""Generation that is remembered of a key that no generation serves."""


def subscription(product: Product) -> str | None:
    """Return the subscription that a product needs, ``None`` where the key alone opens it.

    The catalogue and the connection's extra have the same name for it, such as ``one_call``.
    """
    return product.params.get("requires_extra")


def names_of(source: Source, product: Product) -> tuple[str, ...]:
    """Return the names under which a refusal of a product is noted.

    Returns:
        The keys of the products of its subscription; the name of the source for a product
        that the key alone opens.
    """
    own = subscription(product)
    if own is None:
        return (source.name,)
    return tuple(p.key for p in source.products if subscription(p) == own)


def shares_fate(source: Source, product: Product, other: str) -> bool:
    """Tell whether a failure to reach one product says something of another one.

    Args:
        source: Source of both.
        product: The one that is to be asked.
        other: Key of the one that failed.
    """
    needs = {p.key: subscription(p) for p in source.products}
    return other not in needs or needs[other] == subscription(product)


def fact_of(name: str) -> str:
    """Return the name of the fact that says which generation of a subscription a key is of."""
    return f"{name}_generation"


def is_of_key(product: Product, facts: Mapping[str, float]) -> bool:
    """Tell whether the key may open a product, by what was learned of its source.

    Args:
        product: The product.
        facts: What was learned of its source, by name. Where the generation is not known,
            or none was found, every product may be tried.
    """
    own, generation = subscription(product), product.params.get("generation")
    known = facts.get(fact_of(own), NONE) if own else NONE
    return generation is None or known == NONE or known == float(generation)


def with_quota_of(source: Source, product: Product) -> Source:
    """Return a source without its daily quota where that is of a subscription, not of the product.

    The calls of the weather of now are not billed, so spent calls of history never keep it back.
    """
    is_sold = any(subscription(p) for p in source.products)
    if source.per_day is None or not is_sold or subscription(product):
        return source
    return replace(source, per_day=None)
