"""The demo's script against the simulated APIs: what is stored is true, and what lacks is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.demo import weather
from tools.demo.check import Stored, compare
from tools.demo.sandbox import start_sandbox
from tools.demo.seed import expectations
from tools.demo.stage import PRICES
from tools.demo.weather import DAILY, HOURLY
from tools.demo.world import NOW
from tools.processes import Programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tools.demo.check import Expected


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Expected]]:
    """Return what the demo expects, by the word of the sandbox."""
    folder: Path = tmp_path_factory.mktemp("demo")
    with Programs(folder) as programs:
        yield expectations(start_sandbox(programs, folder / "log", NOW, weather.FAULTS, 300))


def stored(series: str, expected: Expected) -> list[Stored]:
    """Return the rows that the demo seeds."""
    rows = []
    for slot, seed in weather.seeds(series).items():
        stated = expected.truth[seed.source][slot]
        values = {f: v for f, v in stated.items() if v is not None and f not in seed.lacks}
        rows.append(Stored(slot, values, seed.grade, seed.source, {}))
    return rows


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_before_the_runs_exactly_the_holes_are_found(expected: Mapping[str, Expected]) -> None:
    """What is stored is true; holes lack, worse slots have a worse grade or lack a field."""
    hourly = compare(stored(HOURLY, expected[HOURLY]), expected[HOURLY])
    # All of the holes but the hour that nobody has yet, and what the earlier run brings.
    assert len(hourly.missing) == 1006 - 1 + 12
    assert len(hourly.graded) == 30 + 5
    assert len(hourly.bare) == 12
    assert hourly.wrong == hourly.invented == hourly.double == hourly.unnamed == ()
    daily = compare(stored(DAILY, expected[DAILY]), expected[DAILY])
    assert len(daily.missing) == 50 - 5  # all of the holes but the days that nobody ever had
    assert len(daily.graded) == 17  # SIAR's last days, which AEMET has officially
    assert len(daily.bare) == 4
    assert daily.wrong == daily.invented == daily.double == daily.unnamed == ()


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_prices_are_expected_until_the_end_of_today(expected: Mapping[str, Expected]) -> None:
    """Also at the second run tomorrow's are not due."""
    assert len(expected[PRICES].grades) == 17568
    assert len(expected[PRICES].holes) == 412
    assert f"{max(expected[PRICES].grades):%Y-%m-%d %H:%M}" == "2025-11-20 22:00"


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_one_wrong_slot_among_all_is_found(expected: Mapping[str, Expected]) -> None:
    """A tenth of a degree, in the middle of years."""
    rows = stored(DAILY, expected[DAILY])
    row = rows[1234]
    spoilt = {**row.values, "temperature_mean": row.values["temperature_mean"] + 0.1}
    rows[1234] = row._replace(values=spoilt)
    assert compare(rows, expected[DAILY]).wrong == (row.slot,)
