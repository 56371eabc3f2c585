"""What a store holds after a reading came for a slot."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.reading import Origin, Reading, Replace, Row, combine, format_kept, parse_kept
from gapfill.domain.series import Grade
from tests.domain.samples import at, thoroughly

if TYPE_CHECKING:
    from collections.abc import Mapping

SLOT = at("2025-10-26 00:00")
REQUIRED = ("temperature", "humidity")


def reading(
    grade: Grade,
    source: str,
    temperature: float | None = 20,
    humidity: float | None = 50,
    **more: float,
) -> Reading:
    """Return a reading of the two required fields, and of more."""
    given = {"temperature": temperature, "humidity": humidity, **more}
    values = {name: float(value) for name, value in given.items() if value is not None}
    return Reading(SLOT, values, grade, source)


SIAR = reading(Grade.OBSERVED, "siar/J17", 20, 50)
MODEL = reading(Grade.MODELLED, "open_meteo", 25, 40, solar_radiation=800)


def stored(first: Reading, *then: Reading, replace: Replace = Replace.WORSE) -> Row:
    """Return the row after readings came one after the other, each in a batch of its own."""
    row = combine(None, first, "b1", REQUIRED)
    assert row is not None
    for n, next_one in enumerate(then, 2):
        row = combine(row, next_one, f"b{n}", REQUIRED, replace=replace) or row
    return row


def test_the_first_reading_is_stored_as_it_is() -> None:
    """With its source, grade and batch, and nothing kept."""
    assert combine(None, SIAR, "b1", REQUIRED) == Row(
        SLOT, {"temperature": 20, "humidity": 50}, Grade.OBSERVED, "siar/J17", "b1", {}
    )


def test_a_better_reading_replaces_the_worse_one() -> None:
    """And names what it lacks and what therefore stays."""
    assert stored(MODEL, SIAR) == Row(
        SLOT,
        {"temperature": 20, "humidity": 50, "solar_radiation": 800},
        Grade.OBSERVED,
        "siar/J17",
        "b2",
        {"solar_radiation": Origin("open_meteo", Grade.MODELLED)},
    )


def test_a_lower_grade_never_overwrites_a_higher_one() -> None:
    """Not even on refresh; of a field that the row does not have, its value is taken."""
    row, model = stored(SIAR), reading(Grade.MODELLED, "open_meteo", 25, 40)
    assert combine(row, model, "b2", REQUIRED) is None
    assert combine(row, model, "b2", REQUIRED, replace=Replace.EQUAL) is None
    assert stored(SIAR, MODEL) == Row(
        SLOT,
        {"temperature": 20, "humidity": 50, "solar_radiation": 800},
        Grade.OBSERVED,
        "siar/J17",
        "b2",
        {"solar_radiation": Origin("open_meteo", Grade.MODELLED)},
    )


def test_an_equal_grade_replaces_only_on_refresh() -> None:
    """Publishers correct prices months later; nobody else needs to write the same again."""
    corrected = reading(Grade.OBSERVED, "siar/J17", 21, 51)
    assert combine(stored(SIAR), corrected, "b2", REQUIRED) is None
    assert stored(SIAR, corrected, replace=Replace.EQUAL) == Row(
        SLOT, {"temperature": 21, "humidity": 51}, Grade.OBSERVED, "siar/J17", "b2", {}
    )


def test_what_stayed_once_stays_named_through_the_next_replacement() -> None:
    """The model's radiation is the model's still after two better sources."""
    official = reading(Grade.OFFICIAL, "aemet/5279X", 19, 55)
    assert stored(MODEL, SIAR, official).kept == {
        "solar_radiation": Origin("open_meteo", Grade.MODELLED)
    }


def test_what_stays_from_the_same_source_in_a_lower_grade_is_named_too() -> None:
    """SIAR's day of yesterday is observed, the one of last month official."""
    early = reading(Grade.OBSERVED, "siar/J17", 20, 50, et0=4)
    late = reading(Grade.OFFICIAL, "siar/J17", 20, 50)
    assert stored(early, late).kept == {"et0": Origin("siar/J17", Grade.OBSERVED)}


