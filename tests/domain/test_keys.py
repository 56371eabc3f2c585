"""Composite keys: as the stores have them, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.keys import AccountKey, BatchId, ProductKey, UnitId, command_of, run_of

SPAN = "20260328T0400Z-20260331T0700Z"
REE = ProductKey("ree", "pvpc")


@pytest.mark.parametrize(
    "text, key",
    [
        (
            f"cli__20260401T123400Z__1b90aab6/pvpc:ree.pvpc:{SPAN}",
            BatchId("cli__20260401T123400Z__1b90aab6", UnitId("pvpc", REE, None, SPAN)),
        ),
        (
            f"gap_detection/manual__2026-04-01T12:34:00+00:00/w:aemet.hourly@5281X:{SPAN}+rain+et0",
            BatchId(
                "gap_detection/manual__2026-04-01T12:34:00+00:00",
                UnitId("w", ProductKey("aemet", "hourly"), "5281X", SPAN, ("rain", "et0")),
            ),
        ),
        (
            f"a/b:c/w:s.p@M-7/4:1@x:{SPAN}",
            BatchId("a/b:c", UnitId("w", ProductKey("s", "p"), "M-7/4:1@x", SPAN)),
        ),
    ],
)
def test_a_batch_is_read_as_it_is_written(text: str, key: BatchId) -> None:
    """Runs of Airflow have any name, and so have stations."""
    assert str(key) == text
    assert BatchId.parse(text) == key
    assert run_of(text) == key.run


@pytest.mark.parametrize(
    "batch", ["import__20260401T123400Z__dbb1229a", "tidy__x", "", "a/b", "a:b"]
)
def test_a_batch_of_no_unit_is_its_own_run(batch: str) -> None:
    """An import, and what tidy has removed."""
    assert BatchId.parse(batch) is None
    assert run_of(batch) == batch


NAMES = st.text("abcxyz_019", min_size=1, max_size=8)


@given(
    st.text(min_size=1, max_size=30),
    NAMES,
    NAMES,
    st.none() | st.text("AZ09-. ", min_size=1, max_size=6),
    st.lists(NAMES, max_size=3).map(tuple),
)
def test_any_batch_comes_back_equal(
    run: str, series: str, source: str, station: str | None, added: tuple[str, ...]
) -> None:
    """Whatever its run is called."""
    unit = UnitId(series, ProductKey(source, "hourly"), station, SPAN, added)
    assert BatchId.parse(str(BatchId(run, unit))) == BatchId(run, unit)


def test_a_product_is_read_as_it_is_written() -> None:
    """A text without a product has an empty name."""
    assert str(REE) == "ree.pvpc"
    assert ProductKey.parse("ree.pvpc") == REE
    assert ProductKey.parse("ree") == ("ree", "")
    assert ProductKey.prefix("ree") == "ree."


def test_the_key_of_an_account_is_told_from_other_subjects() -> None:
    """A source, or a product at a station."""
    assert str(AccountKey("siar", "ab12")) == "siar#ab12"
    assert AccountKey.parse("siar#") == AccountKey("siar", "")
    assert AccountKey.parse("siar") is AccountKey.parse("siar.hourly@J17") is None


def test_the_command_of_a_batch_is_its_first_word() -> None:
    """It ends before the instant."""
    assert command_of("tidy__20260401T123400Z__dbb1229a") == "tidy"
    assert command_of("tidying") == "tidying"
