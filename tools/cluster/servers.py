"""PostgreSQL and Redis for the native cluster: Debian's, private, on free ports."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tools.local_airflow import HERE, free_port, inherited
from tools.processes import ProgramError

if TYPE_CHECKING:
    from tools.processes import Programs

OWNER = "postgres"
"""Unix user that Debian's package makes; PostgreSQL will not run as root."""

_READY_S = 60.0


def find(program: str, package: str) -> str:
    """Return the path of a program.

    Raises:
        ProgramError: If it is not installed; the sentence says how to get it.
    """
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), reverse=True)
    found = shutil.which(program) or next(map(str, debian), None)
    if found is None:
        message = f"There is no {program}: apt-get install {package}."
        raise ProgramError(message)
    return found


def start_postgres(programs: Programs, folder: Path, password: str) -> str:
    """Start a PostgreSQL with an empty database ``airflow``; return its ``host:port``.

    Args:
        programs: Runs it.
        folder: Of its own, reachable by other users; data and socket go there.
        password: Of the user ``airflow``.

    Raises:
        ProgramError: If it does not start.
    """
    as_owner, programs_at = _owner(), Path(find("postgres", "postgresql")).resolve().parent
    data = _make_data(folder, password, [*as_owner, str(programs_at / "initdb")])
    port = free_port()
    options = {
        "listen_addresses": HERE,
        "unix_socket_directories": str(folder),
        "max_connections": "200",
        # Its data end with the scenario: only the store's must survive anything.
        "fsync": "off",
    }
    command = [*as_owner, str(programs_at / "postgres"), "-D", str(data), "-p", str(port)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    programs.start("postgres", command, inherited(), cwd=folder)
    ask = {**inherited(), "PGPASSWORD": password}
    where = ["--host", HERE, "--port", str(port), "--username", "airflow"]

    def is_ready() -> bool:
        # It takes connections a moment before it takes orders.
        probe = [str(programs_at / "pg_isready"), "--quiet", *where]
        return subprocess.run(probe, env=ask, check=False).returncode == 0

    programs.wait_until(is_ready, _READY_S, "PostgreSQL", "postgres")
    _run([str(programs_at / "createdb"), *where, "airflow"], folder, ask)
    return f"{HERE}:{port}"


def _owner() -> list[str]:
    """Return how a command is run as PostgreSQL's user, where root would run it."""
    if os.geteuid():
        return []
    return ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups"]


def _make_data(folder: Path, password: str, initdb: list[str]) -> Path:
    """Make the folder and an empty database cluster in it; return where its data are."""
    data, secret = folder / "data", folder / "password"
    folder.mkdir(mode=0o700)
    secret.touch(mode=0o600)
    secret.write_text(password)
    if os.geteuid() == 0:
        for path in (folder, secret):
            shutil.chown(path, OWNER, OWNER)
    options = ["--username=airflow", f"--pwfile={secret}", "--auth=scram-sha-256"]
    options += ["--encoding=UTF8", "--no-locale", "--no-sync"]
    _run([*initdb, *options, str(data)], folder)
    secret.unlink()
    return data


def start_redis(programs: Programs, folder: Path, password: str) -> str:
    """Start a Redis and return its ``host:port``.

    Raises:
        ProgramError: If it does not start.
    """
    folder.mkdir(mode=0o700)
    port, config = free_port(), folder / "redis.conf"
    config.touch(mode=0o600)
    config.write_text(
        f"bind {HERE}\nport {port}\nrequirepass {password}\nappendonly yes\n"
        f"dir {folder}\nset-proc-title no\n"
    )
    command = [find("redis-server", "redis-server"), str(config)]
    programs.start("redis", command, inherited(), cwd=folder)
    programs.wait_until(lambda: _answers(port), _READY_S, "Redis", "redis")
    return f"{HERE}:{port}"


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HERE, port), timeout=1):
            return True
    except OSError:
        return False


def _run(command: list[str], folder: Path, env: dict[str, str] | None = None) -> None:
    """Run a command to its end.

    Raises:
        ProgramError: If it fails.
    """
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()}"
        raise ProgramError(message)
