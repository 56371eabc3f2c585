"""What of an output is not stable by nature, each with its reason; nothing else is replaced."""

from __future__ import annotations

import re

_FOLDERS: dict[str, str] = {}

_PATTERNS = (
    # A run or an import of the command line gets an id that nobody had before.
    (re.compile(r"(?<=Z__)[0-9a-f]{8}\b"), "<random>"),
    # Airflow names a manual run by the real time and a random end; a link has it quoted.
    (
        re.compile(r"manual__\d{4}-\d\d-\d\dT[\d:%A]+\.\d+(?:\+|%2B)00(?::|%3A)00(?:_\w{8})?"),
        "<run>",
    ),
    # Servers listen on any free port.
    (re.compile(r"(?<=127\.0\.0\.1:)\d{2,5}\b"), "<port>"),
    # The tests of a process number their buckets.
    (re.compile(r"(?<=bucket )test \d+(?= of)"), "<bucket>"),
    # What a store held is kept under a hash of its place, here a temporary folder.
    (re.compile(r"(?<=/store-)[0-9a-f]{16}(?=\.json)"), "<place>"),
    # Apprise names a service that has taken a message by a hash of its URL, which has a port.
    (re.compile(r'(?<="taken": \[\n)( +)"[0-9a-f]{8}"'), r'\1"<service>"'),
)

_OF_RUNS = (
    # Airflow, not our clock, knows when a run of a DAG began.
    (re.compile(r'(?<="duration_seconds": )\d+\.\d+(?=,?\n)'), "<seconds>"),
)


def forget_folder(path: str, name: str) -> None:
    """Let a temporary folder be written as its name: each test process has its own."""
    _FOLDERS[path] = f"<{name}>"


def settled(text: str, folder: str = "") -> str:
    """Return a text with a placeholder for all that changes from run to run.

    Args:
        text: An output.
        folder: Of its golden file; ``dags``: Airflow has taken part in it.
    """
    for path, name in _FOLDERS.items():
        text = text.replace(path, name)
    for pattern, placeholder in (*_PATTERNS, *(_OF_RUNS if folder == "dags" else ())):
        text = pattern.sub(placeholder, text)
    return text
