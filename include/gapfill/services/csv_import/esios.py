"""Reads the file that the ESIOS web site exports for an indicator, as an import of PVPC.

Its columns are ``id;name;geoid;geoname;value;datetime``: the indicator, the electric system, the
price in €/MWh, and the start of the hour with Madrid's offset. The file names its indicator and
systems, so nothing is guessed: rows of other systems are skipped and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from gapfill.domain.formatting import count
from gapfill.domain.series import Series
from gapfill.domain.tariff import SYSTEMS, to_local
from gapfill.services.csv_import.table import ESIOS, CsvTable, Line
from gapfill.services.csv_import.text import Cell, refusal, shown

PRICE = "price_eur_mwh"

TITLES = {"slot": "datetime", PRICE: "value"}
"""Column names of the export for the columns of a series."""

_PVPC = "1001"


class Export(NamedTuple):
    """An export of ESIOS as the rows of a series.

    Attributes:
        lines: Its rows of the series, under the series' columns.
        others: Number of skipped rows of other electric systems.
        zone: Time zone of the prices.
    """

    lines: Sequence[Line]
    others: int
    zone: str

    def slot(self, instant: datetime) -> datetime:
        """Return the slot of a row: the hour of the same name on the clock of the place."""
        return to_local(instant, self.zone)

    @property
    def said(self) -> str:
        """What it was read as, for people."""
        left = f"; {count(self.others, 'row')} of other places left out" if self.others else ""
        return f"It was read as an export of ESIOS, its rows on the clock of {self.zone}{left}."


def read_export(table: CsvTable, series: Series, name: str) -> Export | None:
    """Return a table as an export of ESIOS, ``None`` if it is not one.

    Raises:
        RequestError: If its indicator or place is not that of the series.
    """
    if not set(table.columns) >= ESIOS:
        return None
    geo = series.params.get("geo_id", "")
    if geo not in SYSTEMS or series.field(PRICE) is None:
        raise refusal(
            name,
            f"is an export of ESIOS, which only a series of PVPC can import: name the columns "
            f"of {series.name} (slot and its fields) in the header",
        )
    found: list[Line] = []
    for line in table.lines:
        if line.cells["id"] != _PVPC:
            raise Cell(name, line.number, "id").wrong(
                f"it has indicator {shown(line.cells['id'])}, but {series.name} is PVPC, which "
                f"is {_PVPC}: export that indicator"
            )
        if line.cells["geoid"] == geo:
            cells = {column: line.cells[title] for column, title in TITLES.items()}
            found.append(Line(line.number, cells))
    if table.lines and not found:
        there = ", ".join(sorted({line.cells["geoid"] for line in table.lines}))
        raise refusal(
            name,
            f"has no row of geoid {geo} ({SYSTEMS[geo].name}), the place of {series.name}, but "
            f"rows of {shown(there)}: export the place of the series",
        )
    others = len(table.lines) - len(found)
    return Export(found, others, series.place.zone)
