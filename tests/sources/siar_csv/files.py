"""SIAR's CSV files as bytes, in the encoding and shape of real ones, and asks for their days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill.domain.interval import END_OF_TIME, Interval
from gapfill.domain.series import Station
from gapfill.sources.model import Ask
from tests.catalogs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER = (
    "IdProvincia;IdEstacion;Fecha;Año;Dia;Temp Media (ºC);Temp Max (ºC);Hora Temp Max;"
    "Temp Mínima (ºC);Hora Temp Min;Humedad Media (%);Humedad Max (%);Hora Hum Max;"
    "Humedad Min (%);Hora Hum Mín;Velviento (m/s);DirViento (º);VelVientoMax (m/s);"
    "Hora VelMax;Dir viento Vel Max (º);Radiación (MJ/m2);Precipitación (mm);PePMon;EtPMon"
)
"""As sources.md has it from a real file."""

ROW = (
    "23;17;01/01/2024;2024;1;6,87;14,83;14:54;1,02;23:24;85,7;96,4;05:14;49,97;14:52;"
    "0,35;236;3,7;14:37;222,8;6,4;0;0;0,65"
)
"""A real row, whole."""

NAME = "J17_Linares_01_01_2024_31_12_2024.csv"
NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def csv_bytes(*rows: str, header: str = HEADER, end: str = "\r\n") -> bytes:
    """Return a file: UTF-16LE without a byte order mark, CRLF."""
    return ("\r\n".join((header, *rows)) + end).encode("utf-16-le")


def row(day: date, temperature: str = "10,5", *, station: str = "17", et0: str = "0,65") -> str:
    """Return a row of a day with the literal row's values, but for the mean temperature."""
    start = f"23;{station};{day:%d/%m/%Y};{day.year};{day.timetuple().tm_yday};{temperature};"
    middle = "14,83;14:54;1,02;23:24;85,7;96,4;05:14;49,97;14:52;0,35;236;3,7;14:37;222,8;6,4;0;0;"
    return start + middle + et0


def blank(day: date, station: str = "17") -> str:
    """Return a row of a day with every value blank."""
    start = f"23;{station};{day:%d/%m/%Y};{day.year};{day.timetuple().tm_yday}"
    return start + 19 * ";"


def days(first: date, count: int) -> list[date]:
    """Return so many dates in a row."""
    return [first + n * DAY for n in range(count)]


def rows(dates: Iterable[date], *, station: str = "17") -> list[str]:
    """Return a row for each date."""
    return [row(day, station=station) for day in dates]


def ask_days(
    first: datetime = FIRST, count: int = 1, *, station: str = "J17", now: datetime = NOW
) -> Ask:
    """Return an ask for so many days of the frozen ``weather_daily``."""
    catalog = frozen()
    (product,) = catalog.sources["siar_csv"].products
    place = Station("siar_csv", station, Interval(datetime(2010, 1, 1, tzinfo=UTC), END_OF_TIME))
    interval = Interval(first, first + count * DAY)
    return Ask(catalog.series["weather_daily"], product, place, interval, now)
