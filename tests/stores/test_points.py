"""Tags in canonical form; whose points they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.stores.points import format_tags, is_own, parse_tags
from tests.builders import PVPC, WEATHER
from tests.domain.samples import thoroughly


@pytest.mark.parametrize(
    "tags, text",
    [
        ({"market": "pvpc", "geo": "8741"}, "geo=8741,market=pvpc"),
        ({}, ""),
        ({"a": ""}, "a="),
        ({"a": "1,b=2"}, "a=1\\,b\\=2"),
        ({"a": "c\\"}, "a=c\\\\"),
        ({"año": "x y\n"}, "año=x y\n"),
    ],
    ids=["sorted", "none", "empty value", "separators", "backslash", "other letters"],
)
def test_tags_have_one_canonical_text(tags: dict[str, str], text: str) -> None:
    """Sorted by key, with what parts them escaped; and back."""
    assert format_tags(tags) == text
    assert parse_tags(text) == tags


@thoroughly
@given(st.dictionaries(st.text("ab,=\\\n", min_size=1), st.text("ab,=\\\n")))
def test_tags_survive_their_text(tags: dict[str, str]) -> None:
    """Whatever characters they are made of."""
    assert parse_tags(format_tags(tags)) == tags


@pytest.mark.parametrize(
    "tags, own",
    [
        ({}, True),
        ({"market": "pvpc", "geo": "8741", "x": "y"}, True),
        ({"market": "PVPC"}, False),
        ({"market": ""}, False),
    ],
    ids=["none", "more", "another case", "an empty value"],
)
def test_points_are_own_unless_a_tag_contradicts(tags: dict[str, str], own: bool) -> None:  # noqa: FBT001 - what is expected
    """The same key with another value contradicts; a key less or more does not."""
    assert is_own(PVPC, tags) is own


@pytest.mark.parametrize("value, own", [("forecast", False), ("observation", True)])
def test_points_are_not_own_where_a_tag_is_excluded(value: str, own: bool) -> None:  # noqa: FBT001 - what is expected
    """Any other value of that key is fine."""
    assert is_own(WEATHER, {"place": "linares", "data_type": value}) is own
