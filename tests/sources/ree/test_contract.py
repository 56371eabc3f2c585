"""REE keeps the contract of sources, on the recorded day of 25 hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from gapfill.sources.json_reader import instant_of
from gapfill.testing.source_contract import Recorded, SourceContract
from tests.catalogs import FROZEN
from tests.sources.asks import payload

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

pytestmark = pytest.mark.airflow


class TestRee(SourceContract):
    """Prices of 2021-10-31 in Madrid."""

    source = "ree"
    catalog = FROZEN
    product = "pvpc"
    series = "pvpc"
    start, end, now = "2021-10-30T22:00Z", "2021-10-31T23:00Z", "2021-11-05T12:00Z"
    answer = payload("ree_pvpc_2021-10-31.json")
    values: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "2021-10-30T22:00Z": {"price_eur_mwh": 171.48, "price_eur_kwh": 0.17148},
        "2021-10-31T00:00Z": {"price_eur_mwh": 109.55},
        "2021-10-31T01:00Z": {"price_eur_mwh": 104.85},
        "2021-10-31T22:00Z": {"price_eur_mwh": 146.12},
    }
    empty = Recorded(502, payload("ree_error_no_data.json"))

    def set_value(self, document: Any, slot: datetime, _field: str, value: object) -> None:  # noqa: ANN401 - any JSON
        """Change the price of an hour."""
        for row in self._rows(document):
            if instant_of(row["datetime"]) == slot:
                row["value"] = value

    def drop_row(self, document: Any, slot: datetime) -> None:  # noqa: ANN401 - any JSON
        """Remove an hour."""
        rows = self._rows(document)
        rows[:] = [row for row in rows if instant_of(row["datetime"]) != slot]

    def _rows(self, document: Any) -> Any:  # noqa: ANN401 - any JSON
        return document["included"][0]["attributes"]["values"]
