"""SIAR's half-hours: two make an hour, or none does."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.series import Grade
from gapfill.errors import MalformedPayload
from gapfill.sources.json_reader import Payload
from gapfill.sources.siar import parser as siar
from gapfill.sources.siar.hourly import mean_direction
from tests.sources.asks import payload
from tests.sources.siar.asks import body_of, half_hour, hourly_ask

if TYPE_CHECKING:
    from gapfill.sources.model import Answer

MADRID = "Europe/Madrid"
HOUR = timedelta(hours=1)
FILE = payload("siar_hourly_2025-06-30.json")
DAY = date(2025, 6, 30)
LABELS = [100 * (n // 60) + n % 60 for n in range(30, 24 * 60, 30)] + [2400]


def _two_days(body: bytes = FILE) -> Answer:
    return siar.parse(hourly_ask(DAY, date(2025, 7, 1)), Payload(200, body))


def _parse(*rows: dict[str, object], day: date = DAY, zone: str = "UTC") -> Answer:
    return siar.parse(hourly_ask(day, zone=zone), Payload(200, body_of(rows)))


def _hours(answer: Answer) -> list[str]:
    return [f"{reading.slot:%dT%H}" for reading in answer.readings]


def test_an_hour_holds_the_two_half_hours_that_end_in_it() -> None:
    """Means of what is a level, the sum of the rain, the direction on the circle."""
    answer = _two_days()
    by_slot = {reading.slot: reading for reading in answer.readings}
    assert by_slot[datetime(2025, 6, 30, tzinfo=UTC)].values == {
        "temperature": 19.62,
        "humidity": 60.765,
        "wind_speed": 2.415,
        "wind_direction": 71.9,
        "precipitation": 0.0,
        "solar_radiation": 0.0,
    }
    assert by_slot[datetime(2025, 6, 30, 16, tzinfo=UTC)].values == {
        "temperature": 35.035,
        "humidity": 22.255,
        "wind_speed": 3.645,
        "wind_direction": 235.85,
        "precipitation": 1.6,
        "solar_radiation": 615.85,
    }
    first = answer.readings[0]
    assert (first.grade, first.source) == (Grade.OBSERVED, "siar/J17")
    assert answer.days == {date(2025, 6, 30), date(2025, 7, 1)}


def test_north_lies_between_350_and_10_degrees() -> None:
    """Not south, which is what their arithmetic mean says."""
    readings = {reading.slot: reading.values for reading in _two_days().readings}
    assert readings[datetime(2025, 6, 30, 10, tzinfo=UTC)]["wind_direction"] == 0.0


@pytest.mark.parametrize(
    "degrees,expected",
    [
        ((350, 10), 0.0),
        ((10, 350), 0.0),
        ((0, 0), 0.0),
        ((360, 0), 0.0),
        ((80, 100), 90.0),
        ((270, 12.1), 321.05),
        ((359.5, 359.7), 359.6),
        ((90, 270), None),
        ((0, 180), None),
    ],
)
def test_directions_are_averaged_on_the_circle(
    degrees: tuple[float, float], expected: float | None
) -> None:
    """Two that are opposite have no mean."""
    assert mean_direction(*degrees) == expected


def test_2400_and_0_are_the_end_of_the_rows_own_day() -> None:
    """The last half-hour of a day, whichever way it is written."""
    readings = {reading.slot: reading.values for reading in _two_days().readings}
    assert readings[datetime(2025, 6, 30, 23, tzinfo=UTC)]["temperature"] == 21.175
    assert readings[datetime(2025, 7, 1, 23, tzinfo=UTC)]["temperature"] == 21.0


def test_an_hour_without_one_of_its_halves_has_no_reading() -> None:
    """2025-07-01 09:00 is missing, and 03:30 has no humidity."""
    answer = _two_days()
    assert len(answer.readings) == 47
    by_slot = {reading.slot: reading for reading in answer.readings}
    assert datetime(2025, 7, 1, 8, tzinfo=UTC) not in by_slot
    assert "humidity" not in by_slot[datetime(2025, 7, 1, 3, tzinfo=UTC)].values
    assert answer.evidence == "HTTP 200: 95 half-hours, 1 without their other half"


def test_a_value_that_one_half_lacks_is_not_there() -> None:
    """The others of the hour are."""
    readings = {reading.slot: reading.values for reading in _two_days().readings}
    assert set(readings[datetime(2025, 7, 1, 6, tzinfo=UTC)]) == {
        "temperature",
        "humidity",
        "wind_speed",
        "wind_direction",
        "precipitation",
    }


def test_the_newest_half_hour_alone_is_no_hour_yet() -> None:
    """Half of it would be told for the whole."""
    answer = _parse(half_hour("2025-06-30", 1030))
    assert (answer.readings, answer.rejected) == ((), ())
    assert answer.evidence == "HTTP 200: 1 half-hours, 1 without their other half"


@pytest.mark.parametrize("key", ["HorMin", "HoraMin", "HORMIN", "horamin"])
def test_names_are_read_in_any_case_and_of_either_version(key: str) -> None:
    """``Datos`` as well as ``datos``."""
    rows = [half_hour("2025-06-30", 0) | {key: time} for time in (30, 100)]
    for row in rows:
        row["tempmedia"] = row.pop("TempMedia")
        if key.lower() == "horamin":
            del row["HorMin"]
    rows = [{k: v for k, v in row.items() if k != "HorMin" or k == key} for row in rows]
    body = json.dumps({"Datos": rows, "mensajerespuesta": None}).encode()
    assert _hours(siar.parse(hourly_ask(DAY), Payload(200, body))) == ["30T00"]


@pytest.mark.parametrize(
    "times", [("0030", "0100"), ("00:30", "1:00"), (30.0, 100.0), ("30", " 100 ")]
)
def test_a_time_may_be_a_text(times: tuple[object, object]) -> None:
    """As long as it can mean one half-hour only."""
    assert _hours(_parse(*(half_hour("2025-06-30", time) for time in times))) == ["30T00"]


NO_TIMES = [15, 2430, 2500, 60, 1260, -30, None, "noon", True, 30.5, [30], 10**400]


@pytest.mark.parametrize("time", NO_TIMES, ids=lambda time: str(time)[:8])
def test_a_time_that_is_no_half_hour_is_never_rounded_to_one(time: object) -> None:
    """Alone it is no answer; among others it costs its own half-hour."""
    with pytest.raises(
        MalformedPayload, match=r"not a half-hour of a day|neither HorMin nor HoraMin"
    ):
        _parse(half_hour("2025-06-30", time))
    good = [half_hour("2025-06-30", at) for at in (30, 100, 130)]
    answer = _parse(*good, half_hour("2025-06-30", time))
    assert _hours(answer) == ["30T00"]
    assert [(r.slot, r.field, r.value) for r in answer.rejected] == [(None, "row", "datos[3]")]
    assert len(answer.no_verdict) == 23


def test_quarters_of_an_hour_are_of_another_step() -> None:
    """Half of them end with a half-hour, and would be taken for one."""
    rows = [half_hour("2025-06-30", time) for time in (15, 30, 45, 100)]
    with pytest.raises(MalformedPayload, match="not a half-hour of a day"):
        _parse(*rows)


def test_a_row_without_a_time_is_malformed() -> None:
    """It would be of no slot."""
    row = half_hour("2025-06-30", 30)
    del row["HorMin"]
    with pytest.raises(MalformedPayload, match="neither HorMin nor HoraMin"):
        _parse(row)


@pytest.mark.parametrize(
    "bad,reason", [("n/d", "is not a finite number"), (1e9, "is outside"), (-60, "is outside")]
)
def test_a_half_that_is_not_believed_is_reported_and_not_averaged(bad: object, reason: str) -> None:
    """−60 and 20 would make a believable −20."""
    first = half_hour("2025-06-30", 30, TempMedia=bad)
    answer = _parse(first, half_hour("2025-06-30", 100))
    assert [dict(reading.values) for reading in answer.readings] == [{"humidity": 50.0}]
    (rejected,) = answer.rejected
    assert (rejected.field, rejected.value) == ("temperature", str(bad))
    assert reason in rejected.reason


def test_a_half_hour_may_come_twice_with_the_same_values_only() -> None:
    """Else nobody knows which one is meant: its hour is dropped, and no other."""
    rows = [half_hour("2025-06-30", time) for time in (30, 30, 100, 100, 130, 200)]
    assert _hours(_parse(*rows)) == ["30T00", "30T01"]
    answer = _parse(*rows, half_hour("2025-06-30", 30, TempMedia=21))
    assert _hours(answer) == ["30T01"]
    (rejected,) = answer.rejected
    assert (rejected.slot, rejected.field) == (datetime(2025, 6, 30, tzinfo=UTC), "row")
    assert rejected.value == "temperature 20 and 21"
    assert "half-hour to 2025-06-30T00:30:00Z that comes twice" in rejected.reason
    assert datetime(2025, 6, 30, tzinfo=UTC) in answer.no_verdict
    last = [half_hour("2025-06-30", 0), half_hour("2025-06-30", 2400, TempMedia=21)]
    assert [r.slot for r in _parse(*rows, *last).rejected] == [
        datetime(2025, 6, 30, 23, tzinfo=UTC)
    ]


def test_two_stations_in_one_answer_are_malformed() -> None:
    """Half of the half-hours twice, with other values, are no slip."""
    times = (30, 100, 130, 200)
    rows = [half_hour("2025-06-30", time) for time in times]
    others = [half_hour("2025-06-30", time, TempMedia=9) for time in times[:2]]
    with pytest.raises(MalformedPayload, match="2025-06-30T00:30:00Z twice, with other values"):
        _parse(*rows, *others)


def test_a_half_hour_without_a_value_is_passed_over() -> None:
    """Whenever it is."""
    nothing = {"TempMedia": None, "HumedadMedia": None}
    rows = [half_hour("2025-06-30", time) for time in (30, 100)]
    empty = [half_hour("2025-06-30", time, **nothing) for time in (30, 7777, None, 15)]
    answer = _parse(*rows, *empty)
    assert (_hours(answer), answer.rejected) == (["30T00"], ())


def test_a_half_hour_of_the_future_is_malformed() -> None:
    """So is a 0 for the start of today, were it that: it would be tomorrow's midnight."""
    now = datetime(2025, 6, 30, 12, tzinfo=UTC)
    ask = hourly_ask(DAY, now=now)
    body = body_of([half_hour("2025-06-30", 1200)])
    assert siar.parse(ask, Payload(200, body)).evidence.startswith("HTTP 200: 1 half-hours")
    for time in (1230, 0):
        with pytest.raises(MalformedPayload, match="in the future"):
            siar.parse(ask, Payload(200, body_of([half_hour("2025-06-30", time)])))


