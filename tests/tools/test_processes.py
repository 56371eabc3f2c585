"""Programs in sessions of their own end together, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools import sessions
from tools.processes import ProgramError, Programs, members

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.server

STUBBORN = """
import os, signal, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setpgid(0, 0)
open("ready", "a").write("x")
time.sleep(600)
"""
"""A program and its child in another process group, both deaf to anything but SIGKILL."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = ((signal.SIGINT, 0.3), (signal.SIGTERM, 0.3), (signal.SIGKILL, 5.0))
    monkeypatch.setattr(sessions, "STAGES", stages)


def soon(is_so: Callable[[], bool]) -> bool:
    """Wait a little until something is so."""
    deadline = time.monotonic() + 300
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_so()


def start_stubborn(programs: Programs) -> frozenset[int]:
    """Start the stubborn pair, wait until it is deaf, and return its session."""
    ready = programs.folder / "ready"
    programs.start("stubborn", [sys.executable, "-c", STUBBORN], os.environ, cwd=programs.folder)
    assert soon(lambda: ready.exists() and ready.read_text() == "xx")
    return programs.sessions


def test_everything_is_ended_whatever_it_ignores(tmp_path: Path) -> None:
    """A child in a process group of its own that ignores signals is gone too."""
    with Programs(tmp_path) as programs:
        session = start_stubborn(programs)
        assert len(members(session)) == 2
    assert members(session) == []


def test_stop_returns_nobody_where_all_ended(tmp_path: Path) -> None:
    """Its answer names those that would not end; a second stop does no harm."""
    programs = Programs(tmp_path)
    start_stubborn(programs)
    assert programs.stop() == []
    assert programs.stop() == []


def test_an_orphan_is_ended_after_its_parent_died(tmp_path: Path) -> None:
    """The session outlives the program that led it."""
    with Programs(tmp_path) as programs:
        session = start_stubborn(programs)
        (leader,) = session
        os.kill(leader, signal.SIGKILL)
        assert soon(lambda: len(members(session)) == 1)
        with pytest.raises(ProgramError, match="stubborn has ended by itself, with exit code -9"):
            programs.check()
    assert members(session) == []


def test_an_interrupt_while_stopping_only_makes_it_quicker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second Ctrl-C leaves nothing behind, and is raised when all is over.

    Were the stages waited out, the test's own timeout would end it.
    """
    stages = ((signal.SIGINT, 600.0), (signal.SIGTERM, 600.0), (signal.SIGKILL, 5.0))
    monkeypatch.setattr(sessions, "STAGES", stages)
    programs = Programs(tmp_path)
    session = start_stubborn(programs)
    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    with pytest.raises(KeyboardInterrupt):
        programs.stop()
    signal.signal(signal.SIGUSR1, before)
    assert members(session) == []
    programs.stop()


def test_a_program_that_fails_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    """Colours are left out."""
    code = "print('\\x1b[31mno such table\\x1b[0m'); raise SystemExit(4)"
    with Programs(tmp_path) as programs:
        programs.start("brittle", [sys.executable, "-c", code], os.environ)
        with pytest.raises(ProgramError, match=r"exit code 4. The end of .*\nno such table$"):
            programs.wait_until(lambda: False, 10, "answer", "brittle")


def test_waiting_in_vain_ends_with_a_sentence(tmp_path: Path) -> None:
    """It names what did not come."""
    with Programs(tmp_path) as programs:
        programs.start("idle", [sys.executable, "-c", "import time; time.sleep(60)"], os.environ)
        with pytest.raises(ProgramError, match="After 0 s there is still no answer"):
            programs.wait_until(lambda: False, 0.2, "answer", "idle")


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    """No traceback of subprocess."""
    with Programs(tmp_path) as programs, pytest.raises(ProgramError, match="cannot be started"):
        programs.start("nothing", [str(tmp_path / "absent")], os.environ)


def test_a_folder_is_used_by_one_at_a_time(tmp_path: Path) -> None:
    """A second instance says so, a later one may."""
    with Programs(tmp_path), pytest.raises(ProgramError, match="Something else is running"):
        Programs(tmp_path)
    Programs(tmp_path).stop()


def test_clear_removes_what_an_earlier_instance_left(tmp_path: Path) -> None:
    """But for what is to be kept."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "file").touch()
    (tmp_path / "kept").mkdir()
    (tmp_path / "file").touch()
    with Programs(tmp_path) as programs:
        programs.clear(keep=["kept"])
        assert sorted(entry.name for entry in tmp_path.iterdir()) == ["kept", "running.lock"]


def test_what_a_killed_instance_left_running_is_ended_by_the_next(tmp_path: Path) -> None:
    """SIGKILL leaves no time to stop anything."""
    code = f"""
import os, sys, time
from pathlib import Path
from tools.processes import Programs
programs = Programs(Path({str(tmp_path)!r}))
command = [sys.executable, "-c", "import time; time.sleep(600)", "like airflow"]
programs.start("child", command, os.environ)
print(*programs.sessions, flush=True)
time.sleep(600)
"""
    victim = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert victim.stdout is not None
    session = frozenset({int(victim.stdout.readline())})
    victim.kill()
    victim.wait()
    victim.stdout.close()
    assert len(members(session)) == 1
    Programs(tmp_path).stop()
    assert members(session) == []


def test_sigterm_stops_everything_in_good_order(tmp_path: Path) -> None:
    """The context manager is left as on Ctrl-C."""
    code = f"""
import os, signal, sys, time
from pathlib import Path
from tools import sessions
from tools.processes import Programs, exit_on_signals
sessions.STAGES = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))  # SIGINT may be ignored here
exit_on_signals()
with Programs(Path({str(tmp_path)!r})) as programs:
    programs.start("child", [sys.executable, "-c", "import time; time.sleep(600)"], os.environ)
    print(*programs.sessions, flush=True)
    time.sleep(600)
"""
    program = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert program.stdout is not None
    session = frozenset({int(program.stdout.readline())})
    program.terminate()
    assert program.wait(20) == 128 + signal.SIGTERM
    program.stdout.close()
    assert members(session) == []


def test_a_kill_takes_one_program_and_its_offspring_and_no_other(tmp_path: Path) -> None:
    """As a power cut would: whatever it ignores, and at once; the others are not touched."""
    with Programs(tmp_path) as programs:
        other = [sys.executable, "-c", "import time; time.sleep(600)"]
        programs.start("other", other, os.environ)
        beside = programs.sessions
        session = start_stubborn(programs) - beside
        assert programs.kill("stubborn") == 2
        assert members(session) == []
        assert len(members(beside)) == 1
        programs.check()
