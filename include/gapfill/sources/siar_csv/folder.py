"""A folder of SIAR's CSV files (see ``gapfill.sources.siar_csv.parser``)."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from gapfill import settings
from gapfill.domain.candidate import Unusable
from gapfill.domain.interval import Interval
from gapfill.errors import ConfigError, SourceUnavailable
from gapfill.sources.model import Answer, Ask, excerpt
from gapfill.sources.siar_csv import days
from gapfill.sources.siar_csv.parser import CsvFile, read_file, station_of
from gapfill.sources.siar_csv.row import SOURCE

_SHOWN = 3
VARIABLE = "GAPFILL_SIAR_CSV"
NO_FOLDER = f"{VARIABLE} names no folder of SIAR's CSV files"


class SiarCsvFolder:
    """Reads the files of SIAR's web form in a folder.

    A file is read again only when its time or size has changed.

    Args:
        folder: The folder; its name may be composed or decomposed Unicode.
        named: Variable or argument that names it, for errors.
    """

    def __init__(self, folder: Path, *, named: str = VARIABLE) -> None:
        self._folder = folder
        self._named = named

    def fetch(self, ask: Ask) -> Answer:
        """Return the readings of the requested days from the station's files.

        Raises:
            ConfigError: If the folder is wrong.
            MalformedPayload: If one of the station's files is invalid as a whole.
            SourceUnavailable: If one of them cannot be read.
        """
        if ask.station is None:
            raise ConfigError(
                f"{ask.series.name} cannot be asked of {SOURCE}: place "
                f"{ask.series.place.name} has no {SOURCE} station in the catalogue."
            )
        return days.answer(ask, self.files(ask.station.id))

    def held(self, station_id: str) -> list[Interval]:
        """Return the runs of days with a usable row, merged, in order.

        Raises:
            GapfillError: As ``fetch``.
        """
        return days.held(self.files(station_id))

    def unusable(self, station_id: str) -> list[Unusable]:
        """Return the days with rows but no usable one, with the reason.

        Raises:
            GapfillError: As ``fetch``.
        """
        return days.unusable(self.files(station_id))

    def check(self, stations: Sequence[str]) -> None:
        """Refuse a folder without a row of any of some stations.

        Raises:
            ConfigError: If it has none, with the reason for each file; else as ``fetch``.
            GapfillError: As ``fetch``.
        """
        files = [file for station_id in stations for file in self.files(station_id)]
        if any(file.days or file.blanks or file.dropped for file in files):
            return
        said = [_not_used(path.name, stations) for path in self.paths()]
        more = f"; and {len(said) - _SHOWN} more files" if len(said) > _SHOWN else ""
        problem = f"has no row of {' or '.join(stations)}: {'; '.join(said[:_SHOWN])}{more}"
        raise self._wrong(problem, "put SIAR's files there, such as J17_….csv")

    def files(self, station_id: str) -> list[CsvFile]:
        """Return the files of a station, in order of their names.

        Raises:
            GapfillError: As ``fetch``.
        """
        return [_read(path) for path in self.paths() if station_of(path.name) == station_id]

    def paths(self) -> list[Path]:
        """Return the CSV files of the folder, of any station or none, in order of their names.

        Raises:
            ConfigError: If the folder is missing, is a file, cannot be read or has no CSV file.
        """
        try:
            folder = _find(self._folder)
            found = [Path(e.path) for e in os.scandir(folder) if not e.is_dir()]
        except FileNotFoundError as exc:
            raise self._wrong("does not exist", "put the folder's path there") from exc
        except NotADirectoryError as exc:
            raise self._wrong("is not a folder", "put the folder's path there") from exc
        except OSError as exc:
            raise self._wrong(f"cannot be read ({exc.strerror})", "let this user read it") from exc
        paths = sorted((p for p in found if p.suffix.lower() == ".csv"), key=_composed)
        if not paths:
            raise self._wrong("has no CSV file", "put SIAR's files there, such as J17_….csv")
        return paths

    def _wrong(self, problem: str, step: str) -> ConfigError:
        return ConfigError(f"{self._named}: the folder {self._folder} {problem}; {step}.")


def configured() -> SiarCsvFolder | None:
    """Return the folder that ``GAPFILL_SIAR_CSV`` names, ``None`` if it is not set."""
    folder = settings.siar_csv_folder()
    return None if folder is None else SiarCsvFolder(folder)


def _not_used(name: str, stations: Sequence[str]) -> str:
    station = station_of(name)
    if station is None:
        return f"{excerpt(name)} does not begin with a station, such as J17_"
    if station not in stations:
        return f"{excerpt(name)} is of {station}, which the catalogue does not name"
    return f"{excerpt(name)} has no row behind its header"


def _composed(path: Path) -> str:
    return unicodedata.normalize("NFC", path.name)


def _find(path: Path) -> Path:
    """Return the path as spelled on the disk, which may use another Unicode form.

    Raises:
        FileNotFoundError: If no spelling of it exists.
    """
    if path.parent == path or os.path.lexists(path):
        return path
    for child in _find(path.parent).iterdir():
        if _composed(child) == _composed(path):
            return child
    raise FileNotFoundError


def _read(path: Path) -> CsvFile:
    """Read a file, from the cache if it has not changed.

    Raises:
        MalformedPayload: If it is not in SIAR's format.
        SourceUnavailable: If it cannot be read.
    """
    try:
        stat = path.stat()
        return _read_once(path, stat.st_mtime_ns, stat.st_size)
    except OSError as exc:
        message = (
            f"{path.name} cannot be read ({exc.strerror}); let this user read it, or remove it."
        )
        raise SourceUnavailable(message, source=SOURCE) from exc


@lru_cache(maxsize=128)
def _read_once(path: Path, _changed: int, _size: int) -> CsvFile:
    return read_file(path.name, path.read_bytes())
