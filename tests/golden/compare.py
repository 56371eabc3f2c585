"""Golden files: what Gapfill says, byte for byte, and the one way to write the files anew.

A test makes an output and gives it to ``check`` under the name of its file. With
``GAPFILL_TEST_GOLDEN=write``, which ``make golden`` sets, the file is written instead.
"""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.golden.placeholders import settled

if TYPE_CHECKING:
    from collections.abc import Mapping

FILES = Path(__file__).with_name("files")

HINT = (
    'If the change is meant: "make golden" writes the files anew; read `git diff` before a commit.'
)


def is_writing() -> bool:
    """Return whether the files are written and not compared."""
    return os.environ.get("GAPFILL_TEST_GOLDEN") == "write"


def as_json(document: object, *, is_ordered: bool = False) -> str:
    """Return JSON with one key, number or sentence a line.

    Args:
        document: Any JSON.
        is_ordered: Whether the order of keys is what a reader sees, and stays.
    """
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=not is_ordered) + "\n"


def names(folder: str) -> list[str]:
    """Return the files of a folder, by their path in it."""
    root = FILES / folder
    found = [path for path in root.rglob("*") if path.is_file()]
    return sorted(path.relative_to(root).as_posix() for path in found)


def check(folder: str, name: str, outputs: Mapping[str, str]) -> None:
    """Compare one output with its file.

    Raises:
        AssertionError: If they differ, with the diff.
    """
    if is_writing():
        return
    assert name in outputs, f"Nothing makes {folder}/{name} any more. {HINT}"
    kept = (FILES / folder / name).read_bytes().decode()
    made = settled(outputs[name], folder)
    if made != kept:
        diff = difflib.unified_diff(
            kept.splitlines(), made.splitlines(), f"{folder}/{name}", "now", lineterm="", n=4
        )
        raise AssertionError("\n".join(["the output has changed:", *diff, HINT]))


def keep(folder: str, outputs: Mapping[str, str]) -> None:
    """Compare the names of all outputs with the files there are; or write them anew.

    Raises:
        AssertionError: If an output has no file.
    """
    if is_writing():
        _write(folder, outputs)
    missing = sorted(set(outputs) - set(names(folder)))
    assert not missing, f"{folder} has no file of {', '.join(missing)}. {HINT}"


def _write(folder: str, outputs: Mapping[str, str]) -> None:
    for name in names(folder):
        if name not in outputs:
            (FILES / folder / name).unlink()
    for name, text in outputs.items():
        path = FILES / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(settled(text, folder).encode())
