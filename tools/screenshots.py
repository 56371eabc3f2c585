"""``make screenshots``: the pictures under ``docs/images``, made of the running thing.

It starts Airflow around ``tools.showcase``, opens the page in Chromium, heals holes by it
and keeps what it sees, there and in Airflow's own pages.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests

from tools.local_airflow import ROOT, USER, LocalAirflow
from tools.processes import ProgramError, exit_on_signals
from tools.showcase import showcase

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = "/usr/bin/chromium"
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 1000}, "device_scale_factor": 1.5}
AIRFLOW: dict[str, Any] = {"viewport": {"width": 1400, "height": 1000}, "color_scheme": "light"}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}

_LONG_MS = 180_000


def main(arguments: list[str] | None = None) -> int:
    """Make the pictures and return the exit code."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description=__doc__)
    parser.add_argument("--chromium", default=CHROMIUM, help="the browser (%(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images", help="(%(default)s)")
    given = parser.parse_args(arguments)
    exit_on_signals()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="gapfill-screenshots-") as folder,
            showcase(Path(folder), is_quick=False) as shown,
            LocalAirflow(Path(folder) / "airflow", shown.env) as airflow,
            sync_playwright() as playwright,
        ):
            airflow.start(dags=["gap_detection"])
            browser = playwright.chromium.launch(
                executable_path=given.chromium, args=["--no-sandbox"]
            )
            _take(browser, airflow, given.out)
            browser.close()
    except ProgramError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


def _take(browser: Browser, airflow: LocalAirflow, out: Path) -> None:
    """Take every picture."""
    page = _open(browser, airflow, "/plugin/gaps", **DESK)
    frame = page.frame_locator("iframe")
    frame.locator("body[data-state=gaps]").wait_for(timeout=_LONG_MS)
    page.wait_for_timeout(1500)
    _keep(page, out / "gaps.png")
    dark = _open(browser, airflow, "/plugin/gaps", color_scheme="dark", **DESK)
    dark.frame_locator("iframe").locator("body[data-state=gaps]").wait_for(timeout=_LONG_MS)
    dark.wait_for_timeout(1500)
    _keep(dark, out / "gaps_dark.png")
    phone = _open(browser, airflow, "/gaps/", **PHONE)
    phone.wait_for_selector("body[data-state=gaps]")
    phone.wait_for_timeout(800)
    _keep(phone, out / "gaps_phone.png")
    _heal(_open(browser, airflow, "/gaps/", **DESK), out)
    _airflow(browser, airflow, out)


def _heal(page: Page, out: Path) -> None:
    """Heal three days of weather, and keep the hours, the bill and the end."""
    page.wait_for_selector("body[data-state=gaps]")
    page.locator("canvas[data-series=weather_hourly]").focus()
    for key in ("End", "ArrowUp", "ArrowUp", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("table.hours td.s-m")
    page.locator("table.hours td.s-m").first.click()
    page.wait_for_selector("#explain li")
    page.locator("#hours").scroll_into_view_if_needed()
    _keep(page, out / "gaps_hours.png")
    page.locator("canvas[data-series=weather_hourly]").focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.locator("#dry").click()
    page.wait_for_selector("#start:visible")
    page.wait_for_timeout(500)
    _keep(page, out / "gaps_bill.png")
    page.locator("#start").click()
    page.wait_for_selector("[data-run=success]", timeout=_LONG_MS)
    page.wait_for_timeout(2000)
    _keep(page, out / "gaps_healed.png")


def _airflow(browser: Browser, airflow: LocalAirflow, out: Path) -> None:
    """Heal a summer of everything, and keep the run and the form that starts one by hand."""
    order = {"start_date": "2024-07-01", "end_date": "2024-08-31"}
    run = airflow.api.trigger("gap_detection", order)
    airflow.api.follow("gap_detection", run, timeout_s=_LONG_MS / 1000)
    page = _open(browser, airflow, f"/dags/gap_detection/runs/{quote(run)}", **AIRFLOW)
    page.get_by_text("Task Instances", exact=False).first.wait_for(timeout=_LONG_MS)
    page.wait_for_timeout(3000)
    _keep(page, out / "gap_detection.png")
    page.goto(f"{airflow.url}/dags/gap_detection")
    page.get_by_role("button", name="Trigger").first.click(timeout=_LONG_MS)
    page.get_by_text("First day (start_date)").wait_for(timeout=_LONG_MS)
    page.wait_for_timeout(1000)
    _keep(page, out / "trigger_form.png")


def _open(browser: Browser, airflow: LocalAirflow, path: str, **context: Any) -> Page:  # noqa: ANN401 - what the browser is to be like
    place = browser.new_context(timezone_id="Europe/Madrid", locale="en-GB", **context)
    body = {"username": USER, "password": airflow.password}
    token = requests.post(f"{airflow.url}/auth/token", json=body, timeout=30).json()
    place.add_cookies([{"name": "_token", "value": token["access_token"], "url": airflow.url}])
    page = place.new_page()
    page.goto(f"{airflow.url}{path}")
    return page


def _keep(page: Page, file: Path) -> None:
    page.screenshot(path=file)
    print(file)


if __name__ == "__main__":
    sys.exit(main())
