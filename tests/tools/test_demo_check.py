"""The demo's comparison with the truth: it must be able to fail."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tools.demo.check import Expected, Stored, Verdict, compare, open_problems
from tools.demo.world import DAY, utc

if TYPE_CHECKING:
    from collections.abc import Sequence

A, B, C, D = (utc(2025, 11, 20, hour) for hour in (10, 11, 12, 13))
PRICES = {
    A: {"price_eur_mwh": 50.0, "price_eur_kwh": 0.05},
    B: {"price_eur_mwh": 0.0, "price_eur_kwh": 0.0},
    C: {"price_eur_mwh": -1.25, "price_eur_kwh": -0.00125},
}
EXPECTED = Expected(
    truth={"ree": PRICES, "import": PRICES},
    grades={A: 40, B: 40, C: 40},
    holes={B, C},
    required=("price_eur_mwh",),
    restored={},
)
GOOD = [
    Stored(A, {"price_eur_mwh": 50.0, "price_eur_kwh": 0.05}, 40, "import", {}),
    Stored(B, {"price_eur_mwh": 0.0, "price_eur_kwh": 0.0}, 40, "ree", {}),
    Stored(C, {"price_eur_mwh": -1.25, "price_eur_kwh": -0.00125}, 40, "ree", {}),
]
WELL = Verdict(healed=frozenset({B, C}))

WEATHER = Expected(
    truth={
        "siar": {
            A: {"temperature": 12.5, "solar_radiation": 410.0},
            B: {"temperature": 13.0, "solar_radiation": None},
        },
        "aemet": {A: {"temperature": 12.3, "pressure": 957.1}},
        "open_meteo": {
            A: {"temperature": 12.9, "pressure": 956.0, "solar_radiation": 400.0},
            B: {"temperature": 13.4, "pressure": 956.5, "solar_radiation": 380.0},
        },
    },
    grades={A: 30, B: 10},
    holes={A, B},
    required=("temperature",),
    restored={A: ("solar_radiation",)},
)
ENRICHED = Stored(
    A,
    {"temperature": 12.3, "pressure": 957.1, "solar_radiation": 410.0},
    30,
    "aemet/5279X",
    {"solar_radiation": "siar/J17"},
)
MODELLED = Stored(
    B, {"temperature": 13.4, "pressure": 956.5, "solar_radiation": 380.0}, 10, "open_meteo", {}
)


def test_a_store_that_equals_the_truth_is_well() -> None:
    """Zero and negative prices too; what was healed is named, and nothing is wrong."""
    verdict = compare(GOOD, EXPECTED)
    assert verdict == WELL
    assert list(verdict.sentences()) == []


def test_a_missing_slot_is_found() -> None:
    """A due slot without a row."""
    verdict = compare(GOOD[:2], EXPECTED)
    assert verdict == replace(WELL, missing=(C,), healed=frozenset({B}))
    assert list(verdict.sentences()) == ["1 slots are due and missing: 2025-11-20 12:00Z–13:00Z."]


def test_a_row_without_a_price_is_a_missing_slot() -> None:
    """A row alone heals nothing."""
    verdict = compare([*GOOD[:2], Stored(C, {}, 40, "ree", {})], EXPECTED)
    assert verdict == replace(WELL, missing=(C,), healed=frozenset({B}))


@pytest.mark.parametrize(
    "values",
    [
        {"price_eur_mwh": 0.01, "price_eur_kwh": 0.0},
        {"price_eur_mwh": 0.0, "price_eur_kwh": 0.01},
        {"price_eur_mwh": float("nan"), "price_eur_kwh": 0.0},
        {"price_eur_mwh": 0.0},
        {"price_eur_mwh": 0.0, "price_eur_kwh": 0.0, "temperature": 1.0},
    ],
)
def test_a_wrong_value_is_found(values: dict[str, float]) -> None:
    """A cent, the other unit, no number, a field that was lost, a field nobody stated."""
    verdict = compare([GOOD[0], GOOD[1]._replace(values=values), GOOD[2]], EXPECTED)
    assert verdict == replace(WELL, wrong=(B,), healed=frozenset({C}))


def test_a_wrong_value_outside_a_hole_is_found() -> None:
    """What was there before must be there afterwards."""
    spoilt = GOOD[0]._replace(values={"price_eur_mwh": 50.01, "price_eur_kwh": 0.05})
    assert compare([spoilt, *GOOD[1:]], EXPECTED) == replace(WELL, wrong=(A,))


def test_a_slot_that_nobody_could_know_is_found() -> None:
    """Tomorrow's price, or one off the hour."""
    verdict = compare([*GOOD, GOOD[1]._replace(slot=D)], EXPECTED)
    assert verdict == replace(WELL, invented=(D,))


def test_a_slot_that_is_there_twice_is_found() -> None:
    """Even with the same price."""
    assert compare([*GOOD, GOOD[0]], EXPECTED) == replace(WELL, double=(A,))


def test_a_healed_slot_without_a_source_is_found() -> None:
    """A value carries where it came from."""
    verdict = compare([GOOD[0], GOOD[1]._replace(source=None), GOOD[2]], EXPECTED)
    assert verdict == replace(WELL, unnamed=(B,), healed=frozenset({C}))


