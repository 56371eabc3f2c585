"""Makes floats of what the store holds of a series as another type, with a file to go back to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gapfill.domain.interval import iso
from gapfill.errors import RequestError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gapfill.domain.series import Series
    from gapfill.domain.unfinished_removal import Unfinished
    from gapfill.services.context import RunContext
    from gapfill.services.ports import Restored, WrongType


def left_of(context: RunContext, series: Series) -> list[Unfinished]:
    """Return what an earlier ``retype`` of the series' measurement has left, if it was killed.

    ``find`` carries it on, so it is for a process that knows that no other one is at it.
    """
    of_all = context.store.unfinished()
    return [one for one in of_all if one.bars and one.measurement == series.measurement]


def find(context: RunContext, series: Series, names: Sequence[str]) -> list[WrongType]:
    """Return the parts of the store that refuse floats of a series.

    Args:
        context: The installation.
        series: The series.
        names: Fields to look at; empty for all of them.

    Raises:
        RequestError: If the series has no such field.
        StoreError: If the store cannot be read, or a field is not a number there.
    """
    known = [field.name for field in series.fields]
    for name in names:
        if name not in known:
            message = (
                f"The series {series.name} has no field {name!r}; its fields are "
                f"{', '.join(known)}."
            )
            raise RequestError(message)
    return context.store.wrong_types(series, list(names) or known)


def carry_out(context: RunContext, series: Series, wrong: Sequence[WrongType], path: Path) -> int:
    """Make floats of what was found, and return how many points were written anew.

    Args:
        context: The installation.
        series: The series.
        wrong: What ``find`` returned.
        path: A new file: all points are in it, on the disk, before any is deleted.

    Raises:
        RequestError: If there is such a file, or it cannot be made.
        StoreError: If the store fails; says whether anything was deleted.
    """
    head = f"# Gapfill, retype of {series.name}, {iso(context.now)}: points as they were.\n"
    _begin(path, head)
    file = str(path.absolute())
    try:
        return context.store.retype(series, wrong, lambda said: _append(path, said), file)
    except StoreError:
        if path.read_text(encoding="utf-8") == head:  # so that the same name may be given again
            path.unlink()
        raise


def restore(context: RunContext, path: Path, *, overwrite: bool = False) -> Restored:
    """Put back what is missing of the points of a file.

    Args:
        context: The installation.
        path: The file.
        overwrite: Whether to write over other values than those of the file.

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
        message = f"There is a file {path}; name another one with --file."
        raise RequestError(message) from exc
    except OSError as exc:
        message = f"The file {path} cannot be made: {exc.strerror}; name another one with --file."
        raise RequestError(message) from exc


def _append(path: Path, said: str) -> None:
    """Write to the end of the file, and wait until file and folder are on the disk."""
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(said)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
