"""SIAR's CSV files into daily weather: each row is accounted for, and no better value is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from gapfill.domain.interval import END_OF_TIME, Interval
from gapfill.domain.reading import Reading, Row
from gapfill.domain.series import Grade, Station
from gapfill.errors import MalformedPayload, StoreError
from gapfill.services.siar_csv_import import ImportedFiles, document, import_files, targets
from gapfill.sources.siar_csv.parser import CsvFile, read_file
from tests.catalogs import frozen
from tests.sources.siar_csv.files import NAME, blank, csv_bytes, days, row, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gapfill.catalog import Catalog
    from gapfill.domain.series import Series
    from gapfill.services.context import RunContext
    from gapfill.services.ports import Store

DAY = timedelta(days=1)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
SINCE = datetime(2018, 6, 13, tzinfo=UTC)
EVERYTHING = {
    "temperature_mean": 20.0,
    "temperature_max": 25.0,
    "temperature_min": 15.0,
    "humidity_mean": 50.0,
    "wind_speed_mean": 1.0,
    "wind_gust_max": 5.0,
    "precipitation": 0.0,
    "solar_radiation": 20.0,
    "et0": 4.0,
}
"""Every field that a row of SIAR has."""
EVERYTHING = {
    "temperature_mean": 20.0,
    "temperature_max": 25.0,
    "temperature_min": 15.0,
    "humidity_mean": 50.0,
    "wind_speed_mean": 1.0,
    "wind_gust_max": 5.0,
    "precipitation": 0.0,
    "solar_radiation": 20.0,
    "et0": 4.0,
}
"""Every field that a row of SIAR has."""
BATCH = "import__1"
OTHER = "J17_Linares_01_01_2023_31_12_2023.csv"
OLD = "J09_Linares_01_01_2018_31_12_2018.csv"


@pytest.fixture
def weather(context: RunContext) -> RunContext:
    """Return a site with an empty store and the whole catalogue, at 2026-03-20."""
    return replace(context, catalog=frozen())


def file_of(*lines: str, name: str = NAME) -> CsvFile:
    """Return a file of these rows, read."""
    return read_file(name, csv_bytes(*lines))


def import_all(context: RunContext, *files: CsvFile, batch: str = BATCH) -> list[ImportedFiles]:
    """Import files, each under its station."""
    by_station: dict[str, list[CsvFile]] = {}
    for file in files:
        by_station.setdefault(file.station, []).append(file)
    return import_files(context, by_station, batch)


def held(context: RunContext) -> list[Row]:
    """Return all rows of daily weather."""
    return context.store.read(context.catalog.series["weather_daily"], Interval(SINCE, END_OF_TIME))


def with_stations(known: Catalog, *stations: Station) -> Catalog:
    """Return a catalogue whose daily weather has these stations."""
    series = known.series["weather_daily"]
    place = replace(series.place, stations=stations)
    return replace(known, series={"weather_daily": replace(series, place=place)})


def test_rows_are_stored_with_their_source_batch_and_grade(weather: RunContext) -> None:
    """Official once 31 days old, observed before."""
    file = file_of(row(date(2024, 1, 1)), row(date(2026, 3, 19), "15,25"))
    (taken,) = import_all(weather, file)
    assert taken == ImportedFiles(NAME, "J17", "weather_daily", 2, 0, 0, 0, written=2, stood=0)
    first, last = held(weather)
    assert (first.slot, first.grade) == (FIRST, Grade.OFFICIAL)
    assert (first.source, first.batch, first.kept) == ("siar_csv/J17", BATCH, {})
    assert first.values["temperature_mean"] == 10.5
    assert (last.slot, last.grade) == (datetime(2026, 3, 19, tzinfo=UTC), Grade.OBSERVED)
    assert last.values["temperature_mean"] == 15.25


def test_each_row_is_in_one_count(weather: RunContext) -> None:
    """Blank, incomplete, outside, written, stood: together the rows of the file."""
    file = file_of(
        *rows(days(date(2018, 6, 11), 4)),
        blank(date(2018, 6, 15)),
        row(date(2018, 6, 16), ""),
        row(date(2018, 6, 17), "-60"),
        row(date(2018, 6, 18)).replace(";85,7;", ";140;"),
    )
    stands = Reading(SINCE, EVERYTHING, Grade.OFFICIAL, "aemet/5279X")
    weather.store.write(weather.catalog.series["weather_daily"], [stands], "run/1")
    (taken,) = import_all(weather, file)
    assert (taken.rows, taken.blank, taken.incomplete, taken.outside) == (8, 1, 2, 2)
    assert (taken.written, taken.stood) == (2, 1)
    assert [(r.field, r.value) for r in taken.refused] == [
        ("temperature_mean", "-60"),
        ("humidity_mean", "140"),
    ]
    assert [r.slot.day for r in held(weather)] == [13, 14, 16, 17, 18]
    assert "temperature_mean" not in held(weather)[2].values  # the rest of the row is kept
    assert held(weather)[0].source == "aemet/5279X"


def test_a_lower_grade_does_not_replace_a_higher_one(weather: RunContext) -> None:
    """AEMET's official day stays against a young one of SIAR; SIAR's old one replaces modelled."""
    series = weather.catalog.series["weather_daily"]
    young, old = datetime(2026, 3, 10, tzinfo=UTC), datetime(2026, 1, 10, tzinfo=UTC)
    weather.store.write(
        series,
        [
            Reading(old, {"temperature_mean": 1.0}, Grade.MODELLED, "open_meteo"),
            Reading(young, EVERYTHING, Grade.OFFICIAL, "aemet/5279X"),
        ],
        "run/1",
    )
    (taken,) = import_all(weather, file_of(row(date(2026, 1, 10)), row(date(2026, 3, 10))))
    assert (taken.written, taken.stood) == (1, 1)
    assert [(r.grade, r.values["temperature_mean"]) for r in held(weather)] == [
        (Grade.OFFICIAL, 10.5),
        (Grade.OFFICIAL, 20.0),
    ]


def test_importing_twice_changes_nothing(weather: RunContext) -> None:
    """The second batch is empty, so there is nothing to take back of it."""
    file = file_of(*rows(days(date(2024, 1, 1), 5)))
    import_all(weather, file)
    before = held(weather)
    (taken,) = import_all(weather, file, batch="import__2")
    assert (taken.written, taken.stood) == (0, 5)
    assert held(weather) == before
    assert weather.store.batch_slots("import__2") == {}


def test_an_import_is_undone_to_what_stood_before(weather: RunContext) -> None:
    """Added rows go, replaced ones come back."""
    series = weather.catalog.series["weather_daily"]
    before = Reading(FIRST, {"temperature_mean": 1.0}, Grade.MODELLED, "open_meteo")
    weather.store.write(series, [before], "run/1")
    import_all(weather, file_of(*rows(days(date(2024, 1, 1), 3))))
    undone = weather.store.undo(BATCH, weather.catalog.series.values())
    assert (undone.removed, undone.restored, undone.left) == (2, 1, 0)
    (left,) = held(weather)
    assert (left.values["temperature_mean"], left.batch) == (1.0, "run/1")


def test_a_day_of_two_files_counts_in_the_first(weather: RunContext) -> None:
    """It is written once."""
    one = file_of(*rows(days(date(2023, 12, 30), 3)), name=OTHER)
    two = file_of(*rows(days(date(2023, 12, 31), 3)))
    counts = [(t.file, t.rows, t.written, t.stood) for t in import_all(weather, one, two)]
    assert counts == [(OTHER, 3, 3, 0), (NAME, 3, 1, 2)]
    assert len(held(weather)) == 4


def test_nothing_is_written_where_one_file_is_wrong(weather: RunContext) -> None:
    """Not even the days of the good station."""
    stations = [Station("siar_csv", name, Interval(SINCE, END_OF_TIME)) for name in ("J17", "J09")]
    context = replace(weather, catalog=with_stations(weather.catalog, *stations))
    good = file_of(row(date(2024, 1, 1)))
    old = [row(date(2018, 7, 1), station="9"), row(date(2018, 7, 1), "3", station="9")]
    with pytest.raises(MalformedPayload, match=rf"^{OLD}, line 3: .* in {OLD}, line 2\. "):
        import_all(context, good, file_of(*old, name=OLD))
    with pytest.raises(MalformedPayload, match="line 2: 20/03/2026 has values and is not over"):
        import_all(context, good, file_of(row(date(2026, 3, 20), station="9"), name=OLD))
    assert held(context) == []


def test_stations_of_a_place_fill_one_series_each_in_its_own_dates(weather: RunContext) -> None:
    """J09 up to the move, J17 from then on; the rows outside are counted and left."""
    move = datetime(2018, 7, 2, tzinfo=UTC)
    stations = (
        Station("siar_csv", "J09", Interval(SINCE, move)),
        Station("siar", "J17", Interval(move, END_OF_TIME)),
    )
    context = replace(weather, catalog=with_stations(weather.catalog, *stations))
    dates = days(date(2018, 7, 1), 2)
    taken = import_all(context, file_of(*rows(dates)), file_of(*rows(dates, station="9"), name=OLD))
    counts = [(t.station, t.written, t.outside) for t in taken]
    assert sorted(counts) == [("J09", 1, 1), ("J17", 1, 1)]
    assert [r.source for r in held(context)] == ["siar_csv/J09", "siar/J17"]


def test_of_two_stations_with_the_same_day_the_first_one_stands(weather: RunContext) -> None:
    """The second is as good, and counts as nothing written."""
    stations = [Station("siar_csv", name, Interval(SINCE, END_OF_TIME)) for name in ("J17", "J09")]
    context = replace(weather, catalog=with_stations(weather.catalog, *stations))
    old = file_of(row(date(2024, 1, 1), "3", station="9"), name=OLD)
    taken = import_all(context, file_of(row(date(2024, 1, 1))), old)
    assert [(t.station, t.written, t.stood) for t in taken] == [("J17", 1, 0), ("J09", 0, 1)]
    assert [r.source for r in held(context)] == ["siar_csv/J17"]


def test_a_refused_value_is_told_of_the_file_that_says_it(weather: RunContext) -> None:
    """Also where the day's other values come from another file."""
    one = file_of(row(date(2023, 12, 31), "-60"), row(date(2024, 1, 1), et0=""), name=OTHER)
    two = file_of(row(date(2024, 1, 1), "", et0="99"))
    first, second = import_all(weather, one, two)
    assert [(r.field, r.value) for r in first.refused] == [("temperature_mean", "-60")]
    assert [(r.field, r.value) for r in second.refused] == [("et0", "99")]
    assert second.refused[0].reason == f"is outside 0 to 30 mm ({NAME}, line 2)"


