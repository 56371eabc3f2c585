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
    data, secret = folder / "data", folder / "password"
    folder.mkdir(mode=0o700)
    secret.touch(mode=0o600)
    secret.write_text(password)
    as_owner: list[str] = []
    if os.geteuid() == 0:
        as_owner = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups"]
        for path in (folder, secret):
            shutil.chown(path, OWNER, OWNER)
    postgres = find("postgres", "postgresql")
    bin_folder = Path(postgres).resolve().parent
    make = [str(bin_folder / "initdb"), "--username=airflow", f"--pwfile={secret}"]
    make += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync", str(data)]
    _run([*as_owner, *make], folder)
    secret.unlink()
    port = free_port()
    options = {
        "listen_addresses": HERE,
        "unix_socket_directories": str(folder),
        "max_connections": "200",
        # Its data end with the scenario: only the store's must survive anything.
        "fsync": "off",
    }
    command = [*as_owner, str(bin_folder / "postgres"), "-D", str(data), "-p", str(port)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    programs.start("postgres", command, inherited(), cwd=folder)
    programs.wait_until(lambda: _answers(port), _READY_S, "PostgreSQL", "postgres")
    ask = {**inherited(), "PGPASSWORD": password}
    where = ["--host", HERE, "--port", str(port), "--username", "airflow"]
    _run([str(bin_folder / "createdb"), *where, "airflow"], folder, ask)
    return f"{HERE}:{port}"


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
    """Run a command to its end, again for a few times while a server is still starting.

    Raises:
        ProgramError: If it fails.
    """
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()}"
        raise ProgramError(message)
