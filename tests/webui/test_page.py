"""The page in a real Chromium, on a real Airflow: what it draws, and how a hole is healed by it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.reading import Row
from gapfill.domain.series import Grade
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import frozen
from tests.time_limit import patient
from tests.webui.browser import chromium, click, drawn, hover, look, middle, opened, pixels
from tools.showcase import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Route

    from tests.webui.served import Served

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(240)]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
HOUR = timedelta(hours=1)
MARKUP = "<img src=x onerror=alert(1)>"


_NAMES = "all => all.map((canvas) => canvas.dataset.series)"
_FIELDS = "['start_date', 'end_date', 'data_source'].map((name) => form.elements[name].value)"
_AT_END = "scroller.scrollLeft + scroller.clientWidth >= scroller.scrollWidth - 1"
_WATCH = """() => {
  window.stalls = [];
  const take = (list) => stalls.push(...list.getEntries().map((entry) => entry.duration));
  new PerformanceObserver(take).observe({type: "longtask"});
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one browser for all tests of this file."""
    with chromium() as running:
        yield running


def test_every_series_is_drawn_with_its_holes(browser: Browser, served: Served) -> None:
    """In the colours of its states, under a headline that counts."""
    with opened(browser, served) as page:
        drawn(page)
        assert page.locator("#headline").inner_text() == "577 slots are missing in 18 gaps"
        names = page.locator("canvas[data-series]").evaluate_all(_NAMES)
        assert names == ["pvpc", "weather_hourly", "weather_daily"]
        found = pixels(page, "c", "m", "d", "o", "x")
        assert found["c"] > 10 * found["m"] > 0
        assert min(found["d"], found["o"]) > 0
        assert found["x"] == 0
        assert page.locator("#gaps tbody tr").count() == 18
        assert "2024-01-01 – 2024-02-19" in page.locator("#unfillable").inner_text()


def test_pointing_at_a_day_tells_its_numbers(browser: Browser, served: Served) -> None:
    """The gap it lies in, and where its readings are from."""
    with opened(browser, served) as page:
        drawn(page)
        missing = hover(page, "pvpc", "2025-02-12").splitlines()
        assert missing[:2] == ["pvpc · Wed, 12 Feb 2025", "24 missing"]
        assert missing[2] == "critical gap, 2025-02-12 00:00 – 2025-02-13 00:00"
        mixed = hover(page, "weather_hourly", "2025-10-02")
        assert mixed.splitlines()[1:] == [
            "8 provisional, 16 complete",
            "16 from siar/J17, 8 from openweathermap",
        ]


def test_a_source_that_is_markup_stays_text(browser: Browser, served: Served) -> None:
    """In what floats, and in the hours."""
    pvpc = frozen().series["pvpc"]
    slot = datetime(2025, 5, 5, 10, tzinfo=UTC)
    store = SqliteStore(served.showcase.store_file)
    store.import_rows(
        pvpc, [Row(slot, {"price_eur_mwh": 1.0}, Grade.OFFICIAL, MARKUP, "test/markup")]
    )
    store.close()
    with opened(browser, served) as page:
        drawn(page)
        assert MARKUP in hover(page, "pvpc", "2025-05-05")
        click(page, "pvpc", "2025-05-05")
        page.wait_for_selector("table.hours td")
        page.locator("table.hours td[title*=onerror]").click()
        page.wait_for_selector("#explain li")
        assert MARKUP in page.locator("#explain").inner_text()
        assert page.locator("img").count() == 0


def test_what_is_stored_and_does_not_count_is_said(browser: Browser, served: Served) -> None:
    """As ``status`` says it, below the calendar, and it goes when it is put right."""
    where = "tags = 'place=linares' AND slot = ?"
    at = int(datetime(2025, 5, 5, 10, tzinfo=UTC).timestamp())
    later = int(datetime(2035, 1, 1, tzinfo=UTC).timestamp())

    def write(statement: str, *said: object) -> None:
        with closing(sqlite3.connect(served.showcase.store_file)) as connection, connection:
            connection.execute(statement, said)

    write(f"UPDATE weather_data SET wind_speed = ? WHERE {where}", MARKUP, at)  # noqa: S608 - its own words
    write("INSERT INTO weather_data (tags, slot, pressure) VALUES ('place=linares', ?, 950)", later)
    with opened(browser, served) as page:
        drawn(page)
        page.wait_for_selector("#warnings li:has-text('out of bounds')")
        said = page.locator("#warnings li").all_inner_texts()
        assert said[0] == (
            "weather_hourly: 1 value out of bounds (not a number), the first wind_speed "
            f"'{MARKUP}' at 2025-05-05T10:00:00Z (bounds: 0 to 100 m/s); it does not count as a "
            "reading."
        )
        assert said[1] == (
            "weather_hourly: 1 point lies after the last expected slot, the newest "
            "2035-01-01T00:00:00Z; check the clock of the program that writes there."
        )
        assert page.locator("img").count() == 0
        write(f"UPDATE weather_data SET wind_speed = NULL WHERE {where}", at)  # noqa: S608 - likewise
        write(f"DELETE FROM weather_data WHERE {where}", later)  # noqa: S608 - likewise
        page.locator("#warnings li", has_text="out of bounds").wait_for(state="detached")
        assert "lies after" not in page.locator("#warnings").inner_text()


def test_each_source_is_shown_with_its_state(browser: Browser, served: Served) -> None:
    """A gap that only failing sources could fill names them, from the next look on."""
    failed = LedgerEntry(
        "pvpc",
        "ree.pvpc",
        None,
        Interval(NOW - 2 * HOUR, NOW - HOUR),
        Outcome.UNREACHED,
        NOW - HOUR,
        f"connection refused {MARKUP}",
        "test/sources",
    )
    store = SqliteStore(served.showcase.store_file)
    with opened(browser, served) as page:
        drawn(page)
        page.wait_for_selector("#sources li[data-state=not_asked]")
        names = page.locator("#sources li b").all_inner_texts()
        assert {"REE apidatos", "ESIOS", "AEMET OpenData"} <= set(names)
        store.append_ledger([failed, replace(failed, product="esios.1001")])
        store.close()
        page.wait_for_selector("#sources li[data-state=down]")
        said = page.locator("#sources li[data-state=down]").first.inner_text()
        assert "since 2025-11-20 17:30: connection refused" in said
        assert page.locator("img").count() == 0
        page.wait_for_selector("#gaps td:has-text('REE apidatos down since 2025-11-20 17:30')")


def test_keys_do_what_the_mouse_does(browser: Browser, served: Served) -> None:
    """Go to the next gap, pick two days, and the form has both; what is there is spoken."""
    with opened(browser, served) as page:
        drawn(page)
        page.locator("canvas[data-series=weather_hourly]").focus()
        for key in ("Home", "g"):
            page.keyboard.press(key)
        spoken = page.locator("#spoken").inner_text()
        assert spoken == "Fri, 3 May 2024: 12 missing, 12 complete"
        for key in ("Enter", "ArrowDown", "Enter"):
            page.keyboard.press(key)
        page.wait_for_selector("dialog[open]")
        values = page.evaluate(_FIELDS)
        assert values == ["2024-05-03", "2024-05-04", "series:weather_hourly"]
        page.keyboard.press("Escape")
        assert page.locator("dialog[open]").count() == 0


def test_a_hole_is_healed_from_the_page(browser: Browser, served: Served) -> None:
    """Two clicks, the bill, the run, and the day turns; a wrong range is refused in a sentence."""
    with opened(browser, served, refused=400) as page:
        drawn(page)
        before = pixels(page, "m")["m"]
        click(page, "pvpc", "2025-02-12")
        page.wait_for_selector("table.hours td.s-m")
        click(page, "pvpc", "2025-02-12")
        page.wait_for_selector("dialog[open]")
        page.locator("input[name=start_date]").fill("2025-02-14")
        page.locator("#dry").click()
        page.wait_for_selector("#bill .wrong")
        assert "is before start_date" in page.locator("#bill").inner_text()
        page.locator("input[name=start_date]").fill("2025-02-12")
        page.locator("#dry").click()
        page.wait_for_selector("#start:visible")
        bill = page.locator("#bill").inner_text()
        assert "24 slots with 1 call" in bill
        assert "pvpc 2025-02-12 00:00 – 2025-02-13 00:00: 24 slots from ree" in bill
        page.locator("#start").click()
        page.wait_for_selector("[data-run=success]", timeout=1_200_000)
        assert "Done: 24 slots healed, 1 call" in page.locator("#bill").inner_text()
        page.wait_for_selector("canvas[data-series=pvpc][data-state='362 missing']")
        page.locator("#dialog-close").click()
        assert 0 < pixels(page, "m")["m"] < before
        assert "24 complete" in hover(page, "pvpc", "2025-02-12")
        assert "24 slots healed, 1 call" in page.locator("#runs").inner_text()
    pvpc = frozen().series["pvpc"]
    store = SqliteStore(served.showcase.store_file)
    day = Interval(datetime(2025, 2, 11, 23, tzinfo=UTC), datetime(2025, 2, 12, 23, tzinfo=UTC))
    healed = store.read(pvpc, day)
    store.close()
    assert [row.source for row in healed] == ["ree"] * 24


def test_a_viewer_is_told_that_runs_are_not_theirs(browser: Browser, served: Served) -> None:
    """By the name of the permission, before a click and in the form; the bill is theirs."""
    with opened(browser, served, user="vera") as page:
        drawn(page)
        assert "permission to trigger gap_detection" in page.locator("#rights").inner_text()
        page.locator("#gaps button").first.click()
        assert page.locator("#may-not").inner_text().startswith("You may see the bill, but not")
        page.locator("#dry").click()
        page.wait_for_selector("#start:visible")
        assert "slots with" in page.locator("#bill").inner_text()
        assert page.locator("#start").is_disabled()
    with opened(browser, served) as page:
        drawn(page)
        assert page.locator("#rights").is_hidden()


def test_a_right_that_is_gone_meanwhile_is_named(browser: Browser, served: Served) -> None:
    """Airflow says no more than "Forbidden"."""
    with opened(browser, served, user="vera", refused=403) as page:
        page.evaluate("document.body.dataset.mayStart = 'yes'")
        drawn(page)
        page.locator("#gaps button").first.click()
        page.locator("#dry").click()
        page.locator("#start").click()
        page.wait_for_selector("#bill .wrong")
        told = page.locator("#bill .wrong").inner_text()
        assert told.startswith("This needs the permission to trigger gap_detection")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_people_with_disabilities_are_kept_from_nothing(
    browser: Browser, served: Served, scheme: str
) -> None:
    """As far as axe can tell: the page, the hours and the form, in both themes."""
    from axe_playwright_python.sync_playwright import Axe

    with opened(browser, served, color_scheme=scheme) as page:
        drawn(page)
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        assert serious(Axe().run(page)) == []
        click(page, "weather_hourly", "2025-11-17")
        page.wait_for_selector("table.hours td.s-m")
        page.locator("table.hours td.s-m").first.click()
        page.wait_for_selector("#explain li")
        assert serious(Axe().run(page)) == []
        page.locator("#hours-heal").click()
        page.locator("#dry").click()
        page.wait_for_selector("#start:visible")
        assert serious(Axe().run(page)) == []


def serious(results: Any) -> list[str]:  # noqa: ANN401 - axe's answer
    """Return what axe calls serious or critical."""
    return [
        f"{found['id']}: {found['nodes'][0]['html']}"
        for found in results.response["violations"]
        if found["impact"] in ("serious", "critical")
    ]


def test_a_phone_scrolls_only_the_calendar_sideways(browser: Browser, served: Served) -> None:
    """The newest days are in sight; a tap tells a day."""
    with opened(browser, served, **PHONE) as page:
        drawn(page)
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
        assert page.evaluate(_AT_END)
        heal = page.locator("#gaps button").first.bounding_box()
        assert heal is not None
        assert heal["x"] + heal["width"] <= 390
        x, y = middle(page, "pvpc", "2025-11-18")
        page.locator("canvas[data-series=pvpc]").tap(position={"x": x, "y": y})
        page.wait_for_selector("#hours-told:visible")
        told = page.locator("#hours-told").inner_text()
        assert told.startswith("pvpc · Tue, 18 Nov 2025\n24 missing")
        click(page, "weather_daily", "2025-11-15")
        page.wait_for_selector("table.hours td")
        assert page.locator("#hours-title").inner_text() == "weather_daily, 2025-11-15"
        page.locator("#hours-heal").click()
        assert page.evaluate("dialog.scrollWidth <= dialog.clientWidth")


@pytest.mark.parametrize("path", ["/plugin/gaps", "/dags/gap_detection/plugin/dag-gaps"])
def test_it_works_in_airflows_frame(browser: Browser, served: Served, path: str) -> None:
    """In the menu and beside the DAG, dark where Airflow is dark, with a form and a link out."""
    with opened(browser, served, path, color_scheme="dark") as page:
        frame = page.frame_locator("iframe")
        frame.locator("body[data-state=gaps]").wait_for(timeout=300_000)
        assert frame.locator("html").get_attribute("data-theme") == "dark"
        frame.locator("#gaps button").first.click()
        frame.locator("dialog[open] #dry").click()
        frame.locator("#start:visible").wait_for()


def test_a_link_leads_out_of_the_frame(browser: Browser, served: Served) -> None:
    """To the run in Airflow, although a frame may not go there by itself."""
    order = {"start_date": "2025-03-01", "end_date": "2025-03-01", "dry_run": True}
    run = served.airflow.api.trigger("gap_detection", order)
    with opened(browser, served, "/plugin/gaps") as page:
        link = page.frame_locator("iframe").locator("#runs a").first
        link.wait_for(timeout=300_000)
        link.click()
        page.wait_for_url("**/dags/gap_detection/runs/manual__*")
        assert unquote(page.url).split("/runs/")[1].startswith(run)
    served.airflow.api.follow("gap_detection", run, timeout_s=1200)


def test_who_is_not_logged_in_is_led_to_the_login_and_back(
    browser: Browser, served: Served
) -> None:
    """Whoever opens the page by its bookmark; a program gets a problem, see the roles."""
    with opened(browser, served, user=None, refused=401) as page:
        page.get_by_role("link", name="Log in to Airflow").click()
        page.wait_for_url("**/auth/login?next=*")
        page.locator("input[name=username]").fill("otto")
        page.locator("input[name=password]").fill("otto-password")
        page.keyboard.press("Enter")
        frame = page.frame_locator("iframe")
        frame.locator("body[data-state=gaps]").wait_for(timeout=300_000)


def test_a_login_that_has_ended_is_said(browser: Browser, served: Served) -> None:
    """What was seen before is not shown as if it still held."""
    with opened(browser, served, refused=401) as page:
        drawn(page)
        page.context.clear_cookies()
        look(page)
        page.wait_for_selector("body[data-state=unknown]")
        told = "Your login has ended: log in to Airflow again. Log in"
        assert page.locator("#alert").inner_text() == told
        assert page.locator("#gaps").inner_text() == "Unknown: you are signed out."
        page.wait_for_timeout(300)
        assert pixels(page, "c")["c"] == 0
        page.locator("#alert a").click()
        page.wait_for_url("**/auth/**login**next=**")


def test_ten_years_of_twenty_series_are_drawn_without_a_stall(
    browser: Browser, served: Served
) -> None:
    """No task over 200 ms, also zooming; others may use the machine too."""
    worst: list[float] = []
    most = patient(200)
    while len(worst) < 3 and min(worst, default=most) >= most:
        with opened(browser, served) as page:
            drawn(page)
            page.evaluate(_WATCH)
            page.route("**/gaps/coverage?*", lambda route: route.fulfill(json=decade()))
            look(page)
            page.wait_for_selector("canvas[data-series=series_19][data-state]")
            page.wait_for_timeout(300)
            for button in ("#larger", "#larger", "#smaller", "#smaller", "#smaller"):
                page.locator(button).click()
                page.wait_for_timeout(300)
            worst.append(max(page.evaluate("stalls"), default=0))
            page.goto("about:blank")
    assert min(worst) < most


def test_many_series_are_searched_and_paged(browser: Browser, served: Served) -> None:
    """Fifty at a time, and by a part of the name; the headline counts all of them."""

    def serve(route: Route) -> None:
        asked = parse_qs(urlsplit(route.request.url).query)
        offset, (text,) = int(asked.get("offset", ["0"])[0]), asked.get("search", [""])
        route.fulfill(json=decade(120, text, offset, int(asked["limit"][0])))

    with opened(browser, served) as page:
        drawn(page)
        assert page.locator("#filter").is_hidden()
        page.route("**/gaps/coverage?*", serve)
        look(page)
        page.wait_for_selector("#filter:not([hidden])")
        assert page.locator("canvas[data-series]").count() == 50
        assert page.locator("#shown").inner_text() == "1 to 50 of 120"
        assert page.locator("#headline").inner_text() == "1,021,440 slots are missing in 0 gaps"
        assert page.locator("#group option").all_inner_texts() == [
            "all: 120 series",
            "ree: 120 series, 7 incomplete",
        ]
        page.locator("#next").click()
        page.wait_for_selector("canvas[data-series=series_50]")
        page.locator("#next").click()
        page.wait_for_selector("canvas[data-series=series_119]")
        assert page.locator("#shown").inner_text() == "101 to 120 of 120"
        assert page.locator("#next").is_disabled()
        page.locator("#search").fill("es_11")
        page.wait_for_selector("canvas[data-series=series_11]")
        assert page.locator("canvas[data-series]").count() == 11
        assert page.locator("#shown").inner_text() == "1 to 11 of 11"
        page.locator("#search").fill("nothing")
        page.get_by_text("No series matches.").wait_for()
        assert page.locator("canvas[data-series]").count() == 0
        page.goto("about:blank")


def decade(number: int = 20, text: str = "", offset: int = 0, limit: int = 50) -> dict[str, Any]:
    """Return the server's answer for ten years of some series with many holes."""
    days = [[3, "24c"], [1, "20c4m"], [1, "24m"], [5, "24c"], [1, "3c21p"], [1, "24u"]] * 304
    row = {
        "group": "ree",
        "resolution": "PT1H",
        "zone": "Europe/Madrid",
        "first_day": "2016-01-01",
        "newest": None,
        "coverage": 0.9,
        "usable": 0.9,
        "slots": {"missing": 8512},
        "days": days,
        "error": None,
    }
    found = [name for n in range(number) if text in (name := f"series_{n}")]
    return {
        "now": "2026-01-01T00:00:00Z",
        "state": "gaps",
        "series": [{**row, "series": name} for name in found[offset : offset + limit]],
        "series_total": len(found),
        "groups": [{"name": "ree", "series": number, "incomplete": 7}],
        "slots": {"missing": 8512 * number, "unfillable": 0},
        "errors": [],
        "unread": [],
        "gaps": [],
        "gaps_total": 0,
        "gaps_open": 0,
        "dag": {"id": "gap_detection", "known": True, "paused": False},
    }


def test_a_store_that_is_gone_leaves_nothing_green(browser: Browser, served: Served) -> None:
    """Within one look of the open page, and on a page that is opened then."""
    file = served.showcase.store_file
    aside = file.with_suffix(".aside")
    with opened(browser, served) as page:
        drawn(page)
        assert pixels(page, "c")["c"] > 0
        file.rename(aside)
        file.mkdir()
        try:
            page.wait_for_timeout(3500)
            look(page)
            page.wait_for_selector("body[data-state=unknown]")
            page.wait_for_timeout(300)
            assert page.locator("#headline").inner_text() == "Unknown"
            assert "could not be read" in page.locator("#alert").inner_text()
            assert "Unknown" in page.locator("#gaps").inner_text()
            assert page.locator("#heal-all").is_disabled()
            found = pixels(page, "c", "x")
            assert found["c"] == 0 < found["x"]
            with opened(browser, served) as fresh:
                fresh.wait_for_selector("body[data-state=unknown]")
                assert fresh.locator("canvas[data-series]").count() == 0
        finally:
            file.rmdir()
            aside.rename(file)
        page.wait_for_timeout(500)
        look(page)
        page.wait_for_selector("body[data-state=gaps]")
        assert pixels(page, "c")["c"] > 0


def test_a_paused_dag_is_said_on_the_page(browser: Browser, served: Served) -> None:
    """Nothing heals by itself then."""
    served.airflow.api._call("PATCH", "dags/gap_detection", body={"is_paused": True})
    try:
        with opened(browser, served) as page:
            drawn(page)
            assert "gap_detection is paused" in page.locator("#paused").inner_text()
    finally:
        served.airflow.api._call("PATCH", "dags/gap_detection", body={"is_paused": False})
