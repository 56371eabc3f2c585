"""A folder of SIAR's CSV files as a source: real files, in a folder of the test's own."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal

import pytest

from gapfill import settings
from gapfill.domain.interval import Interval
from gapfill.errors import ConfigError, MalformedPayload, SourceUnavailable
from gapfill.sources.availability import SourceSetup
from gapfill.sources.siar_csv.availability import AVAILABILITY
from gapfill.sources.siar_csv.folder import SiarCsvFolder
from gapfill.sources.siar_csv.hook import SiarCsvHook
from tests.catalogs import frozen
from tests.sources.siar_csv.files import DAY, FIRST, NAME, ask_days, csv_bytes, days, row, rows

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill.services.ports import Caller

Form = Literal["NFC", "NFD"]

OLD = "J09_Linares_01_01_2017_31_12_2017.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a year of J17 and one of J09, three days each."""
    (tmp_path / NAME).write_bytes(csv_bytes(*rows(days(date(2024, 1, 1), 3))))
    (tmp_path / OLD).write_bytes(csv_bytes(*rows(days(date(2017, 1, 1), 3), station="9")))
    (tmp_path / "notes.txt").write_text("downloaded in March")
    (tmp_path / "J17_archive.csv").mkdir()
    return tmp_path


def test_a_folder_answers_from_the_files_of_the_asked_station(folder: Path) -> None:
    """Other stations' files lie beside them and are not looked into."""
    (folder / "J18_Other.csv").write_bytes(b"half a file of somebody else")
    source = SiarCsvFolder(folder)
    assert [r.slot.day for r in source.fetch(ask_days(count=5)).readings] == [1, 2, 3]
    old = source.fetch(ask_days(datetime(2017, 1, 2, tzinfo=UTC), station="J09"))
    assert [(r.slot.year, r.source) for r in old.readings] == [(2017, "siar_csv/J09")]


def test_a_station_without_a_file_is_an_empty_answer(folder: Path) -> None:
    """The evidence says so; a folder without any file is another matter."""
    said = SiarCsvFolder(folder).fetch(ask_days(station="J05"))
    assert (said.readings, said.evidence) == ((), "The folder has no file of J05")
    assert SiarCsvFolder(folder).held("J05") == []


def test_held_are_the_merged_runs_over_all_files(folder: Path) -> None:
    """The plan asks for nothing else."""
    more = csv_bytes(*rows([date(2024, 1, 4), date(2024, 2, 1)]))
    (folder / "J17_Linares_04_01_2024_01_02_2024.csv").write_bytes(more)
    assert SiarCsvFolder(folder).held("J17") == [
        Interval(FIRST, FIRST + 4 * DAY),
        Interval(FIRST + 31 * DAY, FIRST + 32 * DAY),
    ]


def test_a_file_is_read_again_only_when_it_has_changed(folder: Path) -> None:
    """By its time and size: a source looked at every two hours costs nothing."""
    source = SiarCsvFolder(folder)
    (first,) = source.files("J17")
    (again,) = SiarCsvFolder(folder).files("J17")
    assert again is first
    path = folder / NAME
    path.write_bytes(csv_bytes(*rows(days(date(2024, 1, 1), 3)), row(date(2024, 1, 9))))
    assert source.held("J17")[-1] == Interval(FIRST + 8 * DAY, FIRST + 9 * DAY)
    path.write_bytes(csv_bytes(*rows(days(date(2024, 1, 1), 3)), row(date(2024, 1, 8))))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert source.held("J17")[-1] == Interval(FIRST + 7 * DAY, FIRST + 8 * DAY)
    path.write_bytes(csv_bytes(row(date(2024, 1, 5))))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert source.held("J17") == [Interval(FIRST + 4 * DAY, FIRST + 5 * DAY)]
    path.unlink()
    assert source.held("J17") == []


def test_files_come_in_order_of_their_composed_names(tmp_path: Path) -> None:
    """The first to have a day is the same one on every disk."""
    for name in ("J17_z.csv", "J17_e\u0301.csv", "J17_a.csv"):
        (tmp_path / name).write_bytes(csv_bytes(row(date(2024, 1, 1))))
    names = [file.name for file in SiarCsvFolder(tmp_path).files("J17")]
    assert names == ["J17_a.csv", "J17_z.csv", "J17_\u00e9.csv"]


