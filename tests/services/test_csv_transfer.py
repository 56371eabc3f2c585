"""Readings as CSV: what is written reads back as the same rows, and bad files are refused."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.interval import Interval
from gapfill.domain.reading import Origin, Row
from gapfill.domain.series import Grade
from gapfill.errors import RequestError
from gapfill.services.csv_import.rows import read_rows
from gapfill.services.csv_transfer import export_rows, import_rows, write_csv
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import frozen

if TYPE_CHECKING:
    from gapfill.domain.series import Series
    from gapfill.services.context import RunContext

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
WEATHER = frozen().series["weather_hourly"]
PVPC = frozen().series["pvpc"]
SLOT = datetime(2026, 3, 10, tzinfo=UTC)

names = st.text("abcdefghij/_-0123456789:.,\"' ñ", min_size=1, max_size=20).map(str.strip)
words = names.filter(bool)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Return a row as a store may hold it, of ours or of others."""
    slot = SLOT + timedelta(hours=draw(st.integers(-10_000, 240)))
    values = {
        field.name: draw(st.floats(field.minimum, field.maximum))
        for field in WEATHER.fields
        if field.name == "temperature" or draw(st.booleans())
    }
    kept = {
        name: Origin(draw(words), draw(st.sampled_from(Grade)))
        for name in values
        if draw(st.integers(0, 4)) == 0
    }
    source, batch = draw(st.one_of(st.just((None, None)), st.tuples(words, words)))
    return Row(slot, values, draw(st.sampled_from(Grade)), source, batch, kept)


def as_text(series: Series, held: list[Row], context: RunContext) -> str:
    """Return rows as an export writes them, by way of a store that holds them."""
    file = io.StringIO()
    import_rows(context, series, held, "import/0")
    window = Interval(SLOT - timedelta(days=500), SLOT + timedelta(days=20))
    write_csv(series, export_rows(context, series, window), file)
    return file.getvalue()


def read(text: str, series: Series = PVPC) -> list[Row]:
    """Read a text as this import."""
    return read_rows(series, text, "file", batch="import__1", now=NOW).rows


@given(st.lists(rows(), max_size=8, unique_by=lambda row: row.slot))
def test_import_undoes_export(held: list[Row]) -> None:
    """Every value to the last bit, with grade, source, batch and kept."""
    store = _Held(held)
    file = io.StringIO()
    window = Interval(SLOT - timedelta(days=500), SLOT + timedelta(days=20))
    write_csv(WEATHER, export_rows(store.context, WEATHER, window), file)
    assert read(file.getvalue(), WEATHER) == sorted(held, key=lambda row: row.slot)


class _Held:
    """A site whose store holds given rows."""

    def __init__(self, held: list[Row]) -> None:
        self._held = sorted(held, key=lambda row: row.slot)

    @property
    def context(self) -> RunContext:
        """Return a stand-in with the one thing an export asks of a site."""
        return cast("RunContext", SimpleNamespace(store=self))

    def read(self, _series: Series, window: Interval) -> list[Row]:
        """Return the rows of the window."""
        return [row for row in self._held if row.slot in window]


def test_a_store_copied_by_csv_is_the_same(context: RunContext) -> None:
    """Out of one store file, into another."""
    series = context.catalog.series["pvpc"]
    kept = {"price_eur_kwh": Origin("esios", Grade.OBSERVED)}
    held = [
        Row(SLOT, {"price_eur_mwh": 0.1 + 0.2}, Grade.OFFICIAL, "ree", "run/1"),
        Row(
            SLOT + timedelta(hours=1),
            {"price_eur_mwh": -0.5, "price_eur_kwh": 1e-05},
            Grade.PROVISIONAL,
            "ree",
            "run/1",
            kept,
        ),
        Row(SLOT + timedelta(hours=2), {"price_eur_mwh": 5.0}, Grade.OFFICIAL),
        Row(SLOT + timedelta(hours=3), {"price_eur_kwh": 0.005}, Grade.OFFICIAL),
    ]
    text = as_text(series, held, context)
    assert text.splitlines() == [
        "slot,price_eur_mwh,price_eur_kwh,grade,source,batch,kept",
        "2026-03-10T00:00:00Z,0.30000000000000004,,40,ree,run/1,",
        "2026-03-10T01:00:00Z,-0.5,1e-05,20,ree,run/1,price_eur_kwh:esios:30",
        "2026-03-10T02:00:00Z,5.0,,40,,,",
        "2026-03-10T03:00:00Z,,0.005,40,,,",
    ]
    assert isinstance(context.store, SqliteStore)
    other = SqliteStore(context.store.path.with_name("other.db"))
    assert other.import_rows(series, read(text)) == 4
    window = Interval(SLOT, SLOT + timedelta(days=1))
    assert other.read(series, window) == context.store.read(series, window) == held


def test_a_partial_row_does_not_replace_a_whole_one(context: RunContext) -> None:
    """A row without the price would open a gap that is closed."""
    series = context.catalog.series["pvpc"]
    whole = Row(SLOT, {"price_eur_mwh": 5.0}, Grade.OFFICIAL, "ree", "run/1")
    partial = Row(SLOT, {"price_eur_kwh": 0.5}, Grade.OFFICIAL, "import", "import__1")
    assert import_rows(context, series, [whole], "import/0").written == 1
    assert import_rows(context, series, [partial], "import/0").written == 0
    assert context.store.read(series, Interval(SLOT, SLOT + timedelta(hours=1))) == [whole]


