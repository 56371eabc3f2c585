"""Remembers what each store held in a small file outside of the store (port ``Memory``)."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from gapfill.domain.interval import iso
from gapfill.services.ports import StoreLocation

log = logging.getLogger(__name__)


class FileMemory:
    """Keeps the files in a folder that outlives every process.

    Args:
        folder: The folder; it is made if it does not exist.
        warn: Takes a sentence if a file cannot be read or written.
    """

    def __init__(self, folder: Path, warn: Callable[[str], None] = log.warning) -> None:
        self._folder, self._warn = folder, warn

    def seen(self, place: StoreLocation) -> dict[str, datetime]:
        """Return the newest slots seen in a store, by subject; none if the file is unreadable."""
        try:
            said = json.loads(self._path(place).read_text(encoding="utf-8"))
            return {name: datetime.fromisoformat(slot) for name, slot in said["newest"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            self._warn(f"{self._path(place)} cannot be read ({type(exc).__name__}): delete it.")
            return {}

    def keep(self, place: StoreLocation, newest: Mapping[str, datetime]) -> None:
        """Remember what was seen in a store, in addition to what other processes have seen.

        The file is replaced as a whole, so a kill leaves either the old or the new one.
        """
        known = {**self.seen(place)}
        for name, slot in newest.items():
            known[name] = max(slot, known.get(name, slot))
        document = {
            "kind": place.kind,
            "where": place.where,
            "newest": {name: iso(slot) for name, slot in sorted(known.items())},
        }
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _replace(self._path(place), json.dumps(document, indent=2) + "\n")
        except OSError as exc:
            self._warn(
                f"What the store holds cannot be remembered in {self._folder} ({exc.strerror}), so "
                "a lost store would be taken for a new one: set GAPFILL_STATE to a folder that "
                "lasts and can be written."
            )

    def forget(self, place: StoreLocation) -> bool:
        """Forget a store, and return whether there was anything to forget."""
        try:
            self._path(place).unlink()
        except FileNotFoundError:
            return False
        return True

    def where(self, place: StoreLocation) -> str:
        """Return the file of a store."""
        return str(self._path(place))

    def _path(self, place: StoreLocation) -> Path:
        return self._folder / f"store-{sha256(' '.join(place).encode()).hexdigest()[:16]}.json"


def _replace(path: Path, text: str) -> None:
    number, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise
