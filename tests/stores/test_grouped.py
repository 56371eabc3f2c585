"""Series that are read one by one: a failed one hides no other, a store that is away ends it."""

from __future__ import annotations

from dataclasses import replace

from gapfill.errors import StoreError, StoreUnreachable
from gapfill.services.ports import SeriesInstant
from gapfill.stores.grouped import one_by_one
from tests.builders import PVPC, hour

ASKED = [SeriesInstant(replace(PVPC, name=name), hour(0)) for name in "abcde"]


def asking(failing: dict[str, StoreError]) -> tuple[dict[str, str | StoreError], list[str]]:
    """Return the answers of five series, and which of them were asked for."""
    asked: list[str] = []

    def ask(one: SeriesInstant) -> str:
        asked.append(one.series.name)
        if one.series.name in failing:
            raise failing[one.series.name]
        return one.series.name.upper()

    return one_by_one(ASKED, ask), asked


def test_an_error_is_the_answer_of_its_series_alone() -> None:
    """However many series have one."""
    damaged = [StoreError(f"{n} is damaged.") for n in range(3)]
    answers, asked = asking(dict(zip("abd", damaged, strict=True)))
    assert answers == {"a": damaged[0], "b": damaged[1], "c": "C", "d": damaged[2], "e": "E"}
    assert asked == ["a", "b", "c", "d", "e"]


def test_a_store_that_is_away_is_asked_twice_only() -> None:
    """The rest has the second error."""
    away = [StoreUnreachable(f"It is away at {n}.") for n in range(2)]
    answers, asked = asking({"b": away[0], "c": away[1]})
    assert answers == {"a": "A", "b": away[0], "c": away[1], "d": away[1], "e": away[1]}
    assert asked == ["a", "b", "c"]


def test_one_series_of_which_the_store_breaks_off_hides_no_other() -> None:
    """Only two in a row are a store that is away."""
    off = StoreUnreachable("Its answer broke off.")
    answers, asked = asking({"a": off, "c": off, "e": off})
    assert answers == {"a": off, "b": "B", "c": off, "d": "D", "e": off}
    assert len(asked) == 5
