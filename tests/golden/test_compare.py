"""The comparison itself: what differs is shown, and only what is named becomes a placeholder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden import compare
from tests.golden.compare import as_json, check, keep
from tests.golden.placeholders import settled

if TYPE_CHECKING:
    from pathlib import Path

KEPT = {"slots": 6, "reason": "no source has it"}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the output of one command in a folder of the test's own."""
    monkeypatch.delenv("GAPFILL_TEST_GOLDEN", raising=False)
    monkeypatch.setattr(compare, "FILES", tmp_path)
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli" / "plan.json").write_text(as_json(KEPT), encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("files")
def test_the_same_output_is_accepted() -> None:
    """Whatever the order in which the keys were made."""
    check("cli", "plan.json", {"plan.json": as_json(dict(reversed(KEPT.items())))})


@pytest.mark.usefixtures("files")
def test_a_change_of_wording_is_shown_as_a_change_of_a_sentence() -> None:
    """The line of the number is context."""
    changed = as_json(KEPT | {"reason": "no source has this slot"})
    with pytest.raises(AssertionError) as caught:
        check("cli", "plan.json", {"plan.json": changed})
    lines = str(caught.value).splitlines()
    assert [line for line in lines if line[:2] in {"- ", "+ "}] == [
        '-  "reason": "no source has it",',
        '+  "reason": "no source has this slot",',
    ]
    assert lines[-1].startswith('If the change is meant: "make golden"')


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("changed", [KEPT | {"slots": 7}, KEPT | {"series": "pvpc"}, {"slots": 6}])
def test_another_number_or_key_is_refused(changed: dict[str, object]) -> None:
    """One more key too."""
    with pytest.raises(AssertionError, match="the output has changed"):
        check("cli", "plan.json", {"plan.json": as_json(changed)})


@pytest.mark.usefixtures("files")
def test_an_output_without_a_file_and_a_file_without_an_output_are_refused() -> None:
    """Nothing is left out in silence."""
    with pytest.raises(AssertionError, match=r"cli has no file of heal\.json"):
        keep("cli", {"plan.json": as_json(KEPT), "heal.json": "{}"})
    with pytest.raises(AssertionError, match=r"Nothing makes cli/plan\.json any more"):
        check("cli", "plan.json", {})


def test_files_are_written_anew_and_those_of_nothing_go(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `make golden` asks."""
    monkeypatch.setenv("GAPFILL_TEST_GOLDEN", "write")
    keep("cli", {"books/heal.json": as_json({"slots": 8})})
    found = {p.relative_to(files).as_posix(): p.read_text() for p in files.rglob("*.json")}
    assert found == {"cli/books/heal.json": '{\n  "slots": 8\n}\n'}


@pytest.mark.parametrize(
    "said, is_settled",
    [
        ("undo cli__20260401T123400Z__0a1b2c3d", "undo cli__20260401T123400Z__<random>"),
        ("manual__2026-11-30T19:23:50.538595+00:00", "<run>"),
        ("/runs/manual__2026-11-30T19%3A23%3A50.538595%2B00%3A00", "/runs/<run>"),
        ("http://127.0.0.1:40445/pvpc", "http://127.0.0.1:<port>/pvpc"),
        ('"duration_seconds": 31.411,\n', '"duration_seconds": 31.411,\n'),
        ('"now": "2026-04-01T12:34:00Z"', '"now": "2026-04-01T12:34:00Z"'),
        ("open_meteo#4e3a", "open_meteo#4e3a"),
    ],
)
def test_only_what_is_not_stable_by_nature_is_replaced(said: str, is_settled: str) -> None:
    """Real seconds of ours, instants and ids that follow from the world stay."""
    assert settled(said) == is_settled


def test_only_airflow_s_own_clock_is_real() -> None:
    """The seconds of a unit are the world's."""
    said = '"duration_seconds": 31.411,\n"seconds": 6.06\n'
    assert settled(said, "dags") == '"duration_seconds": <seconds>,\n"seconds": 6.06\n'
