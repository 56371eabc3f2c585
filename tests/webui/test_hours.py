"""The hours of a few days in a real Chromium: each slot stands under its own local hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.webui.browser import chromium, click, drawn, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.webui.served import Served

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(240)]

_TABLE = """() => {
  const heads = [...document.querySelectorAll("table.hours thead th")].slice(1);
  let name = "";
  const names = heads.map((head) => (name = head.textContent || name));
  return [...document.querySelectorAll("table.hours tbody tr")].map((row) => {
    let column = 0;
    const slots = [];
    for (const cell of row.querySelectorAll("td")) {
      if (cell.title) slots.push([names[column], cell.title]);
      column += cell.colSpan;
    }
    return [row.querySelector("th").textContent.replace("▸ ", ""), column, slots];
  });
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one browser for all tests of this file."""
    with chromium() as running:
        yield running


def hours(page: Page) -> dict[str, list[list[str]]]:
    """Return each day's slots: the heading above, and what is said of the slot."""
    page.wait_for_selector("table.hours td")
    rows = page.evaluate(_TABLE)
    assert len({width for _, width, _ in rows}) == 1
    return {day: slots for day, _, slots in rows}


@pytest.mark.parametrize(
    "day, count, at_two",
    [
        ("2024-03-30", 24, ["2024-03-30 02:00"]),
        ("2024-03-31", 23, []),
        ("2024-10-26", 24, ["2024-10-26 02:00"]),
        ("2024-10-27", 25, ["2024-10-27 02:00", "2024-10-27 02:00 again"]),
    ],
)
def test_a_slot_stands_under_its_local_hour(
    browser: Browser, served: Served, day: str, count: int, at_two: list[str]
) -> None:
    """On days of 23, 24 and 25 hours; the second hour 02 has a column of its own."""
    with opened(browser, served) as page:
        drawn(page)
        click(page, "pvpc", day)
        slots = hours(page)[day]
        assert len(slots) == count
        assert [told.split(",")[0] for head, told in slots if head[:2] == "02"] == at_two
        for head, told in slots:
            at = told.split(",")[0]
            assert head == at[11:13] + (" again" if at.endswith("again") else "")
        page.locator("table.hours td[tabindex='0']").focus()
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.matches('td[data-slot]')")


@pytest.mark.parametrize("are_disjoint", [True, False])
def test_a_step_that_changes_draws_no_slot_twice(
    browser: Browser, served: Served, *, are_disjoint: bool
) -> None:
    """Hours until 2025-10-01, quarters since; a gap of two hours then is eight slots long."""
    with opened(browser, served) as page:
        drawn(page)
        page.route("**/gaps/coverage/slots*", lambda route: route.fulfill(json=eras(are_disjoint)))
        click(page, "pvpc", "2025-10-01")
        found = hours(page)
        assert list(found) == ["2025-09-30", "2025-10-01", "2025-10-02"]
        assert [len(slots) for slots in found.values()] == [24, 96, 96]
        missing = [told for slots in found.values() for _, told in slots if "missing" in told]
        assert [told[:16] for told in missing] == [
            f"2025-10-01 {hour}:{minute}"
            for hour in (12, 13)
            for minute in ("00", "15", "30", "45")
        ]
        assert all(head == told[11:13] for slots in found.values() for head, told in slots)


def eras(are_disjoint: bool) -> dict[str, Any]:  # noqa: FBT001 - one of two shapes
    """Return the slots of three days, the first of hours and two of quarters."""
    first, second, gap = 1759183200, 1759269600, 1759312800
    whole = [
        [first, 24 + 192, "c"],
        [gap, 8, "m"],
    ]
    parts = [[first, 24, "c"], [second, 48, "c"], [gap, 8, "m"], [gap + 7200, 136, "c"]]
    return {
        "series": "pvpc",
        "now": "2025-11-20T17:30:00Z",
        "zone": "Europe/Madrid",
        "field": "price_eur_mwh",
        "unit": "EUR/MWh",
        "runs": parts if are_disjoint else whole,
        "eras": [[first, 3600], [second, 900]],
        "step": 3600,
        "sources": [],
        "readings": [],
    }


def test_an_hour_of_several_sources_names_the_source_of_each_value(
    browser: Browser, served: Served
) -> None:
    """And an hour without a required field says which one is missing."""
    with opened(browser, served) as page:
        drawn(page)
        page.route("**/gaps/coverage/slots*", lambda route: route.fulfill(json=merged()))
        click(page, "weather_hourly", "2025-11-12")
        titles = [told for _, told in hours(page)["2025-11-12"]]
        assert titles[:4] == [
            "2025-11-12 00:00, missing, humidity is missing, 12.5 °C, from aemet/5279X",
            "2025-11-12 01:00, modelled, 13 °C, from aemet/5279X, humidity from open_meteo",
            "2025-11-12 02:00, missing, temperature is missing, humidity from open_meteo",
            "2025-11-12 03:00, missing",
        ]


def merged() -> dict[str, Any]:
    """Return the slots of a day whose first hours are merged from two sources."""
    first = 1762902000  # 2025-11-11 23:00 UTC
    return {
        "series": "weather_hourly",
        "now": "2025-11-20T17:30:00Z",
        "zone": "Europe/Madrid",
        "field": "temperature",
        "unit": "°C",
        "runs": [
            [first, 1, "m"],
            [first + 3600, 1, "d"],
            [first + 7200, 2, "m"],
            [first + 14400, 20, "c"],
        ],
        "eras": [[first, 3600]],
        "step": 3600,
        "sources": ["aemet/5279X", "open_meteo"],
        "readings": [[first, 0, 12.5], [first + 3600, 0, 13], [first + 7200, 1, None]],
        "others": [[first + 3600, "humidity", 1], [first + 7200, "humidity", 1]],
        "partial": [[first, 1, "humidity is missing"], [first + 7200, 1, "temperature is missing"]],
    }
