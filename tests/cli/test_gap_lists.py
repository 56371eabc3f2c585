"""How a reason is shortened in a list."""

from __future__ import annotations

from gapfill.cli.gap_lists import brief


def test_the_command_at_the_end_of_a_reason_is_never_cut() -> None:
    """The rest of a long reason is."""
    reason = (
        "the store holds solar_radiation of weather_measurements_of_the_plant as integer in its "
        "shard 2025-02-03 to 2026-02-01, and refuses floats there: gapfill retype weather_hourly"
    )
    assert brief(reason) == (
        "the store holds solar_radiation of weather_measurements_of_the_plant as integer in its "
        "shard 2025-02-03 to 2026-02-01, and refuses floats there: gapfill retype weather_hourly"
    )
    assert brief(f"{'because ' * 30}{reason}").endswith(" …: gapfill retype weather_hourly")


def test_many_verdicts_are_cut_with_a_hint() -> None:
    """``explain`` says them all."""
    said = brief("ree has nothing for it; " * 20)
    assert said.endswith(" … (explain says it all)")
    assert len(said) <= 160