def test_a_station_of_other_dates_than_the_series_is_accounted_for(weather: RunContext) -> None:
    """Its rows are all outside, and none of them is stored."""
    closed = Station("siar_csv", "J09", Interval(SINCE - 900 * DAY, SINCE))
    context = replace(weather, catalog=with_stations(weather.catalog, closed))
    lines = [row(date(2018, 6, 20), station="9"), blank(date(2018, 6, 21), station="9")]
    (taken,) = import_all(context, file_of(*lines, name=OLD))
    assert taken == ImportedFiles(
        OLD, "J09", "weather_daily", 2, 1, 0, outside=1, written=0, stood=0
    )
    assert held(context) == []


def test_a_file_without_values_is_accounted_for(weather: RunContext) -> None:
    """A year in which the station was off."""
    (taken,) = import_all(weather, file_of(blank(date(2024, 1, 1))))
    assert taken == ImportedFiles(
        NAME, "J17", "weather_daily", 1, 1, 0, outside=0, written=0, stood=0
    )
    assert held(weather) == []


def test_targets_are_the_daily_weather_series_with_a_siar_station() -> None:
    """J17 stands under both sources, and is one target; hourly weather and prices are none."""
    found = [(t.series.name, t.product.key, t.station.id) for t in targets(frozen())]
    assert found == [("weather_daily", "siar_csv.daily", "J17")]


