"""The page on a small phone, in a real Chromium with fingers only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.webui.browser import chromium, drawn, middle, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.webui.served import Served

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(240)]

SMALL: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
_OUT = """() => [...document.querySelectorAll("button, a, table.list td")]
  .filter((one) => one.offsetParent && !one.closest(".hours-body"))
  .filter((one) => one.getBoundingClientRect().right > 360.5)
  .map((one) => one.outerHTML.slice(0, 120))"""
_IN_SIGHT = """() => {
  const {top} = document.querySelector("#hours").getBoundingClientRect();
  const {bottom} = document.querySelector("table.hours").getBoundingClientRect();
  return top >= -1 && bottom <= innerHeight + 1;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one browser for all tests of this file."""
    with chromium() as running:
        yield running


def test_a_tap_tells_a_day(browser: Browser, served: Served) -> None:
    """Its numbers, gap and sources, in sight, with the hours."""
    with opened(browser, served, **SMALL) as page:
        drawn(page)
        band = page.locator("canvas[data-series=weather_hourly]")
        x, y = middle(page, "weather_hourly", "2025-11-17")
        band.tap(position={"x": x, "y": y})
        page.wait_for_selector("table.hours td")
        page.locator("#hours-told", has_text="openweathermap").wait_for()
        told = page.locator("#hours-told").inner_text().splitlines()
        assert told[0] == "weather_hourly · Mon, 17 Nov 2025"
        assert told[1] == "14 missing, 10 provisional"
        assert told[2].startswith("critical gap, 2025-11-17 10:00 – ")
        assert told[3] == "10 from openweathermap"
        page.wait_for_timeout(300)
        assert page.evaluate(_IN_SIGHT)


def test_nothing_is_cut_off(browser: Browser, served: Served) -> None:
    """Every button, link and cell of a list ends within the screen."""
    with opened(browser, served, **SMALL) as page:
        drawn(page)
        page.wait_for_selector("#gaps button")
        assert page.evaluate(_OUT) == []
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 360
        assert page.evaluate("gaps.firstChild.scrollWidth <= gaps.firstChild.clientWidth")
