"""An InfluxDB that other programs have written for years, in every way that they do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.coverage import Graded
from gapfill.domain.grid import Grid
from gapfill.domain.interval import Interval
from gapfill.domain.reading import Row
from gapfill.domain.series import Field, Grade
from gapfill.errors import ConfigError
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.store import InfluxStore
from tests.builders import PVPC, WEATHER, day, hour, hours, price, prices, weather
from tests.domain.samples import DAY
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.fault_proxy import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

pytestmark = pytest.mark.server

DAILY = replace(
    WEATHER,
    name="weather_daily",
    measurement="weather_daily",
    grid=Grid.of(DAY),
    exclude={},
    fields=(Field("temperature_mean", "°C", -40, 60, required=True),),
)


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return an empty bucket."""
    made = InfluxBackend(tmp_path)
    yield made
    made.close()


def write(backend: InfluxBackend, *lines: tuple[str, datetime]) -> None:
    """Write lines at instants, exact to the microsecond."""
    backend.engine.write(backend.bucket, [f"{line} {to_ns(at)}" for line, at in lines])


def test_instants_with_fractions_of_a_second_lie_in_their_slots(backend: InfluxBackend) -> None:
    """A program that writes at its own clock leaves no false gap and hides no true one."""
    micro = 1e-6 / 3600
    times = [0.25, 1 - micro, 1 + micro, 2.5, 4, 5 - micro, 7 - micro, 8 + micro, 8.5]
    write(backend, *(("energy_prices,market=pvpc price_eur_mwh=1", hour(t)) for t in times))
    store = backend.open()
    assert store.missing(PVPC, hours(0, 10)) == [
        hours(3, 4), hours(5, 6), hours(7, 8), hours(9, 10),
    ]  # fmt: skip
    assert [row.slot for row in store.read(PVPC, hours(0, 10))] == [
        hour(n) for n in (0, 1, 2, 4, 6, 8)
    ]


def test_forecasts_and_days_among_the_hours_do_not_count(backend: InfluxBackend) -> None:
    """Whatever their tags say that they are; a tag named source says nothing."""
    both = "temperature=20,humidity=50"
    write(
        backend,
        (f"weather_data,place=linares,source=station {both}", hour(0)),
        (f"weather_data,place=linares,data_type=forecast {both}", hour(1)),
        (f"weather_data,place=linares,data_source=aemet_daily {both}", hour(2)),
        (f"weather_data,data_type=observation {both}", hour(3)),
        (f"weather_data,place=jaen {both}", hour(4)),
    )
    store = backend.open()
    assert store.missing(WEATHER, hours(0, 5)) == [hours(1, 3), hours(4, 5)]
    assert store.newest(WEATHER) == hour(3)
    assert store.write(WEATHER, [weather(n, Grade.OBSERVED) for n in range(5)], "run/a") == 3
    assert store.read(WEATHER, hours(0, 1)) == [
        Row(hour(0), {"temperature": 20.0, "humidity": 50.0}, Grade.OBSERVED)
    ]


def test_whole_numbers_texts_and_truths_are_read_for_what_they_are(backend: InfluxBackend) -> None:
    """An integer is a number; a text is no value, and so no reading."""
    write(
        backend,
        ("energy_prices,market=pvpc price_eur_mwh=7i", hour(0)),
        ('energy_prices,market=pvpc price_eur_kwh="cheap"', hour(1)),
    )
    store = backend.open()
    assert store.read(PVPC, hours(0, 2)) == [Row(hour(0), {"price_eur_mwh": 7.0}, Grade.OFFICIAL)]
    assert store.missing(PVPC, hours(0, 2)) == [hours(1, 2)]


@pytest.mark.parametrize("text_or_truth", ['"unavailable"', "true"])
def test_weeks_of_texts_are_gaps_at_either_end_and_between(
    backend: InfluxBackend, text_or_truth: str
) -> None:
    """A program that stores "unavailable" for years has stored no price."""
    monday = -24 * hour(0).weekday() - hour(0).hour  # types are fixed by the week of the server

    def week(first: int, end: int) -> Interval:
        return hours(monday + 168 * first, monday + 168 * end)

    for n in range(12):
        what = "1.5" if n in (4, 5, 8) else text_or_truth
        line = f"energy_prices,market=pvpc price_eur_mwh={what}"
        write(backend, *((line, hour(monday + 168 * n + h)) for h in range(168)))
    store = backend.open()
    assert store.missing(PVPC, week(0, 12)) == [week(0, 4), week(6, 8), week(9, 12)]
    assert store.missing(PVPC, week(0, 3)) == [week(0, 3)]
    assert store.newest(PVPC) == hour(monday + 168 * 9 - 1)
    assert store.read(PVPC, week(10, 11)) == []


