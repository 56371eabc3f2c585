"""A folder of SIAR's CSV files that is wrong: the plan says so, and the other sources go on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from tests.matrix.plant import plant
from tests.sources.siar_csv.files import csv_bytes, days, rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gapfill_sandbox import Sandbox

pytestmark = pytest.mark.airflow

FIRST = {"weather_daily": datetime(2025, 9, 1, tzinfo=UTC)}
NAME = "J17_Linares_01_09_2025_30_09_2025.csv"
WHOLE = csv_bytes(*rows(days(date(2025, 9, 1), 5)))


def _missing(_folder: Path) -> None:
    pass


def _a_file(folder: Path) -> None:
    folder.write_bytes(WHOLE)


def _empty(folder: Path) -> None:
    folder.mkdir()


def _with(content: bytes) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        folder.mkdir()
        (folder / NAME).write_bytes(content)

    return make


FOLDERS: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (_missing, "does not exist; put the folder's path there"),
    "a file": (_a_file, "is not a folder; put the folder's path there"),
    "empty": (_empty, "has no CSV file; put SIAR's files there"),
    "an empty file": (_with(b""), NAME),
    "half a file": (_with(WHOLE[: len(WHOLE) // 2]), NAME),
    "half a character": (_with(WHOLE[:-1]), NAME),
    "cut between rows": (_with(WHOLE[:-4]), NAME),
    "windows-1252": (_with(WHOLE.decode("utf-16-le").encode("cp1252")), NAME),
    "a web page": (_with("<html><body>Sesión caducada</body></html>".encode()), NAME),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_folder_that_is_wrong_is_an_obstacle_in_a_sentence(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: str
) -> None:
    """Without another source the plan says why, and where to look; nothing is read or stored."""
    make, words = FOLDERS[case]
    folder = tmp_path / "files"
    make(folder)
    monkeypatch.setenv("GAPFILL_SIAR_CSV", str(folder))
    made = plant(monkeypatch, tmp_path, sandbox.url, keyed=(), earliest=FIRST)
    plan = made.plan()
    assert plan.units == ()
    reasons = {u.reason for u in plan.unhealable}
    assert any("siar_csv daily at J17 cannot be read: " in r and words in r for r in reasons)
    assert sandbox.requests.all() == []
    assert made.rows("weather_daily") == []


@pytest.mark.parametrize("case", FOLDERS)
def test_the_other_sources_go_on(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: str
) -> None:
    """SIAR's API heals all that the folder would have had."""
    make, _ = FOLDERS[case]
    folder = tmp_path / "files"
    make(folder)
    monkeypatch.setenv("GAPFILL_SIAR_CSV", str(folder))
    made = plant(monkeypatch, tmp_path, sandbox.url, keyed=("siar",), earliest=FIRST)
    healed = made.heal()
    assert (healed.summary.status, healed.summary.failures) == ("completed", [])
    assert {row.source for row in made.rows("weather_daily")} == {"siar/J17"}
    assert len(made.rows("weather_daily")) == 64


def test_a_whole_file_with_a_byte_order_mark_is_read(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As editors save it: so that only what cannot be read is refused."""
    folder = tmp_path / "files"
    _with(b"\xff\xfe" + WHOLE)(folder)
    monkeypatch.setenv("GAPFILL_SIAR_CSV", str(folder))
    made = plant(monkeypatch, tmp_path, sandbox.url, keyed=(), earliest=FIRST)
    healed = made.heal(("siar_csv",))
    assert [(c.source, c.outcome, c.slots_filled) for c in healed.certificates] == [
        ("siar_csv", "filled", 5)
    ]