def test_days_of_madrid_are_two_hours_early_in_summer_and_one_in_winter() -> None:
    """Where the catalogue says that the time base is the civil one."""
    for day, first in ((DAY, "29T22"), (date(2025, 1, 15), "14T23")):
        rows = [half_hour(str(day), time) for time in LABELS]
        answer = _parse(*rows, day=day, zone=MADRID)
        assert len(answer.readings) == 24
        assert _hours(answer)[0] == first


@pytest.mark.parametrize("skipped", [(200, 230), (230, 300)], ids=["named 3:00", "named 2:00"])
def test_the_spring_day_of_madrid_has_23_hours(skipped: tuple[int, int]) -> None:
    """The half-hour to the jump may be named 02:00 or 03:00."""
    day = date(2025, 3, 30)
    rows = [half_hour(str(day), time) for time in LABELS if time not in skipped]
    answer = _parse(*rows, day=day, zone=MADRID)
    start = datetime(2025, 3, 29, 23, tzinfo=UTC)
    assert [reading.slot for reading in answer.readings] == [start + n * HOUR for n in range(23)]


def test_a_time_that_the_clock_skipped_shows_that_the_time_base_is_another() -> None:
    """The sentence names what to mend."""
    rows = [half_hour("2025-03-30", time) for time in LABELS if time not in {200, 300}]
    with pytest.raises(MalformedPayload, match=r"02:30, a time that Europe/Madrid skips.*day_zone"):
        _parse(*rows, day=date(2025, 3, 30), zone=MADRID)
    assert len(_parse(*rows, day=date(2025, 3, 30)).readings) == 22


@pytest.mark.parametrize("extra", [(), (200, 230)], ids=["48 rows", "50 rows"])
def test_the_hour_of_madrid_that_exists_twice_is_left_out(extra: tuple[int, ...]) -> None:
    """Nobody can tell which of the two is meant, so 22 of 25 hours are read."""
    day = date(2025, 10, 26)
    rows = [half_hour(str(day), time) for time in (*LABELS, *extra)]
    answer = _parse(*rows, day=day, zone=MADRID)
    start = datetime(2025, 10, 25, 22, tzinfo=UTC)
    expected = [start + n * HOUR for n in (0, *range(4, 25))]
    assert [reading.slot for reading in answer.readings] == expected
    left_out = 3 + len(extra)
    assert answer.evidence == (
        f"HTTP 200: 45 half-hours, 1 without their other half, "
        f"{left_out} of the hour that exists twice left out"
    )


def test_in_utc_the_days_of_the_clock_changes_have_24_hours() -> None:
    """Nothing moves there."""
    for day in (date(2025, 3, 30), date(2025, 10, 26)):
        assert len(_parse(*(half_hour(str(day), t) for t in LABELS), day=day).readings) == 24
