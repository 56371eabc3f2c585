"""Reads CSV texts for the tests: as rows, as prices by slot, or as what is said of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import RequestError
from gapfill.services.csv_import.rows import Read, Stated, read_rows
from tests.catalogs import frozen

if TYPE_CHECKING:
    from gapfill.domain.series import Series

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
PVPC = frozen().series["pvpc"]
HOURLY = frozen().series["weather_hourly"]
DAILY = frozen().series["weather_daily"]
HOUR = timedelta(hours=1)
MADRID = Stated(zone="Europe/Madrid")


def read(text: str, stated: Stated | None = None, series: Series = PVPC) -> Read:
    """Read a text as this import of a series."""
    return read_rows(series, text, "file", batch="import__1", now=NOW, stated=stated)


def prices(text: str, stated: Stated | None = None) -> dict[datetime, float]:
    """Return the prices of a text by slot."""
    return {row.slot: row.values["price_eur_mwh"] for row in read(text, stated).rows}


def refused(text: str, stated: Stated | None = None, series: Series = PVPC) -> str:
    """Return what is said of a text that is refused."""
    with pytest.raises(RequestError) as caught:
        read(text, stated, series)
    said = str(caught.value)
    assert said.startswith("file")
    assert said.endswith("Nothing was imported.")
    return said


def table(*rows: str, head: str = "slot;price_eur_mwh") -> str:
    """Return rows below a header."""
    return "\n".join([head, *rows, ""])
