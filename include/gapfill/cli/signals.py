"""Signals that end a command: SIGTERM does as Ctrl-C does, and both say what to do next."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from gapfill.errors import ErrorCode


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""

    code = ErrorCode.TERMINATED


def said_of(exc: KeyboardInterrupt) -> str:
    """Return the sentence for a command that a signal ended."""
    how = "Stopped by a signal" if isinstance(exc, Terminated) else "Interrupted"
    return f"{how}; what is written stays, run it again to continue."


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end a command the way Ctrl-C does: transactions are rolled back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(_number: int, _frame: object) -> NoReturn:
    raise Terminated
