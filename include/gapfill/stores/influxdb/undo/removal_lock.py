"""One process of this machine at a time removes points of a measurement: a lock file.

The system gives the lock back when the process ends, however it ends, but not while the
process is only stopped. Processes of other machines, or with another folder of locks, are
kept apart by the journal (``influxdb.undo.removal_turn``).
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from gapfill import settings
from gapfill.domain.interval import iso
from gapfill.errors import StoreError
from gapfill.stores.influxdb.config import InfluxConfig

BRIEFLY_S = 2.0
"""A command waits so long: a run that only writes back what is missing takes less."""

WAIT_S = 60.0
"""A removal of slots waits so long for another one, which takes less for a hundred deletions."""


class Busy(StoreError):
    """Another process of this machine is removing points of the measurement."""


@contextmanager
def alone(access: InfluxConfig, measurement: str, doing: str, wait_s: float = 0) -> Iterator[None]:
    """Hold the lock of a measurement; a thread that holds it already may take it again.

    Args:
        access: The store.
        measurement: The measurement.
        doing: What for, for the message that another process gets.
        wait_s: How long to wait for it.

    Raises:
        Busy: If another process has it; names that process.
        StoreError: If the lock file cannot be used.
    """
    path = _path(access, measurement)
    holder = path.with_suffix(".json")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, is_singleton=True)
        lock.acquire(timeout=wait_s)
    except Timeout:
        raise Busy(_told(holder, access, measurement)) from None
    except OSError as exc:
        raise _unusable(path, exc) from exc
    try:
        if lock.lock_counter == 1:
            _note(holder, doing)
        yield
    finally:
        lock.release()


def is_held(access: InfluxConfig, measurement: str) -> bool:
    """Return whether this thread holds the lock of a measurement."""
    return FileLock(_path(access, measurement), is_singleton=True).is_locked


def _path(access: InfluxConfig, measurement: str) -> Path:
    store = f"{access.url}\n{access.bucket}\n{measurement}"
    name = sha256(store.encode()).hexdigest()[:16]
    return settings.lock_folder() / f"influxdb-{name}.lock"


def machine() -> str:
    """Return a name that only processes with the same host name and folder of locks have.

    A file of the folder holds a random part. If it cannot be made, the name is another one at each
    call, so that no process takes an entry for one of its own machine.
    """
    path = settings.lock_folder() / "machine"
    made = path.with_name(f"machine-{uuid4().hex}")
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(made.name, encoding="utf-8")
            with suppress(FileExistsError):  # of two processes the first one names the machine
                os.link(made, path)
            made.unlink()
        return f"{platform.node()} {path.read_text(encoding='utf-8')}"
    except OSError:
        return made.name


def _note(holder: Path, doing: str) -> None:
    since = datetime.now(UTC).replace(microsecond=0)
    said = json.dumps({"pid": os.getpid(), "since": iso(since), "doing": doing})
    try:
        holder.write_text(said, encoding="utf-8")
    except OSError as exc:
        raise _unusable(holder, exc) from exc


def _told(holder: Path, access: InfluxConfig, measurement: str) -> str:
    """Return the message that names the process that has the lock."""
    try:
        said = json.loads(holder.read_text(encoding="utf-8"))
        who = f"A {said['doing']} (process {said['pid']}, since {said['since']})"
    except (OSError, ValueError, KeyError, TypeError):  # it has the lock, and is about to say so
        who = "Another process"
    return (
        f"{who} is removing and writing back points of {measurement} in the bucket "
        f"{access.bucket!r} on this machine, so nothing was changed. Wait until it has ended, or "
        "end it, and run this again: it also writes back what the other process did not."
    )


def _unusable(path: Path, exc: OSError) -> StoreError:
    return StoreError(
        f"The lock file {path} cannot be used: {exc.strerror or exc}. Nothing was changed. Set "
        "GAPFILL_LOCKS to a folder in which this user may write."
    )