def test_a_value_that_comes_again_better_is_kept_no_more() -> None:
    """The station's own radiation takes the place of the model's."""
    better = reading(Grade.OFFICIAL, "siar/J17", 20, 50, solar_radiation=790)
    row = stored(MODEL, SIAR, better)
    assert row.values["solar_radiation"] == 790
    assert row.kept == {}


def test_a_row_that_lacks_a_required_field_takes_a_lower_grade() -> None:
    """Its better values stay, named; the row is as good as its weakest required field."""
    half = reading(Grade.OFFICIAL, "import", 18, None)
    assert stored(half, MODEL) == Row(
        SLOT,
        {"temperature": 18, "humidity": 40, "solar_radiation": 800},
        Grade.MODELLED,
        "open_meteo",
        "b2",
        {"temperature": Origin("import", Grade.OFFICIAL)},
    )


def test_a_good_reading_of_half_the_fields_does_not_pass_for_a_whole_one() -> None:
    """A modelled humidity under an official temperature leaves the slot provisional."""
    half = reading(Grade.OFFICIAL, "import", 18, None)
    row = stored(MODEL, half)
    assert row.grade is Grade.MODELLED
    assert row.source == "open_meteo"
    assert row.values == {"temperature": 18, "humidity": 40, "solar_radiation": 800}
    assert row.kept == {"temperature": Origin("import", Grade.OFFICIAL)}


def test_of_two_halves_of_one_grade_the_later_names_the_row() -> None:
    """The earlier one's field is named as its own."""
    first = reading(Grade.OBSERVED, "aemet/5279X", 18, None)
    second = reading(Grade.OBSERVED, "siar/J17", None, 55)
    assert stored(first, second) == Row(
        SLOT,
        {"temperature": 18, "humidity": 55},
        Grade.OBSERVED,
        "siar/J17",
        "b2",
        {"temperature": Origin("aemet/5279X", Grade.OBSERVED)},
    )


def test_a_point_of_others_is_kept_as_of_unknown_source() -> None:
    """What was there before Gapfill has no provenance, and gets none."""
    others = Row(SLOT, {"temperature": 20.0, "humidity": 50.0, "et0": 4.0}, Grade.OBSERVED)
    row = combine(others, reading(Grade.OFFICIAL, "aemet/5279X"), "b1", REQUIRED)
    assert row is not None
    assert row.kept == {"et0": Origin("unknown", Grade.OBSERVED)}


def test_the_same_reading_again_changes_nothing() -> None:
    """A retry of the same batch writes no row and keeps no replaced one, on refresh neither."""
    row = stored(MODEL, SIAR)
    assert combine(row, SIAR, "b2", REQUIRED) is None
    assert combine(row, SIAR, "b2", REQUIRED, replace=Replace.EQUAL) is None


def test_a_reading_without_the_lacking_field_does_not_rewrite_the_row_for_ever() -> None:
    """Where a required field is still lacking, the same half again is no news."""
    half = reading(Grade.OBSERVED, "siar/J17", 20, None)
    assert combine(stored(half), half, "b2", REQUIRED) is None


def test_an_enrichment_adds_what_lacks_and_names_who_gave_it() -> None:
    """The row stays AEMET's, whatever else of the same grade SIAR says."""
    aemet = reading(Grade.OBSERVED, "aemet/5279X", 21, 55)
    siar = reading(Grade.OBSERVED, "siar/J17", 20, 50, solar_radiation=700)
    assert stored(aemet, siar) == Row(
        SLOT,
        {"temperature": 21, "humidity": 55, "solar_radiation": 700},
        Grade.OBSERVED,
        "aemet/5279X",
        "b2",
        {"solar_radiation": Origin("siar/J17", Grade.OBSERVED)},
    )


def test_refresh_with_equal_values_takes_the_row_into_its_batch() -> None:
    """So that a retry sees what it has confirmed already."""
    row = combine(stored(SIAR), SIAR, "b2", REQUIRED, replace=Replace.EQUAL)
    assert row is not None
    assert row.batch == "b2"


