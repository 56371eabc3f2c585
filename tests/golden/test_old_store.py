"""A store that an earlier build wrote (``old/README.md``): every later build reads it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.golden.compare import check, keep, names
from tests.golden.stories import look
from tests.golden.world import APIS, standing

if TYPE_CHECKING:
    from collections.abc import Mapping

OLD = Path(__file__).with_name("old")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return what commands say of the old store: verdicts, blocks, limits, and taking back."""
    folder = tmp_path_factory.mktemp("old")
    with pytest.MonkeyPatch.context() as patch, standing(folder, patch) as world:
        with closing(sqlite3.connect(world.store)) as connection:
            connection.executescript((OLD / "store.sql").read_text(encoding="utf-8"))
        world.connect(*APIS, paused=["aemet"])
        return {f"{step}.txt": said for step, said in look(world).items()}


def test_each_command_on_the_old_store_has_its_file(outputs: Mapping[str, str]) -> None:
    """And with `make golden` the files are written; the store itself is not."""
    keep("old_store", outputs)


@pytest.mark.parametrize("name", names("old_store"))
def test_the_old_store_means_what_it_meant(outputs: Mapping[str, str], name: str) -> None:
    """Byte for byte."""
    check("old_store", name, outputs)
