"""Every state of a cell is told without its colour, in a real Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.webui.browser import chromium, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.webui.served import Served

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(240)]

_SHAPES = """async ([box, share]) => {
  const {Stamps} = await import("./static/patterns.js");
  const colour = {fill: "#ffffff", ink: "#000000"};
  const all = "copdnwmux".split("");
  const stamps = new Stamps(box, 1, Object.fromEntries(all.map((letter) => [letter, colour])));
  const letters = share < 1 ? all.filter((letter) => letter !== "c") : all;
  return Object.fromEntries(letters.map((letter) => {
    const picture = stamps.of({letter, rest: share < 1 ? "c" : letter, share});
    const {data} = picture.getContext("2d").getImageData(0, 0, picture.width, picture.height);
    const rows = Array.from({length: box}, (_, y) =>
      Array.from({length: box}, (_, x) => data[4 * (y * box + x)] < 190 ? "#" : ".").join(""));
    return [letter, rows];
  }));
}"""
"""What is inked where all states have one colour."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one browser for all tests of this file."""
    with chromium() as running:
        yield running


@pytest.mark.parametrize("box", [5, 7, 9, 16, 28])
@pytest.mark.parametrize("share", [1, 0.5, 0.1])
def test_states_of_one_colour_are_still_told_apart(
    browser: Browser, served: Served, box: int, share: float
) -> None:
    """Whole days and parts of days, at every zoom; of a part only its block is inked."""
    with opened(browser, served) as page:
        shapes = page.evaluate(_SHAPES, [box, share])
    pictures = ["\n".join(rows) for rows in shapes.values()]
    assert len(set(pictures)) == len(pictures) == (9 if share == 1 else 8)
    for letter, rows in shapes.items():
        assert ("#" in "".join(rows)) == (letter != "c")
        if share < 1:
            assert set("".join(rows[: box // 4])) <= {"."}
