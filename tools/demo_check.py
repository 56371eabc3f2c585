"""Compares what the demo's store holds in the end with the truth, slot by slot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tools.demo_world import runs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

PER_MWH = 1000.0
"""kWh in a MWh."""


class Stored(NamedTuple):
    """A row of the store.

    Attributes:
        slot: Start of the hour, UTC.
        mwh: Price in €/MWh, ``None`` where the row has none.
        kwh: Price in €/kWh, ``None`` where the row has none.
        source: Where it came from, ``None`` where nobody knows.
    """

    slot: datetime
    mwh: float | None
    kwh: float | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the comparison found; all of it slots, in order.

    Attributes:
        missing: Due slots without a price.
        wrong: Slots whose price is not the truth.
        invented: Rows that nobody could know of: not due yet, before the series, off the hour.
        double: Slots that are there more than once.
        unnamed: Healed slots that do not say where their price came from.
        healed: Slots of holes that hold the truth now.
    """

    missing: tuple[datetime, ...] = ()
    wrong: tuple[datetime, ...] = ()
    invented: tuple[datetime, ...] = ()
    double: tuple[datetime, ...] = ()
    unnamed: tuple[datetime, ...] = ()
    healed: frozenset[datetime] = frozenset()

    def sentences(self) -> Iterator[str]:
        """Yield what is wrong, a sentence each; nothing where all is well."""
        named = {
            "are due and missing": self.missing,
            "do not hold the true price": self.wrong,
            "hold a price that nobody could know": self.invented,
            "are there more than once": self.double,
            "were healed and do not say by whom": self.unnamed,
        }
        for words, slots in named.items():
            if slots:
                spans = [_span(start, end) for start, end in runs(slots)]
                more = f" and {len(spans) - 3} more stretches" if len(spans) > 3 else ""  # noqa: PLR2004 - as many as a line holds
                yield f"{len(slots):,} slots {words}: {', '.join(spans[:3])}{more}."


def compare(
    rows: Iterable[Stored], truth: Mapping[datetime, float], holes: Collection[datetime]
) -> Verdict:
    """Compare the store with the truth.

    Args:
        rows: Every row of the store, in any order.
        truth: Price in €/MWh of every due slot, and of no other.
        holes: Slots that were to be healed.
    """
    stored: dict[datetime, Stored] = {}
    double: set[datetime] = set()
    for row in rows:
        if row.slot in stored:
            double.add(row.slot)
        stored[row.slot] = row
    here = {slot: row for slot, row in stored.items() if row.mwh is not None}
    right = {slot for slot, row in here.items() if slot in truth and _is_true(row, truth[slot])}
    return Verdict(
        missing=tuple(sorted(truth.keys() - here.keys())),
        wrong=tuple(sorted((here.keys() & truth.keys()) - right)),
        invented=tuple(sorted(stored.keys() - truth.keys())),
        double=tuple(sorted(double)),
        unnamed=tuple(sorted(slot for slot in right & set(holes) if not here[slot].source)),
        healed=frozenset(right & set(holes)),
    )


def _span(start: datetime, end: datetime) -> str:
    is_one_day = start.date() == end.date()
    return f"{start:%Y-%m-%d %H:%MZ}–{end:{'%H:%MZ' if is_one_day else '%Y-%m-%d %H:%MZ'}}"


def _is_true(row: Stored, price: float) -> bool:
    """Tell whether both prices of a row are the true one; the second may lack."""
    if row.mwh is None or not math.isclose(row.mwh, price, abs_tol=1e-9):
        return False
    return row.kwh is None or math.isclose(row.kwh, price / PER_MWH, abs_tol=1e-12)
