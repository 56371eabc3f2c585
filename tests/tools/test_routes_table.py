"""The tables of ``docs/reference/routes.md`` agree with the catalogue, and the check can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gapfill import catalog
from tests.catalogs import FROZEN, frozen
from tools import routes_table

if TYPE_CHECKING:
    from pathlib import Path


def _tables(tmp_path: Path, change: str, to: str) -> str:
    text = FROZEN.read_text(encoding="utf-8")
    assert change in text
    path = tmp_path / "catalog.yaml"
    path.write_text(text.replace(change, to, 1), encoding="utf-8")
    return routes_table.tables(catalog.load(path))


def test_the_page_says_what_the_shipped_catalogue_says() -> None:
    """Whoever changes the catalogue is told to write the page anew."""
    page = routes_table.PAGE.read_text(encoding="utf-8")
    assert routes_table.with_tables(page, catalog.load(catalog.SHIPPED)) == page


def test_a_route_is_a_row_for_each_zone_with_its_products_in_order() -> None:
    """Zones in the words of age and month, products of the right resolution only."""
    rows = routes_table.tables(frozen()).splitlines()
    assert [row for row in rows if row.startswith("| `weather_daily`")] == [
        "| `weather_daily` | younger than 48 h | `aemet.daily`, `siar.daily`, `siar_csv.daily` |",
        (
            "| `weather_daily` | older, in the current month | "
            "`aemet.daily`, `siar.daily`, `siar_csv.daily` |"
        ),
        "| `weather_daily` | in an earlier month | `siar.daily`, `siar_csv.daily`, `aemet.daily` |",
    ]
    assert "| `pvpc` | all | `ree.pvpc`, `esios.1001`, `esios.archive70` |" in rows


@pytest.mark.parametrize(
    "change,to,row",
    [
        ("span: P180D", "span: P90D", "| 5 d after its end | 7 d after its end | 90 d | – |"),
        ("last: 12", "last: 24", "| the last 24 slots | 1 h after its end |"),
        (
            "per_minute: 20",
            "per_minute: 40",
            "| `aemet` | `aemet_default` | 40 a minute; a request is 2 calls | – |",
        ),
        (
            "sources: [ree, esios]",
            "sources: [esios, ree]",
            "| `pvpc` | all | `esios.1001`, `esios.archive70`, `ree.pvpc` |",
        ),
        (
            "grade: modelled\n        window: P92D",
            "grade: provisional\n        window: P30D",
            "| `open_meteo.forecast` | PT1H | provisional | nothing | slots younger than 30 d |",
        ),
    ],
)
def test_a_changed_fact_changes_the_table(tmp_path: Path, change: str, to: str, row: str) -> None:
    """Span, reach, rate, order and grade all come from the catalogue."""
    assert row in _tables(tmp_path, change, to)


def test_the_check_names_the_command_for_a_stale_page_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stale page is an exit code of 1; writing mends it."""
    page = tmp_path / "routes.md"
    stale = f"# Routes\n\n{routes_table.BEGIN}\n\n| old |\n\n{routes_table.END}\n\nBelow.\n"
    page.write_text(stale, encoding="utf-8")
    assert routes_table.main(["--check"], page) == 1
    assert capsys.readouterr().err == (
        "docs/reference/routes.md and the catalogue differ: run `make routes`\n"
    )
    assert page.read_text(encoding="utf-8") == stale
    assert routes_table.main([], page) == 0
    assert routes_table.main(["--check"], page) == 0
    text = page.read_text(encoding="utf-8")
    assert "| old |" not in text
    assert text.startswith("# Routes\n\n<!-- made by")
    assert text.endswith("<!-- end -->\n\nBelow.\n")


def test_a_page_without_the_marks_is_refused() -> None:
    """Nothing is written to a page that has no place for the tables."""
    with pytest.raises(ValueError, match="the page needs a line"):
        routes_table.with_tables("# Routes\n", frozen())
