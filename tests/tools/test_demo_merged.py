"""The demo's line on where the values of one slot are from."""

from __future__ import annotations

import io

from rich.console import Console

from tools.demo.check import Stored
from tools.demo.merged import in_a_line, most_merged, origins, tell_merged
from tools.demo.show import Show
from tools.demo.world import utc

TWO, THREE = ("aemet/5279X", "aemet/5281X"), ("aemet/5279X", "aemet/5281X", "siar/J17")
ALONE = Stored(utc(2025, 11, 20, 9), {"temperature": 9.1, "humidity": 60.0}, 30, "siar/J17", {})
BOTH = Stored(
    utc(2025, 11, 20, 10),
    {"temperature": 10.1, "humidity": 61.0, "wind_speed": 2.0},
    30,
    "aemet/5281X",
    {"temperature": "aemet/5279X", "wind_speed": "aemet/5279X"},
)
ALL = BOTH._replace(
    slot=utc(2025, 11, 20, 8),
    values={**BOTH.values, "solar_radiation": 210.0},
    kept={**BOTH.kept, "solar_radiation": "siar/J17"},
)


def test_fields_are_grouped_by_the_source_that_gave_them() -> None:
    """The row's own source gave what ``kept`` does not name."""
    assert origins(BOTH) == {
        "aemet/5279X": ["temperature", "wind_speed"],
        "aemet/5281X": ["humidity"],
    }
    assert origins(ALONE) == {"siar/J17": ["temperature", "humidity"]}


def test_the_slot_of_the_most_sources_is_shown() -> None:
    """Of equal ones the newest; none where no slot has values of all that are wanted."""
    later = ALL._replace(slot=utc(2025, 11, 20, 9))
    assert most_merged([ALONE, ALL, later, BOTH], TWO) == later
    assert most_merged([ALONE, BOTH], TWO) == BOTH
    assert most_merged([ALONE, BOTH], THREE) is None
    assert most_merged([], TWO) is None


def test_a_line_says_where_each_value_is_from() -> None:
    """With the names of sources for people."""
    assert in_a_line(ALL, {"aemet/5281X": "Bailén"}) == (
        "2025-11-20 08:00Z: temperature and wind speed from aemet/5279X; "
        "humidity from aemet/5281X (Bailén); solar radiation from siar/J17"
    )


def test_a_demo_without_a_merged_hour_has_failed() -> None:
    """Values of both stations of AEMET and of SIAR must be in one of them."""
    show = Show()
    show.console = Console(file=io.StringIO(), width=200)
    assert tell_merged(show, [ALONE, BOTH]) == [
        "No hour has values from all of aemet/5279X, aemet/5281X and siar/J17."
    ]
    assert tell_merged(show, [BOTH, ALL]) == []
    said = show.console.file.getvalue() if isinstance(show.console.file, io.StringIO) else ""
    assert "humidity from aemet/5281X (Bailén, 13 km away)" in said
