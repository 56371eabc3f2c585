"""Programs in sessions of their own, which end together and leave nothing behind.

Airflow's components fork: task supervisors, parsers, workers. Some of those move to a
process group of their own, and all of them outlive a parent that is killed. None leaves
its session, so the session is what is asked, signalled and counted here.
"""

from __future__ import annotations

import atexit
import json
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from filelock import FileLock, Timeout

from tools.sessions import command_of, end_sessions, kill_session, members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from types import FrameType, TracebackType

__all__ = ["ProgramError", "Programs", "exit_on_signals", "members"]

_LOCK = "running.lock"
_RECORD = "sessions.json"
_POLL_S, _POLL_MOST_S, _REST = 0.1, 1.0, 9.0
"""Seconds between two looks, and how many times as long as a look they are."""
_TAIL_LINES = 25
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class ProgramError(Exception):
    """A program could not be started, or ended by itself; the message says what to look at."""


class Programs:
    """Programs that were started together and are stopped together.

    One folder belongs to one running instance, which a lock holds; whatever an earlier
    instance that was killed left running is ended before the first start. Use it as a
    context manager; it is also stopped when the interpreter ends.

    Args:
        folder: Where logs and the list of sessions go; made when absent.

    Raises:
        ProgramError: If another instance uses the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / _LOCK)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            message = f"Something else is running in {folder}: stop it first."
            raise ProgramError(message) from None
        atexit.register(self.stop)
        self._end_leftovers()

    def clear(self, *, keep: Iterable[str] = ()) -> None:
        """Remove what an earlier instance left in the folder.

        Args:
            keep: Names of entries that stay.
        """
        for entry in self.folder.iterdir():
            if entry.name in {_LOCK, _RECORD, *keep}:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def start(
        self, name: str, command: Sequence[str], env: Mapping[str, str], *, cwd: Path | None = None
    ) -> None:
        """Start a program in a session of its own; its output goes to ``NAME.log``.

        Raises:
            ProgramError: If it cannot be executed.
        """
        try:
            with self.log(name).open("wb") as log:
                program = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=dict(env),
                    cwd=cwd,
                    start_new_session=True,
                )
        except OSError as exc:
            message = f"{name} cannot be started: {exc}."
            raise ProgramError(message) from exc
        self._running[name] = program
        self._note()

    def kill(self, name: str) -> int:
        """Kill a program and all its offspring at once, as a power cut would.

        Returns:
            How many processes that were.
        """
        program = self._running.pop(name)
        killed = kill_session(program.pid)
        program.wait()
        self._note()
        return killed

    def log(self, name: str) -> Path:
        """Return the file that holds a program's output."""
        return self.folder / f"{name}.log"

    def tail(self, name: str) -> str:
        """Return the end of a program's output."""
        try:
            text = self.log(name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(_COLOURS.sub("", text).splitlines()[-_TAIL_LINES:])

    def wait(self, name: str, timeout_s: float) -> int:
        """Wait until a program ends, and return its exit code.

        Raises:
            ProgramError: If it does not end in time.
        """
        try:
            code = self._running[name].wait(timeout_s)
        except subprocess.TimeoutExpired:
            message = f"{name} did not end within {timeout_s:.0f} s."
            raise ProgramError(self._with_tail(message, name)) from None
        del self._running[name]
        return code

    def check(self) -> None:
        """Make sure that every program still runs.

        Raises:
            ProgramError: If one has ended; the message ends with the tail of its log.
        """
        for name, program in self._running.items():
            code = program.poll()
            if code is not None:
                message = f"{name} has ended by itself, with exit code {code}."
                raise ProgramError(self._with_tail(message, name))

    def wait_until(
        self, is_done: Callable[[], bool], timeout_s: float, what: str, blame: str
    ) -> None:
        """Wait until something is so, while every program runs.

        Args:
            is_done: Asked again and again.
            timeout_s: How long at most, in seconds.
            what: What is waited for, to end a sentence with.
            blame: Program whose log is shown where it never comes.

        Raises:
            ProgramError: If a program ends, or time runs out.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            self.check()
            asked = time.monotonic()
            if is_done():
                return
            took_s = time.monotonic() - asked
            if time.monotonic() > deadline:
                message = f"After {timeout_s:.0f} s there is still no {what}."
                raise ProgramError(self._with_tail(message, blame))
            # To ask an Airflow is work for it, which would keep it from what is waited for.
            time.sleep(min(max(_POLL_S, _REST * took_s), _POLL_MOST_S))

    @property
    def sessions(self) -> frozenset[int]:
        """The session ids of the programs."""
        return frozenset(program.pid for program in self._running.values())

    def stop(self) -> list[int]:
        """End every program and all its offspring, and return the ids of those that would not.

        An interrupt in the middle only makes it quicker; it is raised when all is over.
        """
        atexit.unregister(self.stop)
        left = end_sessions(self.sessions, self._reap)
        self._reap()
        self._running.clear()
        if not left:
            self._record().unlink(missing_ok=True)
        self._lock.release()
        return left

    def __enter__(self) -> Self:
        """Return the programs."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop them."""
        self.stop()

    def _reap(self) -> None:
        for program in self._running.values():
            program.poll()

    def _note(self) -> None:
        self._record().write_text(json.dumps([p.pid for p in self._running.values()]))

    def _record(self) -> Path:
        return self.folder / _RECORD

    def _with_tail(self, message: str, name: str) -> str:
        return f"{message} The end of {self.log(name)}:\n{self.tail(name)}"

    def _end_leftovers(self) -> None:
        """End what an instance that was killed left running in this folder."""
        with suppress(OSError, ValueError, TypeError):
            recorded = json.loads(self._record().read_text())
            end_sessions(frozenset(sid for sid in map(int, recorded) if _is_ours(sid)))
            self._record().unlink(missing_ok=True)


def _is_ours(sid: int) -> bool:
    """Tell whether some process of a session looks like ours: numbers are used again."""
    commands = (command_of(pid) for pid in members(frozenset({sid})))
    return any(re.search("airflow|gapfill", command) for command in commands)


def exit_on_signals() -> None:
    """Make SIGTERM and SIGHUP end this process in good order: context managers are left."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
