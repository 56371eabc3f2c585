"""Converts fields of a series to floats that the store has as another type, with a backup file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gapfill.domain.interval import iso
from gapfill.domain.series import Series
from gapfill.domain.unfinished_removal import Unfinished
from gapfill.errors import RequestError, StoreError
from gapfill.services.context import RunContext
from gapfill.services.ports import Restored, WrongType


def left_of(context: RunContext, series: Series) -> list[Unfinished]:
    """Return the unfinished ``retype`` of the series' measurement, if one was killed.

    ``find`` continues it, so call it only in a process that knows that no other ``retype`` runs.
    """
    of_all = context.store.unfinished()
    retyped = [one for one in of_all if one.bars and one.is_retype]
    return [one for one in retyped if one.measurement == series.measurement]


def find(context: RunContext, series: Series, names: Sequence[str]) -> list[WrongType]:
    """Return the parts of the store that refuse floats of some fields of a series, or of all.

    Raises:
        RequestError: If the series has no such field.
        StoreError: If the store cannot be read, or a field is not a number there.
    """
    known = [field.name for field in series.fields]
    for name in names:
        if name not in known:
            raise RequestError(
                f"The series {series.name} has no field {name!r}; its fields are "
                f"{', '.join(known)}."
            )
    return context.store.wrong_types(series, list(names) or known)


def carry_out(context: RunContext, series: Series, wrong: Sequence[WrongType], path: Path) -> int:
    """Convert the found fields to floats, and return how many points were rewritten.

    Args:
        context: The installation.
        series: The series.
        wrong: The result of ``find``.
        path: A new file. All points are in it, on the disk, before the first one is deleted.

    Raises:
        RequestError: If the file exists or cannot be created.
        StoreError: If the store fails; the text says whether points were deleted.
    """
    head = f"# Gapfill, retype of {series.name}, {iso(context.now)}: points as they were.\n"
    _begin(path, head)
    file = str(path.absolute())
    try:
        return context.store.retype(series, wrong, lambda said: _append(path, said), file)
    except StoreError:
        if path.read_text(encoding="utf-8") == head:  # so that the same name can be used again
            path.unlink()
        raise


def restore(context: RunContext, path: Path, *, overwrite: bool = False) -> Restored:
    """Write the points of a file that are missing from the store.

    Args:
        context: The installation.
        path: The file.
        overwrite: Whether to replace values that differ from those of the file.

    Raises:
        RequestError: If it cannot be read.
        StoreError: If the store fails.
    """
    try:
        said = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        message = f"The file {path} cannot be read: {getattr(exc, 'strerror', None) or exc}."
        raise RequestError(message) from exc
    return context.store.restore(said, overwrite=overwrite)


def _begin(path: Path, head: str) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(head)
    except FileExistsError as exc:
        message = f"The file {path} already exists; name another one with --file."
        raise RequestError(message) from exc
    except OSError as exc:
        raise RequestError(
            f"The file {path} cannot be created: {exc.strerror}; name another one with --file."
        ) from exc


def _append(path: Path, said: str) -> None:
    """Append to the file, and wait until the file and its folder are on the disk."""
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(said)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
