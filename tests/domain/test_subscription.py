"""What a subscription has to do with: whose product, whose refusal, whose quota."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.subscription import (
    is_of_key,
    names_of,
    shares_fate,
    subscription,
    with_quota_of,
)
from tests.catalogs import frozen

if TYPE_CHECKING:
    from gapfill.domain.product import Product, Source

SOURCES = frozen().sources
OWM, AEMET, SIAR = SOURCES["openweathermap"], SOURCES["aemet"], SOURCES["siar"]
LINE, MACHINE = "openweathermap.timeline", "openweathermap.timemachine"
NOW = "openweathermap.current"


def _product(source: Source, name: str) -> Product:
    return next(p for p in source.products if p.name == name)


def test_only_what_is_sold_beside_the_key_needs_a_subscription() -> None:
    """As the catalogue says it by the extra that a product requires."""
    sold = {p.key: subscription(p) for source in SOURCES.values() for p in source.products}
    assert {key: name for key, name in sold.items() if name} == {
        LINE: "one_call",
        MACHINE: "one_call",
    }


def test_a_refusal_is_noted_of_the_subscription_or_of_the_source() -> None:
    """Both generations of One Call together; of any other product its whole source."""
    assert names_of(OWM, _product(OWM, "timeline")) == (LINE, MACHINE)
    assert names_of(OWM, _product(OWM, "current")) == ("openweathermap",)
    assert names_of(AEMET, _product(AEMET, "daily")) == ("aemet",)


@pytest.mark.parametrize(
    "name,other,is_shared",
    [
        ("timeline", LINE, True),
        ("timeline", MACHINE, True),
        ("timeline", NOW, False),
        ("current", LINE, False),
        ("current", NOW, True),
        ("current", "openweathermap.gone", True),
    ],
)
def test_an_outage_of_one_says_nothing_of_the_other(
    name: str, other: str, *, is_shared: bool
) -> None:
    """A product that the catalogue does not have any more counts for all."""
    assert shares_fate(OWM, _product(OWM, name), other) is is_shared
    assert shares_fate(AEMET, _product(AEMET, "daily"), "aemet.observations")


@pytest.mark.parametrize(
    "facts,offered",
    [
        ({}, ["current", "timeline"]),
        ({"calls_day": 1000.0}, ["current", "timeline"]),
        ({"one_call_generation": 4.0}, ["current", "timeline"]),
        ({"one_call_generation": 3.0}, ["current", "timemachine"]),
        ({"one_call_generation": 5.0}, ["current"]),
    ],
    ids=["not known", "other facts", "4.0", "3.0", "a later one"],
)
def test_one_generation_is_offered_at_a_time(facts: dict[str, float], offered: list[str]) -> None:
    """That of the key; until it is known, the preferred one, whose refusal finds it out."""
    assert [p.name for p in OWM.products if is_of_key(OWM, p, facts)] == offered
    assert all(is_of_key(SIAR, p, facts) for p in SIAR.products)


def test_a_catalogue_with_one_generation_alone_asks_for_that_one() -> None:
    """As one that was copied before the other one was known."""
    old = replace(OWM, products=tuple(p for p in OWM.products if p.name != "timeline"))
    assert [p.name for p in old.products if is_of_key(old, p, {})] == ["current", "timemachine"]
    bare = replace(_product(OWM, "timemachine"), params={"requires_extra": "one_call"})
    assert is_of_key(replace(OWM, products=(bare,)), bare, {"one_call_generation": 4.0})


def test_the_daily_quota_is_that_of_the_subscription() -> None:
    """The weather of now is not billed; a source that sells nothing has one quota for all."""
    assert with_quota_of(OWM, _product(OWM, "current")).per_day is None
    assert with_quota_of(OWM, _product(OWM, "timeline")).per_day == 1000
    assert with_quota_of(SIAR, _product(SIAR, "daily")).per_day == 1000
