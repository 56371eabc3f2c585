"""Open-Meteo keeps the contract of sources."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from gapfill.errors import RateLimited, SourceError
from gapfill.sources.open_meteo.arrays import VARIABLES
from gapfill.testing.source_contract import Recorded, SourceContract
from tests.catalogs import FROZEN
from tests.sources.asks import payload
from tests.sources.open_meteo.asks import ONE_HOUR, body_of

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.airflow

LABELS = [f"2025-11-04T{hour:02}:00" for hour in range(11, 18)]
ROWS = [(14.2 + n, *ONE_HOUR[1:]) for n in range(len(LABELS))]


class TestOpenMeteo(SourceContract):
    """Seven hours of modelled weather; a label is the end of its hour."""

    source = "open_meteo"
    catalog = FROZEN
    product = "forecast"
    start, end, now = "2025-11-04T10:00Z", "2025-11-04T17:00Z", "2025-11-06T12:00Z"
    answer = body_of(LABELS, ROWS)
    values: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "2025-11-04T10:00Z": {"temperature": 14.2, "pressure": 957.3, "wind_speed": 1.75},
        "2025-11-04T16:00Z": {"temperature": 20.2, "solar_radiation": 205.5},
    }
    empty = Recorded(200, payload("open_meteo_error_not_covered.txt"))
    refusals: ClassVar[Mapping[str, tuple[Recorded, type[SourceError]]]] = {
        "minutely": (Recorded(429, payload("open_meteo_error_minutely.json")), RateLimited),
        "out of range": (Recorded(400, payload("open_meteo_error_out_of_range.json")), SourceError),
    }

    def set_value(self, document: Any, slot: datetime, field: str, value: object) -> None:  # noqa: ANN401 - any JSON
        """Change a value of an hour."""
        name = next(known.name for known in VARIABLES if known.field == field)
        document["hourly"][name][self._place(document, slot)] = value

    def drop_row(self, document: Any, slot: datetime) -> None:  # noqa: ANN401 - any JSON
        """Remove an hour from each array."""
        place = self._place(document, slot)
        for column in document["hourly"].values():
            del column[place]

    def _place(self, document: Any, slot: datetime) -> int:  # noqa: ANN401 - any JSON
        label = (slot + timedelta(hours=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
        return int(document["hourly"]["time"].index(label))
