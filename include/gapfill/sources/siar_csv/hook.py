"""SIAR's CSV files as a source, from the folder that ``GAPFILL_SIAR_CSV`` names."""

from __future__ import annotations

from collections.abc import Callable

from gapfill.errors import ConfigError
from gapfill.sources.availability import SourceSetup
from gapfill.sources.hooks import SourceHook
from gapfill.sources.model import Answer, Ask
from gapfill.sources.siar_csv.folder import NO_FOLDER, SiarCsvFolder, configured


class SiarCsvHook(SourceHook):
    """Reads the folder. It is not an Airflow hook: it has no connection, key or rate."""

    def __init__(self, folder: SiarCsvFolder) -> None:
        self._folder = folder

    @classmethod
    def caller(cls, _setup: SourceSetup, _before_call: Callable[[int], None]) -> SiarCsvHook:
        """Return a hook that reads the folder, which makes no call."""
        folder = configured()
        if folder is None:
            raise ConfigError(f"{NO_FOLDER}: put its path there.")
        return cls(folder)

    def fetch(self, ask: Ask) -> Answer:
        """Return the readings of the asked days, see ``SiarCsvFolder.fetch``."""
        return self._folder.fetch(ask)


HOOK = SiarCsvHook