def test_a_field_named_like_an_excluded_tag_decides_nothing(backend: InfluxBackend) -> None:
    """What a point is is said by its tags."""
    both = "temperature=20,humidity=50"
    write(
        backend,
        *((f"weather_data,place=linares {both}", hour(n)) for n in range(3)),
        (f'weather_data,place=linares {both},data_type="forecast"', hour(3)),
        (f'weather_data,place=linares,data_type=forecast {both},data_type="x"', hour(4)),
    )
    store = backend.open()
    assert store.missing(WEATHER, hours(0, 6)) == [hours(4, 6)]
    assert [row.slot for row in store.read(WEATHER, hours(0, 6))] == [hour(n) for n in range(4)]


def test_days_are_slots_like_hours(backend: InfluxBackend) -> None:
    """A value at noon is of its day."""
    noons = [
        (f"weather_daily,place=linares temperature_mean={n}", day(n) + DAY / 2) for n in (0, 2)
    ]
    write(backend, *noons)
    store = backend.open()
    assert store.missing(DAILY, Interval(day(0), day(4))) == [
        Interval(day(1), day(2)),
        Interval(day(3), day(4)),
    ]
    assert store.newest(DAILY) == day(2)


def test_fields_that_never_meet_are_no_reading(backend: InfluxBackend) -> None:
    """Temperature in the even hours and humidity in the odd ones: nothing is complete."""
    lines = [
        (f"weather_data,place=linares {('temperature', 'humidity')[n % 2]}=5", hour(n))
        for n in range(30)
    ]
    write(backend, *lines)
    store = backend.open()
    assert store.missing(WEATHER, hours(0, 30)) == [hours(0, 30)]
    assert store.newest(WEATHER) is None
    store.write(WEATHER, [weather(7, Grade.OBSERVED)], "run/a")
    assert store.newest(WEATHER) == hour(7)
    assert store.missing(WEATHER, hours(0, 30)) == [hours(0, 7), hours(8, 30)]


def test_a_default_grade_below_the_target_is_found_without_provenance(
    backend: InfluxBackend,
) -> None:
    """InfluxQL cannot ask for a field that lacks; the store must not overlook it."""
    modest = replace(PVPC, default_grade=Grade.PROVISIONAL)
    lines = [("energy_prices,market=pvpc price_eur_mwh=1", hour(n)) for n in (0, 1)]
    write(backend, *lines)
    store = backend.open()
    store.write(modest, prices([2]), "run/a")
    assert store.lower_grade(modest, hours(0, 3)) == [Graded(hours(0, 2), Grade.PROVISIONAL)]


def test_a_long_history_of_many_points_is_told_in_few_bytes(backend: InfluxBackend) -> None:
    """Two hundred thousand samples of five minutes, with one hole of an hour and a half."""
    start = int(hour(0).timestamp())
    lines = [
        f"energy_prices,market=pvpc price_eur_mwh=1 {start + 300 * n}000000000"
        for n in range(200_000)
        if not 50_000 <= n < 50_018
    ]
    for first in range(0, len(lines), 20_000):
        backend.engine.write(backend.bucket, lines[first : first + 20_000])
    store = backend.open()
    (run,) = store.missing(PVPC, hours(0, 16_000))
    assert run == hours(4167, 4168)
    assert len(store.read(PVPC, hours(0, 2000))) == 2000


