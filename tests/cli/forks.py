"""Runs a command per line of stdin, each in a forked process that has Airflow imported already.

Prints each child's process id when it starts, and its exit code when it has ended; below
zero is the signal that killed it. Started by the kill test, which has a dozen to run.
"""

from __future__ import annotations

import os
import sys

import gapfill.orchestration.container  # noqa: F401 - imported once, for all children
from gapfill.cli import main


def serve() -> None:
    """Run commands until stdin ends."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os._exit(main(line.split()))
        print(child, flush=True)  # noqa: T201 - read by the test
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - read by the test


if __name__ == "__main__":
    serve()
