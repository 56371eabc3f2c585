"""What the page in a real Chromium says when something around it does not work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.webui.browser import chromium, drawn, look, opened, pixels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

    from tests.webui.served import Served

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one browser for all tests of this file."""
    with chromium() as running:
        yield running


def test_a_scheduler_that_is_gone_is_said_while_a_run_waits(
    browser: Browser, served: Served
) -> None:
    """Above the calendar, with its last heartbeat; nothing of it when no run waits."""
    call = served.airflow.api._call
    gone = {"status": "unhealthy", "latest_scheduler_heartbeat": "2025-11-20T17:02:11.5+00:00"}
    with opened(browser, served) as page:
        page.route("**/monitor/health", lambda route: route.fulfill(json={"scheduler": gone}))
        drawn(page)
        assert page.locator("#scheduler").is_hidden()
        call("PATCH", "dags/gap_detection", body={"is_paused": True})
        order = {"start_date": "2025-03-02", "end_date": "2025-03-02", "dry_run": True}
        run = served.airflow.api.trigger("gap_detection", order)
        try:
            look(page)
            page.wait_for_selector("#scheduler:visible")
            assert page.locator("#scheduler").inner_text() == (
                "The scheduler is not running (last heartbeat 2025-11-20 17:02:11Z): "
                "the run waits until it is started."
            )
            page.unroute("**/monitor/health")
            look(page)
            page.wait_for_selector("#scheduler", state="hidden")
        finally:
            call("PATCH", "dags/gap_detection", body={"is_paused": False})
            served.airflow.api.follow("gap_detection", run, timeout_s=120)


def test_a_failed_run_says_why(browser: Browser, served: Served) -> None:
    """In the list of runs, beside what it healed: the sentence of the source's error."""
    faults = served.showcase.sandbox.faults
    faults.replace({"api": "ree", "kind": "html"}, {"api": "esios", "kind": "html"})
    order = {"start_date": "2025-06-20", "end_date": "2025-06-20", "data_source": "series:pvpc"}
    try:
        run = served.airflow.api.trigger("gap_detection", order)
        served.airflow.api.follow("gap_detection", run, timeout_s=200)
    finally:
        faults.clear()
    with opened(browser, served) as page:
        drawn(page)
        said = page.locator("#runs tbody tr").first
        said.locator("p:has-text('it is a web page, not JSON')").wait_for()
        assert "0 slots healed" in said.inner_text()


def test_one_series_that_cannot_be_read_leaves_the_others_drawn(
    browser: Browser, served: Served
) -> None:
    """It is grey and unknown; the headline says one thing, whatever the summary answers."""
    with opened(browser, served) as page:
        drawn(page)
        page.evaluate(
            "new MutationObserver(() => (window.said ??= []).push(headline.textContent))"
            ".observe(headline, {childList: true})"
        )
        page.route("**/gaps/coverage?*", lambda route: route.fulfill(json=broken(route)))
        problem = {"detail": "weather_daily could not be read: timeout"}
        page.route("**/gaps/summary", lambda route: route.fulfill(status=503, json=problem))
        for _ in range(2):
            look(page)
            page.wait_for_selector("body[data-state=unknown]")
            page.wait_for_timeout(1500)
        said = set(page.evaluate("said"))
        assert len(said) == 1
        assert said.pop().startswith("Unknown: weather_daily cannot be read; elsewhere 5")
        assert "timeout" in page.locator("#alert").inner_text()
        assert "There is no recommendation now" in page.locator("#advice").inner_text()
        states = page.locator("canvas[data-state]").evaluate_all(
            "all => all.map((canvas) => [canvas.dataset.series, canvas.dataset.state])"
        )
        assert [name for name, state in states if state == "unknown"] == ["weather_daily"]
        assert page.locator("#gaps tbody tr").count() > 0
        found = pixels(page, "c", "x")
        assert min(found["c"], found["x"]) > 0


