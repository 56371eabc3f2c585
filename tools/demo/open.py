"""What stays open in the demo, and why, in the words of ``gapfill explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tools.demo import weather, world
from tools.demo.stage import PRICES, explain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tools.demo.stage import Stage


class Item(NamedTuple):
    """Slots that are not as good as they could ever be.

    Attributes:
        series: Their series.
        what: Which they are, for people.
        slot: One that speaks for all of them.
        says_who: Whether each source's answer is told.
    """

    series: str
    what: str
    slot: datetime
    says_who: bool = True


def items() -> list[Item]:
    """Return what stays open after the second run."""
    first, end = weather.OUTAGE
    return [
        Item(weather.DAILY, f"{first:%Y-%m-%d} to {end - world.DAY:%m-%d}", first),
        Item(weather.HOURLY, f"{weather.WAITING:%Y-%m-%d %H:%MZ}", weather.WAITING),
        Item(
            weather.HOURLY, f"{weather.NOW_SLOT:%Y-%m-%d %H:%MZ}, the hour of now", weather.NOW_SLOT
        ),
        Item(weather.HOURLY, "2025-10-25 and 26, which SIAR does not have", weather.SIAR_OUTAGE[0]),
        Item(weather.DAILY, "2025-11-15 to 11-19", weather.AEMET_DAYS_TO),
        Item(PRICES, "tomorrow", world.due_end(world.LATER), says_who=False),
        Item(
            weather.DAILY,
            "2018-06-12, before the station",
            weather.EARLIEST[weather.DAILY] - world.DAY,
        ),
    ]


def tell_open(stage: Stage, env: Mapping[str, str]) -> None:
    """Print what stays open, why, and when it is asked for again."""
    found = items()
    slots = [(item.series, f"{item.slot:%Y-%m-%dT%H:%MZ}") for item in found]
    for item, told in zip(found, explain(env, slots), strict=True):
        state = _STATES.get(told["state"], told["state"])
        stage.show.stays_open(item.series, item.what, state, _why(item, told))


_STATES = {"missing": "missing, and late", "not_expected": "not expected"}
"""States in words that need no glossary."""
_TELLING = frozenset({"asked", "ruled_out"})
"""Standings of a source that has said something of these slots."""


def _why(item: Item, told: Mapping[str, Any]) -> str:
    row = told["row"]
    has = f"{row['grade']}, from {row['source']}" if row else told["sentence"]
    answers = [
        f"{who['candidate']} {who['sentence']}"
        for who in told["candidates"]
        if item.says_who and who["standing"] in _TELLING
    ]
    return "\n".join([f"{has}; {told['next']}", *answers])
