"""What the command line says: each command with its exit code and both streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gapfill.cli.app import app
from tests.golden.compare import check, keep, names
from tests.golden.stories import STORIES
from tests.golden.world import standing

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return what every command of every story said, each story in a world of its own."""
    found: dict[str, str] = {}
    for name, story in STORIES.items():
        folder = tmp_path_factory.mktemp(name)
        with pytest.MonkeyPatch.context() as patch, standing(folder, patch) as world:
            found |= {f"{name}/{step}.txt": said for step, said in story(world).items()}
    return found


def test_each_command_has_its_file(outputs: Mapping[str, str]) -> None:
    """And with `make golden` the files are written."""
    keep("cli", outputs)


@pytest.mark.parametrize("name", names("cli"))
def test_a_command_says_what_it_said(outputs: Mapping[str, str], name: str) -> None:
    """Byte for byte."""
    check("cli", name, outputs)


def test_every_command_is_run(outputs: Mapping[str, str]) -> None:
    """A new command is to be run here too."""
    run = {said.split()[2] for name, said in outputs.items() if not name.startswith("help/")}
    assert set(app.commands) - run == set()
