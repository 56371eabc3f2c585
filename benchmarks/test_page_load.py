"""The page over ten years of twenty series: what it weighs, and how soon Chromium has drawn it."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import pytest
import requests

from benchmarks import decade
from benchmarks.conftest import Ratio
from tests.plugins import imports
from tests.webui.browser import chromium
from tools.local_airflow import USER, LocalAirflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

PAGE, BARE = "/gaps/", "/gaps/docs"
"""The page, and one behind the same login, with the same style, that shows some text."""
TIMES = 5
BYTES, LONG_MS = 300_000, 200

_WATCH = """
window.longest = 0;
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) longest = Math.max(longest, task.duration);
}).observe({type: "longtask", buffered: true});
new MutationObserver(() => {
  if (document.querySelector("#calendar[data-drawn]")) window.drawn ??= performance.now();
}).observe(document, {subtree: true, childList: true, attributes: true});
"""
_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    """Run an Airflow around ten years of twenty series."""
    folder = tmp_path_factory.mktemp("bench-page")
    with LocalAirflow(folder / "airflow", decade.plant(folder)) as running:
        yield running.start(dags=["gap_detection"])


@pytest.fixture(scope="module")
def token(airflow: LocalAirflow) -> str:
    """Return what Airflow's login gives."""
    body = {"username": USER, "password": airflow.password}
    reply = requests.post(f"{airflow.url}/auth/token", json=body, timeout=60)
    return str(reply.json()["access_token"])


def test_what_the_calendar_weighs(
    airflow: LocalAirflow, token: str, ratio: Callable[[Ratio], None]
) -> None:
    """As it travels, compressed, with 724 gaps in each series."""
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    url = f"{airflow.url}/gaps/coverage"
    with requests.get(url, headers=headers, timeout=120, stream=True) as reply:
        assert reply.status_code == 200
        assert reply.headers["Content-Encoding"] == "gzip"
        size = len(reply.raw.read(decode_content=False))
    told = requests.get(url, headers=headers, timeout=120).json()
    assert [series["slots"]["missing"] > 5000 for series in told["series"]] == [True] * 20
    assert told["gaps_total"] == 20 * (724 + 1)  # and tomorrow, which is due already
    what = "`/gaps/coverage` of ten years × 20 series, compressed ÷ 300 kB"
    ratio(Ratio(what, size / BYTES, 1.0, at_least=False))


def test_how_soon_it_is_drawn(
    airflow: LocalAirflow, token: str, ratio: Callable[[Ratio], None]
) -> None:
    """From the first byte asked for to the last cell; in turn with a bare page, cold each time."""
    with chromium() as browser:
        for path in (PAGE, BARE):
            _open(browser, airflow, token, path)
        pairs = [
            (_open(browser, airflow, token, PAGE), _open(browser, airflow, token, BARE))
            for _ in range(TIMES)
        ]
    drawn = median(page[0] for page, _ in pairs)
    bare = median(page[0] for _, page in pairs)
    what = "ten years × 20 series in Chromium: calendar drawn ÷ a bare page loaded"
    ratio(Ratio(what, drawn / bare))
    # Others may use the machine too: what the page itself does is in the least of them.
    longest = min(page[1] for page, _ in pairs)
    ratio(Ratio("the same: longest task ÷ 200 ms", longest / LONG_MS, 1.0, at_least=False))


def _open(browser: Browser, airflow: LocalAirflow, token: str, path: str) -> tuple[float, float]:
    """Return the milliseconds until a page is there, and those of its longest task."""
    place = browser.new_context(viewport={"width": 1440, "height": 1000})
    place.add_cookies([{"name": "_token", "value": token, "url": airflow.url}])
    page = place.new_page()
    page.add_init_script(_WATCH)
    page.goto(f"{airflow.url}{path}")
    if path == PAGE:
        page.wait_for_selector("#calendar[data-drawn]", timeout=60_000)
        page.wait_for_timeout(300)
    at, longest = page.evaluate(f"[{'drawn' if path == PAGE else _LOADED}, longest]")
    place.close()
    return at, longest


def test_what_every_task_pays_for_the_plugin(ratio: Callable[[Ratio], None]) -> None:
    """By ``-X importtime``: the plugin base, the listener's marker, the standard library."""
    what = "modules that the plugin imports besides its base and the standard library"
    ratio(Ratio(what, len(imports.beyond_the_base()), 0, at_least=False))