def broken(route: Route) -> dict[str, Any]:
    """Return the coverage with one series whose days are not even known to begin."""
    found: dict[str, Any] = route.fetch().json()
    row = next(row for row in found["series"] if row["series"] == "weather_daily")
    row |= {"first_day": None, "days": [], "slots": {}, "coverage": None, "newest": None}
    row["error"] = "timeout"
    found["gaps"] = [gap for gap in found["gaps"] if gap["series"] != "weather_daily"]
    error = "weather_daily could not be read: timeout"
    return found | {"state": "unknown", "errors": [error], "unread": ["weather_daily"]}


def test_a_store_that_hangs_is_asked_once_at_a_time(browser: Browser, served: Served) -> None:
    """However often the tab comes to the front; the server's sentence is what is shown."""
    asked: list[Route] = []
    with opened(browser, served) as page:
        drawn(page)
        page.route("**/gaps/coverage?*", lambda route: asked.extend([route]))
        for _ in range(4):
            look(page)
            page.wait_for_timeout(200)
        assert len(asked) == 1
        asked[0].fulfill(status=503, json={"detail": "The store does not answer within 15 s."})
        page.wait_for_selector("#alert:visible")
        assert page.locator("#alert").inner_text() == "The store does not answer within 15 s."
        page.unroute_all(behavior="ignoreErrors")


def test_the_form_gives_the_focus_back(browser: Browser, served: Served) -> None:
    """To the button that opened it, or to the one in its place since the lists were drawn anew."""
    with opened(browser, served) as page:
        drawn(page)
        page.locator("#gaps button").first.click()
        page.keyboard.press("Escape")
        assert focused(page).startswith("Heal ")
        page.locator("#gaps button").first.click()
        page.evaluate("gaps.innerHTML = gaps.innerHTML")
        page.keyboard.press("Escape")
        assert focused(page).startswith("Heal ")


