"""Sessions of processes: who is in one, and how all of them are ended.

What a program forks may move to a process group of its own and outlive its parent, but
it stays in the session, unless it leaves on purpose, which nothing here does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

STAGES = ((signal.SIGINT, 15.0), (signal.SIGTERM, 8.0), (signal.SIGKILL, 5.0))
"""How programs are ended: each signal, and the seconds given after it. Airflow's scheduler
lets a running task finish on SIGINT and leaves children behind on SIGTERM, hence the order."""

_POLL_S = 0.1
_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self" / "stat").exists()


def end_sessions(sessions: frozenset[int], reap: Callable[[], None] = lambda: None) -> list[int]:
    """End every process of these sessions, harder and harder, and return who is left.

    Args:
        sessions: Session ids.
        reap: Called while waiting, to take in the exit codes of direct children.
    """
    interrupt: BaseException | None = None
    left = members(sessions)
    for number, patience_s in STAGES:
        if interrupt is not None and number is not signal.SIGKILL:
            continue
        try:
            _signal(left, number)
            deadline = time.monotonic() + patience_s
            while left and time.monotonic() < deadline:
                time.sleep(_POLL_S)
                reap()
                left = members(sessions)
        except (KeyboardInterrupt, SystemExit) as exc:
            interrupt = exc
            left = members(sessions)
        if not left:
            break
    if interrupt is not None:
        raise interrupt
    return left


def kill_session(session: int) -> int:
    """Kill every process of a session at once, and return how many there were."""
    killed: set[int] = set()
    while left := members(frozenset({session})):
        killed.update(left)
        _signal(left, signal.SIGKILL)
        time.sleep(_POLL_S / 10)
    return len(killed)


def members(sessions: frozenset[int]) -> list[int]:
    """Return the ids of the live processes of these sessions, zombies left out."""
    found = []
    for pid in _all_processes() if sessions else ():
        with suppress(OSError):
            if os.getsid(pid) in sessions and not _is_zombie(pid):
                found.append(pid)
    return found


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _all_processes() -> list[int]:
    if _HAS_PROC:
        return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    return [int(pid) for pid in _ps("-A", "-o", "pid=").split()]


def _is_zombie(pid: int) -> bool:
    if _HAS_PROC:
        stat = _PROC.joinpath(str(pid), "stat").read_text(errors="replace")
        return stat.rpartition(")")[2].split()[0] in {"Z", "X"}
    return _ps("-o", "stat=", "-p", str(pid)).startswith("Z")


def command_of(pid: int) -> str:
    """Return the command line of a process."""
    if _HAS_PROC:
        line = _PROC.joinpath(str(pid), "cmdline").read_bytes()
        return line.replace(b"\0", b" ").decode(errors="replace")
    return _ps("-o", "args=", "-p", str(pid))


def _ps(*options: str) -> str:
    done = subprocess.run(["ps", *options], capture_output=True, text=True, check=False)  # noqa: S607 - wherever ps is
    return done.stdout