@pytest.mark.parametrize("asked", ["NFC", "NFD"])
@pytest.mark.parametrize("stored", ["NFC", "NFD"])
def test_a_folder_is_found_in_either_normal_form(tmp_path: Path, asked: Form, stored: Form) -> None:
    """A disk that was copied from a Mac spells é with two characters."""
    name, form = "Histórico de Jaén", unicodedata.normalize
    inner = tmp_path / form(stored, name) / "día"
    inner.mkdir(parents=True)
    file = form(stored, "J17_Jaén_01_01_2024_31_12_2024.csv")
    (inner / file).write_bytes(csv_bytes(row(date(2024, 1, 1))))
    source = SiarCsvFolder(tmp_path / form(asked, name) / "día")
    assert source.held("J17") == [Interval(FIRST, FIRST + DAY)]
    assert "J17_Ja\u00e9n_01_01_2024" in source.fetch(ask_days()).evidence


def test_a_problem_in_a_file_names_that_file(folder: Path) -> None:
    """Nothing is answered from the good ones beside it: what is missing in it is not known."""
    half = "J17_Linares_01_01_2023_31_12_2023.csv"
    (folder / half).write_bytes(csv_bytes(*rows(days(date(2023, 1, 1), 3)))[:-30])
    source = SiarCsvFolder(folder)
    for ask in (lambda: source.fetch(ask_days()), lambda: source.held("J17")):
        with pytest.raises(MalformedPayload, match=rf"^{half}, line 4: the file ends in it"):
            ask()
    assert source.held("J09") == [
        Interval(datetime(2017, 1, 1, tzinfo=UTC), datetime(2017, 1, 4, tzinfo=UTC))
    ]


def test_a_file_that_cannot_be_read_is_no_empty_answer(folder: Path) -> None:
    """Here, a link to a disk that is away."""
    (folder / "J17_away.csv").symlink_to(folder / "nowhere" / "J17.csv")
    with pytest.raises(SourceUnavailable, match=r"^J17_away\.csv cannot be read \(No such file"):
        SiarCsvFolder(folder).fetch(ask_days())


def test_a_folder_that_is_none_says_what_names_it(tmp_path: Path) -> None:
    """Missing, a file, unreadable, empty: one sentence with the next step."""
    file = tmp_path / "file"
    file.write_text("")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    said = {
        tmp_path / "nowhere" / "at all": "does not exist; put the folder's path there.",
        file: "is not a folder; put the folder's path there.",
        file / "below": "is not a folder; put the folder's path there.",
        loop: "cannot be read (Too many levels of symbolic links); let this user read it.",
        empty: "has no CSV file; put SIAR's files there, such as J17_….csv.",
    }
    for path, sentence in said.items():
        for ask in (SiarCsvFolder(path).held, SiarCsvFolder(path).files):
            with pytest.raises(ConfigError) as caught:
                ask("J17")
            assert str(caught.value) == f"GAPFILL_SIAR_CSV: the folder {path} {sentence}"
    with pytest.raises(ConfigError, match=r"^FOLDER: the folder "):
        SiarCsvFolder(empty, named="FOLDER").paths()


def test_an_ask_without_a_station_is_a_catalogue_error(folder: Path) -> None:
    """The folder's files are of stations."""
    with pytest.raises(ConfigError, match="place linares has no siar_csv station"):
        SiarCsvFolder(folder).fetch(replace(ask_days(), station=None))


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unset and empty are none; ``~`` is the home."""
    monkeypatch.delenv("GAPFILL_SIAR_CSV", raising=False)
    assert settings.siar_csv_folder() is None
    monkeypatch.setenv("GAPFILL_SIAR_CSV", "")
    assert settings.siar_csv_folder() is None
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GAPFILL_SIAR_CSV", "~/siar")
    assert settings.siar_csv_folder() == tmp_path / "siar"


def _paced(_records: int) -> None:
    pytest.fail("a call was paced")


def test_the_hook_reads_the_folder_that_the_variable_names(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes no call, so nothing is paced; without a folder it cannot be made."""
    ask = ask_days(count=5)
    setup = SourceSetup(frozen().sources["siar_csv"], ("J17",), lambda: None)
    monkeypatch.setenv("GAPFILL_SIAR_CSV", str(folder))
    hook: Caller = SiarCsvHook.caller(setup, _paced)
    assert hook.open(ask) is None
    assert [reading.slot.day for reading in hook.fetch(ask).readings] == [1, 2, 3]
    assert AVAILABILITY.held("J17") == SiarCsvFolder(folder).held("J17")
    monkeypatch.delenv("GAPFILL_SIAR_CSV")
    assert (AVAILABILITY.held("J17"), AVAILABILITY.unusable("J17")) == (None, ())
    with pytest.raises(ConfigError) as caught:
        SiarCsvHook.caller(setup, _paced)
    assert str(caught.value) == (
        "GAPFILL_SIAR_CSV names no folder of SIAR's CSV files: put its path there."
    )
