"""What parsing takes above the payload, at its peak: answers far longer than any we ask for."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.conftest import Ratio
from gapfill.sources.aemet import parser as aemet
from gapfill.sources.json_reader import Payload
from gapfill.sources.siar import parser as siar
from gapfill.sources.siar_csv.folder import SiarCsvFolder
from tests.sources.aemet.asks import RECORD, days
from tests.sources.siar.asks import body_of, half_hour, hourly_ask
from tests.sources.siar_csv.files import ask_days, csv_bytes, rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MEBI = 2**20
CEILING_MIB = 50
DAY = timedelta(days=1)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
_VALUES = {
    "VelViento": 1.5,
    "DirViento": 236.0,
    "VelVientoMax": 4.25,
    "Radiacion": 123.4,
    "Precipitacion": 0.2,
    "TempSuelo1": None,
    "TempSuelo2": None,
}
"""Beside temperature and humidity, what a real row has."""


def _peak_mib(parse: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a function returns, and the most that was allocated meanwhile, in MiB.

    What was there before, such as the payload, does not count.
    """
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        result = parse()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return result, (peak - before) / MEBI


def test_a_year_of_siars_half_hours(ratio: Callable[[Ratio], None]) -> None:
    """366 days of 48 rows in one payload; the plan asks for 7 days at most."""
    first = date(2024, 1, 1)
    names = [(30 * n // 60) * 100 + 30 * n % 60 for n in range(1, 49)]
    body = body_of(
        half_hour(str(first + n * DAY), name, **_VALUES) for n in range(366) for name in names
    )
    ask = hourly_ask(first, first + 365 * DAY, now=NOW)
    answer, peak = _peak_mib(lambda: siar.parse(ask, Payload(200, body)))
    assert (len(answer.readings), answer.rejected) == (366 * 24, ())
    ratio(_of("parsing a year of SIAR's half-hours", peak))


def test_six_months_of_aemets_days(ratio: Callable[[Ratio], None]) -> None:
    """184 days in one payload, in its own encoding."""
    first = date(2025, 4, 1)
    rows_of_days = [{**RECORD, "fecha": str(first + n * DAY)} for n in range(184)]
    body = json.dumps(rows_of_days, ensure_ascii=False, indent=2).encode("iso-8859-15")
    ask = days(str(first), str(first + 183 * DAY))
    answer, peak = _peak_mib(lambda: aemet.parse(ask, Payload(200, body)))
    assert (len(answer.readings), answer.rejected) == (184, ())
    ratio(_of("parsing six months of AEMET's days", peak))


def test_a_folder_of_siars_files(tmp_path: Path, ratio: Callable[[Ratio], None]) -> None:
    """25 files of a year each, read and kept as they are between asks; their bytes count too."""
    for year in range(2000, 2025):
        first = date(year, 1, 1)
        dates = [first + n * DAY for n in range((date(year + 1, 1, 1) - first).days)]
        path = tmp_path / f"J17_Linares_01_01_{year}_31_12_{year}.csv"
        path.write_bytes(csv_bytes(*rows(dates)))
    ask = ask_days(datetime(2000, 1, 1, tzinfo=UTC), 9132, now=NOW)
    folder = SiarCsvFolder(tmp_path)
    answer, peak = _peak_mib(lambda: folder.fetch(ask))
    assert len(answer.readings) > 5000, answer
    ratio(_of("reading a folder of 25 years of SIAR's files", peak))


def _of(what: str, peak: float) -> Ratio:
    return Ratio(f"{what}: peak above the payload ÷ 50 MiB", peak / CEILING_MIB, 1, at_least=False)
