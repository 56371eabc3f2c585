"""The page in a real browser: opening it as somebody, and reading what is drawn."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.webui.served import Served

CHROMIUM = Path("/usr/bin/chromium")
MONDAY = date(2024, 1, 1)
"""The first day of the showcase, which begins the first column."""

_PIXELS = """(names) => {
  const style = getComputedStyle(document.documentElement);
  const probe = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const wanted = Object.fromEntries(names.map((name) => {
    probe.fillStyle = style.getPropertyValue(`--${name}`).trim();
    probe.fillRect(0, 0, 1, 1);
    return [name, [...probe.getImageData(0, 0, 1, 1).data].join()];
  }));
  const found = Object.fromEntries(names.map((name) => [name, 0]));
  for (const canvas of document.querySelectorAll("canvas[data-series]")) {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4) {
      const pixel = data.subarray(i, i + 4).join();
      for (const name of names) if (pixel === wanted[name]) found[name] += 1;
    }
  }
  return found;
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser, or skip where there is none."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium is installed at /usr/bin/chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@contextmanager
def opened(
    browser: Browser,
    served: Served,
    path: str = "/gaps/",
    *,
    user: str | None = "otto",
    refused: int = 503,
    **context: Any,  # noqa: ANN401 - what the browser is to be like
) -> Iterator[Page]:
    """Open the page as somebody, or nobody; an error on its console fails the test.

    Refusals of the one status that the test asks for are none: the browser logs them.
    """
    told: list[str] = []
    place = browser.new_context(timezone_id="Europe/Madrid", **context)
    if user:
        url, token = served.airflow.url, served.token(user)
        place.add_cookies([{"name": "_token", "value": token, "url": url}])
    place.set_default_timeout(300_000)
    page = place.new_page()
    page.on("console", lambda said: told.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(f"{served.airflow.url}{path}")
    yield page
    place.close()
    assert [line for line in told if f"status of {refused}" not in line] == []


def drawn(page: Page) -> Page:
    """Wait until the calendar is drawn."""
    page.wait_for_selector("#calendar[data-drawn]")
    page.wait_for_selector("body[data-state]")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page


def middle(page: Page, series: str, day: str) -> tuple[float, float]:
    """Return where in a series' band a day lies."""
    box = page.locator(f"canvas[data-series={series}]").bounding_box()
    assert box is not None
    size = box["height"] / 7
    column, row = divmod((date.fromisoformat(day) - MONDAY).days, 7)
    return (column + 0.4) * size, (row + 0.4) * size


def click(page: Page, series: str, day: str) -> None:
    """Click a day."""
    x, y = middle(page, series, day)
    page.locator(f"canvas[data-series={series}]").click(position={"x": x, "y": y})


def hover(page: Page, series: str, day: str) -> str:
    """Point at a day, and return what floats beside it, its sources too."""
    x, y = middle(page, series, day)
    band = page.locator(f"canvas[data-series={series}]")
    told = page.locator("#tip[data-sources=shown]:visible")
    for step in range(10):  # scrolling into view hides what floats, as it does for people
        band.hover(position={"x": x + step % 2, "y": y})
        page.wait_for_timeout(600)
        if told.count():
            break
    return told.inner_text()


def pixels(page: Page, *letters: str) -> dict[str, int]:
    """Return how many pixels of all bands have the colour of each state."""
    found: dict[str, int] = page.evaluate(_PIXELS, list(letters))
    return found


def look(page: Page) -> None:
    """Let the page look at once, as when its tab comes to the front."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
