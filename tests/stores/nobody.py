"""Runs a function as a user without rights, since root may write everywhere."""

from __future__ import annotations

import os
import pickle
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

NOBODY = 65534


def as_nobody(function: Callable[[], T]) -> T:
    """Return what a function returns, or raise what it raises, in a process that is not root's.

    Whoever runs the tests as another user than root is bound by permissions anyway.
    """
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        with os.fdopen(writes, "wb") as pipe:
            pickle.dump(_outcome(function), pipe)
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads, "rb") as pipe:
        value, error = pickle.load(pipe)  # noqa: S301 - from our own child
    os.waitpid(child, 0)
    if error is not None:
        raise error
    told: T = value
    return told


def _outcome(function: Callable[[], T]) -> tuple[T | None, BaseException | None]:
    try:
        return function(), None
    except BaseException as exc:  # noqa: BLE001 - passed on to the parent
        return None, exc


@contextmanager
def readable_folder() -> Iterator[Path]:
    """Yield a folder that everybody may read, unlike pytest's, and remove it afterwards."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)