def test_kept_is_stored_as_text_and_read_back() -> None:
    """``field:source:grade`` separated by semicolons, in order of field."""
    kept = {
        "solar_radiation": Origin("open_meteo", Grade.MODELLED),
        "et0": Origin("siar/J17", Grade.OBSERVED),
    }
    assert format_kept(kept) == "et0:siar/J17:30;solar_radiation:open_meteo:10"
    assert parse_kept("et0:siar/J17:30;solar_radiation:open_meteo:10") == kept
    assert format_kept({}) is None
    assert parse_kept(None) == parse_kept("") == {}


@pytest.mark.parametrize("text", ["et0", "et0:siar", "et0:siar:high", "et0:siar:35"])
def test_kept_that_cannot_be_read_is_refused(text: str) -> None:
    """Never taken for a field that stays."""
    with pytest.raises(ValueError):  # noqa: PT011 - Python's own words
        parse_kept(text)


NAMES = ("temperature", "humidity", "pressure", "solar_radiation")
SOURCES = ("aemet/5279X", "siar/J17", "open_meteo")


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    """Readings whose values tell who gave them: the source's number and the grade."""
    number = draw(st.integers(0, 2))
    grade = draw(st.sampled_from(Grade))
    names = draw(st.sets(st.sampled_from(NAMES), min_size=1))
    return Reading(SLOT, dict.fromkeys(names, number * 100.0 + grade), grade, SOURCES[number])


histories = st.lists(st.tuples(readings(), st.sampled_from(Replace)), min_size=1, max_size=6)


def _after(history: list[tuple[Reading, Replace]]) -> list[Row]:
    """Return the row after each reading, one batch each."""
    rows: list[Row] = []
    for n, (new, how) in enumerate(history):
        before = rows[-1] if rows else None
        row = combine(before, new, f"b{n}", REQUIRED, replace=how) or before
        assert row is not None
        rows.append(row)
    return rows


def _required(row: Row) -> Mapping[str, Grade]:
    return {name: row.origin(name).grade for name in REQUIRED if name in row.values}


@thoroughly
@given(histories)
def test_no_row_claims_a_source_for_a_value_that_source_did_not_give(
    history: list[tuple[Reading, Replace]],
) -> None:
    """After any history each value bears the mark of the origin the row names for it."""
    row = _after(history)[-1]
    assert {
        name: SOURCES.index(origin.source) * 100.0 + origin.grade
        for name in row.values
        for origin in [row.origin(name)]
    } == row.values
    assert set(row.kept) <= set(row.values)
    own = Origin(row.source or "", row.grade)
    assert own not in row.kept.values()


@thoroughly
@given(histories)
def test_no_value_is_lost_and_no_grade_falls(history: list[tuple[Reading, Replace]]) -> None:
    """Neither a field's, nor, once every required field is there, the row's."""
    rows = _after(history)
    for before, after in pairwise(rows):
        assert all(before.origin(n).grade <= after.origin(n).grade for n in before.values)
        if set(REQUIRED) <= set(before.values):
            assert before.grade <= after.grade


@thoroughly
@given(histories)
def test_a_row_is_as_good_as_its_weakest_required_field(
    history: list[tuple[Reading, Replace]],
) -> None:
    """Complete means that every required field is at the target grade."""
    row = _after(history)[-1]
    found = _required(row)
    if found:
        assert row.grade == min(found.values())


@thoroughly
@given(history=histories, new=readings(), how=st.sampled_from(Replace))
def test_applying_a_reading_twice_is_applying_it_once(
    history: list[tuple[Reading, Replace]], new: Reading, how: Replace
) -> None:
    """The second time changes nothing in the same batch, and no value in a later one."""
    once = _after([*history, (new, how)])[-1]
    assert combine(once, new, once.batch or "", REQUIRED, replace=how) is None
    later = combine(once, new, "later", REQUIRED, replace=how) or once
    assert (later.values, later.grade, later.source, later.kept) == (
        once.values,
        once.grade,
        once.source,
        once.kept,
    )