def test_a_row_without_provenance_is_the_imports_own() -> None:
    """Absent columns and empty cells alike, unless a grade says that it was exported so."""
    head = "slot,price_eur_mwh"
    for text in (f"{head}\n2026-03-10T00:00Z,1\n", f"{head},grade,source\n2026-03-10T00:00Z,1,,\n"):
        (row,) = read(text)
        assert (row.grade, row.source, row.batch) == (Grade.OFFICIAL, "import", "import__1")
    (row,) = read(f"{head},grade\n2026-03-10T00:00Z,1,observed\n")
    assert (row.grade, row.source, row.batch) == (Grade.OBSERVED, "import", "import__1")
    (row,) = read(f"{head},grade,source,batch\n2026-03-10T00:00Z,1,30,,\n")
    assert (row.grade, row.source, row.batch) == (Grade.OBSERVED, None, None)


@pytest.mark.parametrize(
    "cells,said",
    [
        ("2026-03-10T00:00Z,1_0,,,", "column price_eur_mwh: '1_0' is not a number"),
        ("2026-03-10T00:00Z,inf,,,", "column price_eur_mwh: 'inf' is not a number"),
        ("0001-01-01T00:00+05:00,1,,,", "column slot: '0001-01-01T00:00+05:00' is not an instant"),
        ("2026-03-10T00:00Z,1,50,,", "column grade: '50' is not a grade; expected 10 (modelled), "),
        (
            "2026-03-10T00:00Z,1,,,price",
            "column kept: 'price' does not have the form field:source:",
        ),
        ("2026-03-10T00:00Z,1,,,x:ree:40", "column kept: it names 'x', which has no value"),
        ('2026-03-10T00:00Z,"1,,,', "unexpected end of data"),
    ],
    ids=["underscore", "infinity", "year 1", "grade", "kept", "kept of nothing", "open quote"],
)
def test_a_bad_cell_is_named_by_line_and_column(cells: str, said: str) -> None:
    """What is wrong, and where."""
    with pytest.raises(RequestError, match=r"^file, line 2") as caught:
        read(f"slot,price_eur_mwh,grade,source,kept\n{cells}\n")
    assert said in str(caught.value)
    assert str(caught.value).endswith("Nothing was imported.")


def test_a_row_changed_by_hand_is_the_imports_own_and_can_be_undone(context: RunContext) -> None:
    """No source is named for a value it did not give, and what stood is put back."""
    series = context.catalog.series["pvpc"]
    slot = datetime(2026, 3, 10, 5, tzinfo=UTC)
    stood = Row(slot, {"price_eur_mwh": 100.0}, Grade.OFFICIAL, "ree", "run/a")
    context.store.import_rows(series, [stood])
    changed = replace(stood, values={"price_eur_mwh": 999.0})
    anonymous = replace(changed, values={"price_eur_mwh": 888.0}, source=None, batch=None)
    window = Interval(slot, slot + timedelta(hours=1))
    for row, batch in ((changed, "import/1"), (anonymous, "import/2")):
        assert import_rows(context, series, [row], batch) == (1, True)
        (now,) = context.store.read(series, window)
        assert (now.source, now.batch, now.values) == ("import", batch, row.values)
        assert context.store.undo(batch, [series]).restored == 1
        assert context.store.read(series, window) == [stood]
    assert import_rows(context, series, [stood], "import/3") == (0, False)


def test_only_changed_values_of_a_row_are_the_imports(context: RunContext) -> None:
    """The others keep their sources and grades, in the same store as in an empty one."""
    series, slot = WEATHER, datetime(2026, 3, 10, 5, tzinfo=UTC)
    siar = Origin("siar/J17", Grade.OBSERVED)
    stood = Row(
        slot,
        {"temperature": 11.0, "humidity": 50.0, "wind_speed": 2.0, "solar_radiation": 300.0},
        Grade.PROVISIONAL,
        "openweathermap",
        "run/a",
        {"solar_radiation": siar, "wind_speed": siar},
    )
    text = as_text(series, [stood], context)
    edited = text.replace(",11.0,", ",12.5,").replace(",2.0,", ",2.5,").replace(",20,", ",30,")
    rows = read(edited, series)
    window = Interval(slot, slot + timedelta(hours=1))
    assert isinstance(context.store, SqliteStore)
    empty = SqliteStore(context.store.path.with_name("empty.db"))
    assert empty.import_rows(series, rows) == 1
    assert import_rows(context, series, rows, "import/1") == (1, True)
    for held in (*empty.read(series, window), *context.store.read(series, window)):
        assert held.values == {**stood.values, "temperature": 12.5, "wind_speed": 2.5}
        assert held.origin("humidity") == Origin("openweathermap", Grade.OBSERVED)
        assert held.origin("solar_radiation") == siar
    (now,) = context.store.read(series, window)
    assert now.origin("temperature") == now.origin("wind_speed") == Origin("import", Grade.OBSERVED)
    assert (now.grade, now.batch) == (Grade.OBSERVED, "import/1")
    assert context.store.undo("import/1", [series]).restored == 1
    assert context.store.read(series, window) == [stood]


def test_the_source_unknown_is_none() -> None:
    """The import's own without a batch; with an empty one the value of another program."""
    (own,) = read("slot,price_eur_mwh,grade,source\n2026-03-10T00:00Z,1,40,unknown\n")
    assert (own.source, own.batch) == ("import", "import__1")
    (theirs,) = read("slot,price_eur_mwh,grade,source,batch\n2026-03-10T00:00Z,1,40,unknown,\n")
    assert (theirs.source, theirs.batch) == (None, None)
