"""Writes the tables of ``docs/reference/routes.md`` from the catalogue, or checks them.

``make routes`` writes them, ``make check`` compares: nobody copies a product's facts by hand.
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from gapfill import catalog
from gapfill.domain.grid import Grid
from gapfill.domain.interval import BEGINNING
from gapfill.domain.local_time import AtClock
from gapfill.reporting.models import resolution
from tools.local_airflow import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gapfill.catalog import Catalog
    from gapfill.domain.local_time import Rule
    from gapfill.domain.product import Product, Source
    from gapfill.domain.series import Series, Zone

PAGE = ROOT / "docs" / "reference" / "routes.md"
BEGIN = "<!-- made by `make routes` from the catalogue; do not edit up to the end mark -->"
END = "<!-- end -->"

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_HOURS_READ_WELL = timedelta(hours=72)


def tables(known: Catalog) -> str:
    """Return both tables: whom a series asks for which slots, and the facts of every product."""
    return "\n\n".join(
        (
            _table(("series", "slots", "asked, best first"), _routes(known)),
            _table(
                (
                    "product",
                    "slots of",
                    "grade",
                    "needs",
                    "reaches",
                    "has a slot",
                    "empty means none",
                    "longest request",
                    "wanted fields",
                ),
                [_facts(source, p) for source in known.sources.values() for p in source.products],
            ),
            _table(
                ("source", "connection", "calls at most", "before its first request"),
                [_rates(source) for source in known.sources.values()],
            ),
        )
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _routes(known: Catalog) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    for series in known.series.values():
        products = list(
            dict.fromkeys((source.name, p.key) for source, p, _ in known.products_of(series))
        )
        for zone, words in _zones(series):
            asked = (key for name in zone.sources for source, key in products if source == name)
            rows.append((f"`{series.name}`", words, ", ".join(f"`{key}`" for key in asked)))
    return rows


def _zones(series: Series) -> Iterator[tuple[Zone, str]]:
    """Yield the zones of a series, each with the slots that it takes of those left."""
    before: Zone | None = None
    for zone in series.route:
        if zone.younger_than is not None:
            words = f"younger than {_length(zone.younger_than)}"
        elif zone.current_month:
            words = "older, in the current month" if before else "in the current month"
        else:
            words = "all"
            if before:
                words = "in an earlier month" if before.current_month else "older"
        yield zone, words
        before = zone


def _facts(source: Source, product: Product) -> tuple[str, ...]:
    grade = product.grade.label
    if product.official_after:
        grade += f", official after {_length(product.official_after)}"
    return (
        f"`{product.key}`",
        resolution(Grid.of(product.resolution)),
        grade,
        _needs(source, product),
        _reach(product),
        _rule(product.available, product),
        _rule(product.grace, product),
        _span(product),
        ", ".join(product.gives) or "–",
    )


def _needs(source: Source, product: Product) -> str:
    if not product.hops:
        return "a folder of files"
    needs = ["a key"] if product.needs_key else []
    if product.needs_login:
        needs = ["a login and a password"]
    extra = product.params.get("requires_extra")
    if extra:
        needs.append(f'`"{extra}": true` in the extra of `{source.connection}`')
    return ", ".join(needs) or "nothing"


def _reach(product: Product) -> str:
    if product.last is not None:
        return "the slot of now" if product.last == 1 else f"the last {product.last} slots"
    if product.window is not None:
        return f"slots younger than {_length(product.window)}"
    if product.by_station:
        return "the station's dates" if product.hops else "the station's dates, what files have"
    return "all" if product.since == BEGINNING else f"from {_since(product)}"


def _since(product: Product) -> str:
    """Return the local day it begins on, as the catalogue has it."""
    middle = product.since + _DAY / 2
    return f"{middle:%Y-%m-%d}"


def _rule(rule: Rule, product: Product) -> str:
    if isinstance(rule, AtClock):
        days = {-1: "the day before", 0: "its day", 1: "the next day", 2: "the day after next"}
        day = days.get(rule.days, f"day {rule.days:+d}")
        return f"{day} {rule.at:%H:%M}"
    if rule.lag == -product.resolution:
        return "from its start"
    return "at its end" if not rule.lag else f"{_length(rule.lag)} after its end"


def _span(product: Product) -> str:
    if not product.hops:
        return "no limit" if product.span >= _DAY * 3650 else _length(product.span)
    if product.span <= product.resolution:
        return "1 slot"
    if product.day_zone:
        zone = product.day_zone.rpartition("/")[2]
        return f"{product.span.days} d, whole days ({zone})"
    return _length(product.span)


def _rates(source: Source) -> tuple[str, ...]:
    if not any(product.hops for product in source.products):
        return f"`{source.name}`", "–", "none: files", "–"
    hops = max(product.hops for product in source.products)
    rate = f"{source.per_minute:,} a minute"
    rate += f", {source.per_day:,} a day" if source.per_day else ""
    rate += f"; a request is {hops} calls" if hops > 1 else ""
    opening = f"{source.opening_calls} calls" if source.opening_calls else "–"
    return f"`{source.name}`", f"`{source.connection}`", rate, opening


def _length(duration: timedelta) -> str:
    if duration < _HOUR:
        return f"{duration / timedelta(minutes=1):g} min"
    if duration <= _HOURS_READ_WELL:
        return f"{duration / _HOUR:g} h"
    return f"{duration / _DAY:g} d"


def with_tables(page: str, known: Catalog) -> str:
    """Return a page with the tables of the catalogue between its marks.

    Raises:
        ValueError: If the page has not each mark once, in order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"the page needs a line {BEGIN} and below it a line {END}"
        raise ValueError(message)
    return f"{before}{BEGIN}\n\n{tables(known)}\n\n{END}{after}"


def main(arguments: Sequence[str] | None = None, page: Path = PAGE) -> int:
    """Write the page, or with ``--check`` compare it; return 1 where it differs."""
    parser = argparse.ArgumentParser(prog="python -m tools.routes_table", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 if stale")
    given = parser.parse_args(arguments)
    written = page.read_text(encoding="utf-8")
    made = with_tables(written, catalog.load())
    if made == written:
        return 0
    if given.check:
        sys.stderr.write(
            f"docs/reference/{page.name} and the catalogue differ: run `make routes`\n"
        )
        return 1
    page.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
