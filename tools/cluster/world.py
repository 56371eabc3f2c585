"""What the cluster's scenario plays: four markets of half a year, two sources, and rates.

Several series share one measurement, as they would in a bucket that other programs have
filled for years.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import yaml

from tools.demo.world import HOUR, NOW, Hole, due_end, midnight, utc
from tools.shipped import shipped_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EARLIEST = date(2025, 6, 1)
"""First local day of every series."""

MEASUREMENT = "energy_prices"

PER_MINUTE = {"ree": 10, "esios": 8}
"""Calls a minute that each source takes here. Lower than the shipped ones, so that the
scenario needs more than a minute's worth: two workers that did not share would exceed it."""


@dataclass(frozen=True, slots=True)
class Market:
    """A series of the scenario.

    Attributes:
        name: The series.
        geo: Its place, as the sources number it.
        source: Who is asked for it.
        holes: What its history lacks.
    """

    name: str
    geo: str
    source: str
    holes: tuple[Hole, ...]

    @property
    def hidden(self) -> frozenset[datetime]:
        """The slots that are left out."""
        return frozenset(slot for hole in self.holes for slot in hole.slots)


def _hole(start: datetime, count: int) -> Hole:
    return Hole("hours", start, start + count * HOUR)


def _days(first: date, last: date) -> Hole:
    return Hole("days", midnight(first), midnight(last))


MARKETS = (
    Market(
        "pvpc",
        "8741",
        "ree",
        (
            _hole(utc(2025, 6, 11, 14), 1),
            _days(date(2025, 7, 5), date(2025, 7, 15)),
            _hole(utc(2025, 9, 2, 5), 5),
            _hole(utc(2025, 10, 26, 0), 2),
            Hole("machine off until now", utc(2025, 11, 17, 9), due_end(NOW)),
        ),
    ),
    Market(
        "pvpc_melilla",
        "8745",
        "ree",
        (
            _hole(utc(2025, 6, 20, 3), 1),
            _days(date(2025, 7, 28), date(2025, 7, 30)),
            _hole(utc(2025, 9, 15, 20), 7),
            _days(date(2025, 10, 26), date(2025, 10, 27)),
        ),
    ),
    Market(
        "pvpc_baleares",
        "8743",
        "ree",
        (
            _hole(utc(2025, 6, 3, 0), 2),
            _hole(utc(2025, 8, 1, 11), 30),
            _days(date(2025, 9, 20), date(2025, 9, 26)),
            _hole(utc(2025, 11, 11, 8), 3),
        ),
    ),
    Market(
        "pvpc_ceuta",
        "8744",
        "esios",
        (
            _days(date(2025, 6, 15), date(2025, 6, 18)),
            _days(date(2025, 8, 10), date(2025, 8, 13)),
            _days(date(2025, 10, 26), date(2025, 10, 27)),
            _days(date(2025, 11, 1), date(2025, 11, 3)),
        ),
    ),
)


def write_catalog(file: Path) -> None:
    """Write the shipped catalogue, cut to the markets and with the scenario's rates."""
    document = yaml.safe_load(shipped_text())
    for source, rate in PER_MINUTE.items():
        document["sources"][source]["per_minute"] = rate
        document["routes"][f"only_{source}"] = [{"sources": [source]}]
    base = document["series"]["pvpc"]
    document["series"] = {market.name: _series(base, market) for market in MARKETS}
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def _series(base: Mapping[str, object], market: Market) -> dict[str, object]:
    return {
        **base,
        "measurement": MEASUREMENT,
        "tags": {"market": "pvpc", "geo": market.geo},
        "params": {"geo_id": market.geo},
        "route": f"only_{market.source}",
        "earliest": EARLIEST,
    }