def test_an_empty_store_misses_everything() -> None:
    """The comparison never passes for lack of rows."""
    assert compare([], EXPECTED) == Verdict(missing=(A, B, C))


def test_a_field_kept_from_another_source_is_that_sources() -> None:
    """AEMET's row with SIAR's radiation, and a row of the best source there is now."""
    assert compare([ENRICHED, MODELLED], WEATHER) == Verdict(healed=frozenset({A, B}))


@pytest.mark.parametrize(
    "row",
    [
        ENRICHED._replace(kept={}),
        ENRICHED._replace(kept={"solar_radiation": "open_meteo"}),
        ENRICHED._replace(kept={"solar_radiation": "siar/J17", "wind_gust": "siar/J17"}),
        ENRICHED._replace(source="siar/J17"),
        ENRICHED._replace(source="nobody"),
    ],
)
def test_a_value_that_its_named_source_did_not_state_is_wrong(row: Stored) -> None:
    """A value is compared with the source that is named for it, the row's or the kept one."""
    verdict = compare([row, MODELLED], WEATHER)
    assert verdict == Verdict(wrong=(A,), healed=frozenset({B}))


@pytest.mark.parametrize("grade", [10, 20, 40, None])
def test_a_grade_that_is_not_the_best_there_is_now_is_found(grade: int | None) -> None:
    """A worse one was to be upgraded, a better one is a lie."""
    verdict = compare([ENRICHED._replace(grade=grade), MODELLED], WEATHER)
    assert verdict == Verdict(graded=(A,), healed=frozenset({B}))


def test_a_wanted_field_that_still_lacks_is_found() -> None:
    """The row is right without it, and yet not as good as it can be."""
    bare = Stored(A, {"temperature": 12.3, "pressure": 957.1}, 30, "aemet/5279X", {})
    verdict = compare([bare, MODELLED], WEATHER)
    assert verdict.bare == (A,)
    (sentence,) = verdict.sentences()
    assert sentence == ("1 slots lack a wanted field that can be had: 2025-11-20 10:00Z–11:00Z.")


def test_a_stretch_of_days_is_told_with_both_dates() -> None:
    """From the first hour to the end of the last; days count as days."""
    slots = (utc(2024, 7, 4, 23), utc(2024, 7, 5, 0))
    (sentence,) = Verdict(missing=slots).sentences()
    assert sentence == "2 slots are due and missing: 2024-07-04 23:00Z–2024-07-05 01:00Z."
    days = (utc(2024, 7, 4, 0), utc(2024, 7, 5, 0))
    (sentence,) = Verdict(missing=days, step=DAY).sentences()
    assert sentence == "2 slots are due and missing: 2024-07-04 00:00Z–2024-07-06 00:00Z."


def test_many_stretches_are_counted() -> None:
    """A sentence names three of them."""
    slots = tuple(utc(2025, 11, day, 1) for day in range(1, 6))
    (sentence,) = Verdict(wrong=slots).sentences()
    assert sentence.endswith("2025-11-03 01:00Z–02:00Z and 2 more stretches.")


LOST = ("2021-08-10T00:00:00Z", "2021-08-15T00:00:00Z")
LATE = ("2025-11-20T18:00:00Z", "2025-11-20T19:00:00Z")


def gap(state: str, span: tuple[str, str], waiting: str | None = None) -> dict[str, object]:
    """Return a gap as ``status --json`` has it."""
    return {"start": span[0], "end": span[1], "state": state, "waiting": waiting}


@pytest.mark.parametrize(
    "gaps,words",
    [
        ([gap("unfillable", LOST), gap("missing", LATE, "2025-11-20T20:00:00Z")], []),
        (
            [gap("missing", LATE, "2025-11-20T20:00:00Z")],
            [f"s: not exactly {LOST[0]}–{LOST[1]} is said to be unfillable."],
        ),
        (
            [gap("unfillable", LOST), gap("missing", LATE)],
            [
                f"s {LATE[0]}–{LATE[1]} is missing, and nobody is waited for.",
                f"s: not exactly {LATE[0]}–{LATE[1]} is said to be waited for.",
            ],
        ),
        (
            [
                gap("unfillable", LOST),
                gap("missing", LATE, "2025-11-20T20:00:00Z"),
                gap("unknown", LATE),
            ],
            ["s has slots in state unknown."],
        ),
    ],
)
def test_what_stays_open_must_be_said_and_nothing_else(
    gaps: Sequence[dict[str, object]], words: list[str]
) -> None:
    """Unfillable days are called so, what is late is waited for, and that is all."""
    status = {"series": [{"series": "s", "gaps": gaps}]}
    assert list(open_problems(status, {"s": [LOST]}, {"s": [LATE]})) == words


def test_a_series_of_which_nothing_may_stay_open_is_told() -> None:
    """Something that is given up wrongly is no success."""
    status = {"series": [{"series": "s", "gaps": [gap("unfillable", LOST)]}]}
    assert list(open_problems(status, {}, {})) == [
        "s: not exactly nothing is said to be unfillable."
    ]
