"""A file that ESIOS's web exports, read as an import of PVPC."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gapfill.domain.reading import Row
from gapfill.domain.series import Grade
from tests.domain.samples import at
from tests.services.csv_import.reads import HOUR, HOURLY, PVPC, read, refused, table

ESIOS = "id;name;geoid;geoname;value;datetime"
PLACES = {8741: "Península", 8742: "Canarias"}


def _esios(geo: int, value: float, when: str, indicator: int = 1001) -> str:
    return f"{indicator};PVPC 2.0TD;{geo};{PLACES[geo]};{value};{when}"


def test_an_export_of_esios_is_read_as_what_it_says_it_is() -> None:
    """Rows of other places are left out and counted; the price per kWh follows."""
    text = table(
        _esios(8742, 1.0, "2026-03-10T00:00:00+01:00"),
        _esios(8741, 101.25, "2026-03-10T00:00:00+01:00"),
        _esios(8741, 82.19, "2026-03-10T01:00:00.000+01:00"),
        head=ESIOS,
    )
    found = read(text)
    slot = at("2026-03-09 23:00")
    values = [
        {"price_eur_mwh": 101.25, "price_eur_kwh": 0.10125},
        {"price_eur_mwh": 82.19, "price_eur_kwh": 0.08219},
    ]
    assert found.rows == [
        Row(slot + n * HOUR, values[n], Grade.OFFICIAL, "import", "import__1") for n in range(2)
    ]
    assert found.notes == (
        (
            "It was read as an export of ESIOS, its rows on the clock of Europe/Madrid; 1 row of "
            "other places left out."
        ),
    )


def test_an_export_of_esios_follows_the_clock_of_the_place() -> None:
    """Madrid's 10:00 is 10:00 in the islands."""
    place = replace(PVPC.place, zone="Atlantic/Canary")
    islands = replace(PVPC, place=place, params={"geo_id": "8742"})
    text = table(_esios(8742, 110.0, "2025-11-10T10:00:00+01:00"), head=ESIOS)
    (row,) = read(text, series=islands).rows
    assert row.slot == at("2025-11-10 10:00")


@pytest.mark.parametrize(
    "row, said",
    [
        (
            _esios(8741, 1.0, "2026-03-10T00:00:00+01:00", 600),
            "line 2, column id: it has indicator '600', but pvpc is PVPC, which is 1001",
        ),
        (
            _esios(8742, 1.0, "2026-03-10T00:00:00+01:00"),
            "file has no row of geoid 8741 (Península), the place of pvpc, but rows of '8742'",
        ),
        (
            _esios(8741, 1.0, "10/03/2026 00:00"),
            "line 2, column datetime: '10/03/2026 00:00' does not show its clock",
        ),
        (
            "1001;PVPC;8741;Península;1.234;2026-03-10T00:00:00+01:00",
            "line 2, column value: '1.234' can mean 1234 or 1.234",
        ),
    ],
)
def test_an_export_of_esios_that_is_not_of_the_series_is_refused(row: str, said: str) -> None:
    """It names the indicator and the place, so nothing is taken for another."""
    assert said in refused(table(row, head=ESIOS))


def test_an_export_of_esios_is_no_weather() -> None:
    """Only PVPC is known by its number."""
    text = table(_esios(8741, 1.0, "2026-03-10T00:00:00+01:00"), head=ESIOS)
    assert "which only a series of PVPC can import: name the columns" in refused(
        text, series=HOURLY
    )