@pytest.mark.parametrize("changed", [None, {"temperature_mean": 20.5}])
def test_what_cannot_be_read_back_is_an_error(
    weather: RunContext, changed: dict[str, float] | None
) -> None:
    """A store that loses or changes what it was given is not taken at its word."""
    context = replace(weather, store=cast("Store", _Forgetful(weather.store, changed)))
    with pytest.raises(StoreError, match="1 of 1 days were written but could not be read back"):
        import_all(context, file_of(row(date(2024, 1, 1))))


class _Forgetful:
    """A store that says that it wrote, and did not, or wrote something else."""

    def __init__(self, store: Store, changed: dict[str, float] | None) -> None:
        self.batch_slots, self.read = store.batch_slots, store.read
        self._store, self._changed = store, changed

    def write(self, series: Series, readings: Sequence[Reading], batch: str) -> int:
        """Forget, or write other values."""
        if self._changed is not None:
            changed = [replace(r, values={**r.values, **self._changed}) for r in readings]
            self._store.write(series, changed, batch)
        return 1


def test_the_document_has_every_count_and_refused_value(weather: RunContext) -> None:
    """For a program; the batch is there only where it wrote something."""
    file = file_of(row(date(2024, 1, 1)).replace(";85,7;", ";140;"))
    taken = import_all(weather, file)
    assert document(taken, ["notes.csv"], BATCH, weather.now) == {
        "now": "2026-03-20T12:00:00Z",
        "batch": "import__1",
        "written": 1,
        "files": [
            {
                "file": NAME,
                "station": "J17",
                "series": "weather_daily",
                "rows": 1,
                "blank": 0,
                "incomplete": 0,
                "outside": 0,
                "written": 1,
                "stood": 0,
                "refused": [
                    {
                        "slot": "2024-01-01T00:00:00Z",
                        "field": "humidity_mean",
                        "value": "140",
                        "reason": f"is outside 0 to 100 % ({NAME}, line 2)",
                    }
                ],
            }
        ],
        "skipped": ["notes.csv"],
    }
    assert document([], [], BATCH, weather.now)["batch"] is None
