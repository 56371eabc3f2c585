"""The environment variables Gapfill reads; each has a default that works."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def catalog_path() -> Path:
    """Return ``GAPFILL_CATALOG``, else the shipped catalogue."""
    return Path(os.environ.get("GAPFILL_CATALOG") or Path(__file__).with_name("catalog.yaml"))


def clock() -> str | None:
    """Return ``GAPFILL_NOW``: an instant, or the URL of a clock; ``None`` for real time."""
    return os.environ.get("GAPFILL_NOW") or None


def lock_folder() -> Path:
    """Return ``GAPFILL_LOCKS``, else a folder under the system's temporary one.

    One lock file per source in it keeps this machine's callers of a source apart, and one per
    measurement of InfluxDB its removals of points.
    """
    return Path(os.environ.get("GAPFILL_LOCKS") or Path(tempfile.gettempdir()) / "gapfill-locks")


def state_folder() -> Path:
    """Return ``GAPFILL_STATE``, else ``gapfill`` in the user's folder of states.

    It must last: it remembers that a store held readings, in case the store is lost. It is
    in no temporary folder, which is emptied when a machine starts, and not beside the store.
    """
    given = os.environ.get("GAPFILL_STATE")
    if given:
        return Path(given).expanduser()
    base = os.environ.get("XDG_STATE_HOME", "")
    if Path(base).is_absolute():
        return Path(base) / "gapfill"
    try:
        return Path.home() / ".local" / "state" / "gapfill"
    except RuntimeError:  # a user without a home
        return Path(tempfile.gettempdir()) / "gapfill-state"


def retry_delay_s() -> float:
    """Return ``GAPFILL_RETRY_DELAY``: seconds before the first retry of a task, else 30."""
    try:
        return max(0.0, float(os.environ.get("GAPFILL_RETRY_DELAY") or 30))
    except ValueError:
        return 30.0


def siar_csv_folder() -> Path | None:
    """Return ``GAPFILL_SIAR_CSV``: the folder of SIAR's CSV files; ``None`` for none."""
    folder = os.environ.get("GAPFILL_SIAR_CSV")
    return Path(folder).expanduser() if folder else None
