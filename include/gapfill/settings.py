"""The environment variables that Gapfill reads; each has a working default."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def catalog_path() -> Path:
    """Return ``GAPFILL_CATALOG``, or the shipped catalogue."""
    return Path(os.environ.get("GAPFILL_CATALOG") or Path(__file__).with_name("catalog.yaml"))


def clock() -> str | None:
    """Return ``GAPFILL_NOW``: an instant, or the URL of a clock; ``None`` for real time."""
    return os.environ.get("GAPFILL_NOW") or None


def lock_folder() -> Path:
    """Return ``GAPFILL_LOCKS``, or a folder in the system's temporary folder.

    One lock file per source serializes the calls of this machine to the source. One per
    measurement of InfluxDB serializes removals of points.
    """
    return Path(os.environ.get("GAPFILL_LOCKS") or Path(tempfile.gettempdir()) / "gapfill-locks")


def state_folder() -> Path:
    """Return ``GAPFILL_STATE``, or ``gapfill`` in the user's state folder.

    It must persist: it records that a store had readings, in case the store is lost. So it is not
    a temporary folder, which is emptied when the machine starts, and it is not beside the store.
    """
    given = os.environ.get("GAPFILL_STATE")
    if given:
        return Path(given).expanduser()
    base = os.environ.get("XDG_STATE_HOME", "")
    if Path(base).is_absolute():
        return Path(base) / "gapfill"
    try:
        return Path.home() / ".local" / "state" / "gapfill"
    except RuntimeError:  # a user without a home folder
        return Path(tempfile.gettempdir()) / "gapfill-state"


def retry_delay_s() -> float:
    """Return ``GAPFILL_RETRY_DELAY``, the seconds before the first retry of a task, or 30."""
    try:
        return max(0.0, float(os.environ.get("GAPFILL_RETRY_DELAY") or 30))
    except ValueError:
        return 30.0


def siar_csv_folder() -> Path | None:
    """Return ``GAPFILL_SIAR_CSV``: the folder of SIAR's CSV files; ``None`` for none."""
    folder = os.environ.get("GAPFILL_SIAR_CSV")
    return Path(folder).expanduser() if folder else None