def focused(page: Page) -> str:
    """Return the name of what has the focus."""
    page.wait_for_timeout(100)
    return str(page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.tagName"))


def test_the_form_counts_days_as_runs_do(browser: Browser, served: Served) -> None:
    """In Madrid: at 23:30 UTC it is tomorrow there."""
    with opened(browser, served) as page:
        page.route(
            "**/gaps/summary",
            lambda route: route.fulfill(
                json={
                    "now": "2025-11-20T23:30:00Z",
                    "recommendation": "1 gap is open.",
                    "strategy": {"path": "/gaps/backfill?days_back=2"},
                }
            ),
        )
        drawn(page)
        look(page)
        page.wait_for_selector("#advice:text-is('1 gap is open.')")
        page.locator("#heal-all:enabled").click()
        assert page.locator("[name=start_date]").input_value() == "2025-11-19"
        assert page.locator("[name=end_date]").input_value() == "2025-11-21"


_BANDS = (
    "all => Object.fromEntries(all.map((canvas) => [canvas.dataset.series, canvas.dataset.state]))"
)


def test_no_label_is_an_all_clear_where_no_source_has_a_slot(
    browser: Browser, served: Served
) -> None:
    """Nor the headline, nor the list of gaps."""
    with opened(browser, served) as page:
        drawn(page)
        page.route("**/gaps/coverage?*", lambda route: route.fulfill(json=unfillable(route)))
        look(page)
        page.wait_for_selector("body[data-state=ok]")
        assert page.locator("#headline").inner_text() == (
            "No gap that a source could fill; no source has 50 slots"
        )
        assert page.locator("canvas[data-series]").evaluate_all(_BANDS) == {
            "pvpc": "nothing missing",
            "weather_hourly": "nothing missing",
            "weather_daily": "50 that no source has",
        }
        assert page.locator("#gaps").inner_text() == "None that a source could fill."
        label = page.locator("canvas[data-series=weather_daily]").get_attribute("aria-label")
        assert str(label).startswith("weather_daily, 50 that no source has, ")


def unfillable(route: Route) -> dict[str, Any]:
    """Return the coverage with nothing missing but what no source has."""
    found: dict[str, Any] = route.fetch().json()
    for row in found["series"]:
        lost = row["slots"]["unfillable"]
        row |= {"causes": {"none": lost} if lost else {}, "needs": []}
        row["slots"]["missing"] = 0
    found["gaps"] = [gap for gap in found["gaps"] if gap["state"] == "unfillable"]
    found["slots"]["missing"] = 0
    found |= {"gaps_open": 0, "gaps_total": len(found["gaps"])}
    return found | {"gaps_by_cause": {"none": len(found["gaps"])}, "state": "ok"}


def test_gaps_are_listed_by_cause(browser: Browser, served: Served) -> None:
    """A key that is missing, a source that is down and a wait are no gaps to heal now."""
    with opened(browser, served) as page:
        drawn(page)
        page.route("**/gaps/coverage?*", lambda route: route.fulfill(json=caused(route)))
        look(page)
        page.wait_for_selector("#gaps h3:nth-of-type(4)")
        assert page.locator("#gaps h3").all_inner_texts() == [
            "Can be healed now",
            "Source down",
            "Need a source to be set up",
            "Waiting for a source",
        ]
        rows = page.locator("#gaps tbody tr").all_inner_texts()
        assert len(rows) == 4
        assert "source down, waits until 2025-11-21 10:00; humidity is missing" in rows[1]
        assert "needs aemet_default or siar_default" in rows[2]
        assert "waits until 2025-11-21 10:00" in rows[3]
        assert page.locator("#gaps button").count() == 3
        band = page.locator("canvas[data-series=weather_daily]").get_attribute("data-state")
        assert band == (
            "9 missing, 8 of them: needs aemet_default or siar_default, "
            "1 of them: source down, 50 that no source has"
        )


def test_an_hour_that_comes_twice_has_its_offset(browser: Browser, served: Served) -> None:
    """On the night of the change 02:00 to 02:00 is an hour, and not nothing."""

    def answer(route: Route) -> None:
        found: dict[str, Any] = route.fetch().json()
        first, second, third = found["gaps"][:3]
        first |= {"start": "2025-10-26T00:00:00Z", "end": "2025-10-26T01:00:00Z"}
        second |= {"start": "2025-10-26T01:00:00Z", "end": "2025-10-26T02:00:00Z"}
        third |= {"start": "2025-03-30T00:00:00Z", "end": "2025-03-30T02:00:00Z"}
        zoned = {"zone": "Europe/Madrid"}
        route.fulfill(json={**found, "gaps": [one | zoned for one in (first, second, third)]})

    with opened(browser, served) as page:
        drawn(page)
        page.route("**/gaps/coverage?*", answer)
        look(page)
        page.locator("#gaps .num", has_text="+01:00").first.wait_for()
        assert page.locator("#gaps tbody tr td:nth-of-type(2) .num").all_inner_texts() == [
            "2025-10-26 02:00 +02:00 – 02:00 +01:00",
            "2025-10-26 02:00 +01:00 – 03:00",
            "2025-03-30 01:00 – 04:00",
        ]


def caused(route: Route) -> dict[str, Any]:
    """Return the coverage with one gap of each cause."""
    found: dict[str, Any] = route.fetch().json()
    gaps = [gap for gap in found["gaps"] if gap["series"] == "weather_hourly"][:4]
    gaps[1] |= {"cause": "down", "waiting": "2025-11-21T09:00:00Z", "fields": ["humidity"]}
    gaps[2] |= {"cause": "setup", "needs": ["aemet_default", "siar_default"]}
    gaps[3] |= {"cause": "waiting", "waiting": "2025-11-21T09:00:00Z"}
    row = next(row for row in found["series"] if row["series"] == "weather_daily")
    row["slots"]["missing"] = 9
    row |= {"causes": {"setup": 8, "down": 1}, "needs": ["aemet_default", "siar_default"]}
    found |= {"gaps": gaps, "gaps_open": 4, "gaps_total": 4}
    return found | {"gaps_by_cause": dict.fromkeys(("askable", "down", "setup", "waiting"), 1)}
