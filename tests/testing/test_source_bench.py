"""What the contract says of a source that it cannot find."""

from __future__ import annotations

import pytest

from gapfill.testing.source_bench import facts_of
from gapfill.testing.source_contract import SourceContract
from tests.catalogs import FROZEN

pytestmark = pytest.mark.airflow


def test_a_source_that_is_not_installed_is_named_with_the_next_step() -> None:
    """It is the first thing that goes wrong for a newcomer."""
    with pytest.raises(AssertionError) as caught:
        facts_of("nobody", FROZEN)
    assert str(caught.value) == (
        "There is no source 'nobody': put its package into gapfill/sources, or name it in an "
        "entry point of the group gapfill.sources, and install it."
    )


def test_a_product_that_is_not_in_the_facts_is_named() -> None:
    """As it is written in the test class."""

    class Wrong(SourceContract):
        source, product = "ree", "hourly"
        start, end, now = "2025-11-03T00:00Z", "2025-11-04T00:00Z", "2025-11-20T12:00Z"

    with pytest.raises(AssertionError, match=r"source.yaml of ree has no product 'hourly'\."):
        Wrong().ask()


def test_a_source_need_not_be_in_a_route() -> None:
    """A third party tests it before anybody names it."""
    series, source = facts_of("open_meteo", FROZEN)
    assert source.products[0].key == "open_meteo.forecast"
    assert series["weather_hourly"].required == ("temperature", "humidity")