def test_a_long_window_is_asked_in_parts_at_once_and_told_as_one(backend: InfluxBackend) -> None:
    """Gaps at, over and beside the cut, at both ends, and of every length come out whole."""
    days, cut = 6 * 366, 24 * (6 * 366 // 2)
    gone = {0, 1, 9_000, *range(10_000, 20_000), cut - 1, cut, cut + 5}
    there = [n for n in range(24 * days - 7) if n not in gone]
    backend.engine.write(
        backend.bucket,
        [f"energy_prices,market=pvpc price_eur_mwh=1 {int(hour(n).timestamp())}" for n in there],
        "s",
    )
    store = backend.open()
    assert store.missing(PVPC, hours(0, 24 * days)) == [
        hours(0, 2), hours(9_000, 9_001), hours(10_000, 20_000), hours(cut - 1, cut + 1),
        hours(cut + 5, cut + 6), hours(24 * days - 7, 24 * days),
    ]  # fmt: skip


def test_series_of_one_measurement_are_undone_apart(backend: InfluxBackend) -> None:
    """Points with more tags than the series' own, at the same instant, stay."""
    write(backend, ("energy_prices,geo=8741,market=pvpc,unit=eur price_eur_mwh=3", hour(0.5)))
    write(backend, ("energy_prices,geo=8741,market=pvpc,unit=eur other=3", hour(0)))
    store = backend.open()
    columns = 'SELECT "other", "price_eur_mwh", "unit" FROM "energy_prices"'
    before = backend.engine.ask(backend.bucket, columns)
    assert store.write(PVPC, [price(0), price(1)], "run/a") == 1
    store.undo("run/a", [PVPC])
    assert backend.engine.ask(backend.bucket, columns) == before


@pytest.mark.parametrize("name", ["time", "gapfill_grade", "_field", "market"])
def test_names_that_influxdb_needs_itself_are_refused(backend: InfluxBackend, name: str) -> None:
    """A wrong catalogue is a person's to mend."""
    odd = replace(PVPC, fields=(replace(PVPC.fields[0], name=name),))
    for use in (lambda: backend.open().missing(odd, hours(0, 1)),
                lambda: backend.open().write(odd, [price(0)], "run/a")):  # fmt: skip
        with pytest.raises(ConfigError, match=f"'{name}'"):
            use()


@pytest.mark.parametrize("said", ["", "a\\", "a\nb"])
def test_tags_that_influxdb_cannot_hold_are_refused(backend: InfluxBackend, said: str) -> None:
    """They would be stored as something else."""
    odd = replace(PVPC, tags={"market": said})
    with pytest.raises(ConfigError, match="a tag market="):
        backend.open().write(odd, [price(0)], "run/a")
    with pytest.raises(ConfigError, match="a tag market="):
        backend.open().missing(odd, hours(0, 1))


def test_names_of_influxql_are_names_as_any_other(backend: InfluxBackend) -> None:
    """They are quoted wherever they stand."""
    fields = (replace(PVPC.fields[0], name="select"), replace(PVPC.fields[1], name='a "b" \\c, =d'))
    odd = replace(PVPC, measurement="from where", fields=fields, tags={"order by": "it's, =\\x"})
    values = {"select": 1.0, 'a "b" \\c, =d': 2.0}
    store = backend.open()
    store.import_rows(odd, [Row(hour(1), values, Grade.MODELLED, 's "x" \\', "run/a b")])
    assert store.missing(odd, hours(0, 3)) == [hours(0, 1), hours(2, 3)]
    assert [r.interval for r in store.lower_grade(odd, hours(0, 3))] == [hours(1, 2)]
    (row,) = store.read(odd, hours(0, 3))
    assert (row.values, row.source, row.batch) == (values, 's "x" \\', "run/a b")
    assert store.undo("run/a b", [odd]) == (0, 1, 0)
    assert store.read(odd, hours(0, 3)) == []


def test_what_is_not_finite_is_not_written(backend: InfluxBackend) -> None:
    """One such value would have the whole body refused."""
    values = {"price_eur_mwh": 1.0, "price_eur_kwh": float("nan")}
    store = backend.open()
    store.import_rows(PVPC, [Row(hour(0), values, Grade.OFFICIAL, "ree", "run/a")])
    assert store.read(PVPC, hours(0, 1))[0].values == {"price_eur_mwh": 1.0}


def test_what_crosses_the_wire_grows_with_the_gaps_and_not_with_the_history(
    backend: InfluxBackend,
) -> None:
    """A complete year is told in a few hundred bytes, one with 91 holes in a few thousand."""
    backend.open().write(PVPC, prices(n for n in range(8760) if n % 96 != 5), "run/a")
    proxy = FaultProxy(backend.engine.url)
    store = InfluxStore(backend.engine.access(backend.bucket, url=proxy.url))
    assert len(store.missing(PVPC, hours(0, 8760))) == 92
    assert proxy.received < 2000
    backend.open().write(PVPC, prices(range(8760)), "run/b")
    proxy.received = 0
    assert store.missing(PVPC, hours(0, 8760)) == []
    assert store.lower_grade(PVPC, hours(0, 8760)) == []
    assert proxy.received < 600
    proxy.received = 0
    assert len(store.read(PVPC, hours(0, 8760))) == 8760
    assert proxy.received > 20_000
    store.close()
    proxy.close()
