"""SIAR's days."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from gapfill.domain.series import Grade
from gapfill.errors import MalformedPayload
from gapfill.sources.json_reader import Payload
from gapfill.sources.siar import parser as siar
from tests.sources.asks import payload
from tests.sources.siar.asks import body_of, daily_ask

FILE = payload("siar_daily_2025-09-14.json")
FIRST, LAST = date(2025, 9, 14), date(2025, 9, 16)


def _row(day: str, **values: object) -> dict[str, object]:
    return {"Fecha": f"{day}T00:00:00", "Estacion": "J17", "TempMedia": 20.5, **values}


def test_a_day_is_read_into_the_fields_of_the_series() -> None:
    """The slot starts at 00:00Z of the date; 31 days later the values are official."""
    answer = siar.parse(daily_ask(FIRST, LAST), Payload(200, FILE))
    assert [reading.slot.date() for reading in answer.readings] == [
        date(2025, 9, 14),
        date(2025, 9, 15),
        date(2025, 9, 16),
    ]
    first = answer.readings[0]
    assert first.slot == datetime(2025, 9, 14, tzinfo=UTC)
    assert first.values == {
        "temperature_mean": 23.1,
        "temperature_max": 32.44,
        "temperature_min": 13.52,
        "humidity_mean": 45.2,
        "wind_speed_mean": 1.31,
        "wind_gust_max": 6.9,
        "precipitation": 0.0,
        "solar_radiation": 24.11,
        "et0": 5.62,
    }
    assert (first.grade, first.source) == (Grade.OFFICIAL, "siar/J17")
    assert (answer.evidence, answer.rejected) == ("HTTP 200: 3 days", ())


def test_a_value_of_the_last_month_may_still_be_corrected() -> None:
    """It is observed, not official."""
    now = datetime(2025, 9, 20, tzinfo=UTC)
    answer = siar.parse(daily_ask(FIRST, LAST, now=now), Payload(200, FILE))
    assert {reading.grade for reading in answer.readings} == {Grade.OBSERVED}


def test_nulls_are_fields_that_lack() -> None:
    """The wind of the last day."""
    values = siar.parse(daily_ask(FIRST, LAST), Payload(200, FILE)).readings[-1].values
    assert not {"wind_speed_mean", "wind_gust_max"} & set(values)
    assert values["et0"] == 3.98


def test_a_day_whose_values_are_all_null_is_no_reading() -> None:
    """SIAR has such rows in its files."""
    row = dict.fromkeys(("TempMedia", "TempMax", "Radiacion"))
    answer = siar.parse(daily_ask(FIRST), Payload(200, body_of([_row("2025-09-14") | row])))
    assert (answer.readings, answer.rejected) == ((), ())


@pytest.mark.parametrize("value", [-99.0, "n/d", 1e9])
def test_a_value_that_is_not_believed_is_reported(value: object) -> None:
    """The rest of the day stays."""
    answer = siar.parse(
        daily_ask(FIRST), Payload(200, body_of([_row("2025-09-14", TempMax=value)]))
    )
    assert [reading.values for reading in answer.readings] == [{"temperature_mean": 20.5}]
    assert [rejected.field for rejected in answer.rejected] == ["temperature_max"]


def test_the_row_of_a_day_that_is_not_over_is_left_out() -> None:
    """Its mean would be of the morning."""
    ask = daily_ask(date(2025, 9, 15), LAST, now=datetime(2025, 9, 16, 12, tzinfo=UTC))
    answer = siar.parse(ask, Payload(200, body_of([_row("2025-09-15"), _row("2025-09-16")])))
    assert [reading.slot.date() for reading in answer.readings] == [date(2025, 9, 15)]
    assert answer.evidence == "HTTP 200: 1 days, 1 of a day that is not over left out"


def test_a_day_of_the_future_is_malformed() -> None:
    """A forecast, or rows that are shifted."""
    ask = daily_ask(FIRST, LAST, now=datetime(2025, 9, 15, 12, tzinfo=UTC))
    with pytest.raises(MalformedPayload, match="2025-09-16, which is in the future"):
        siar.parse(ask, Payload(200, FILE))


def test_a_day_twice_with_other_values_is_neither() -> None:
    """The same values twice are one; another day is kept."""
    rows = [_row("2025-09-14"), _row("2025-09-14")]
    assert len(siar.parse(daily_ask(FIRST), Payload(200, body_of(rows))).readings) == 1
    more = [_row("2025-09-14", TempMedia=30), _row("2025-09-15"), _row("2025-09-16")]
    answer = siar.parse(daily_ask(FIRST, LAST), Payload(200, body_of([*rows, *more])))
    assert [reading.slot.day for reading in answer.readings] == [15, 16]
    assert [(r.slot, r.field) for r in answer.rejected] == [
        (datetime(2025, 9, 14, tzinfo=UTC), "row")
    ]
    assert answer.no_verdict == {datetime(2025, 9, 14, tzinfo=UTC)}


@pytest.mark.parametrize("day", ["2025-09-13", "2025-09-17"])
def test_a_day_that_was_not_asked_and_has_no_value_is_passed_over(day: str) -> None:
    """It can do no harm."""
    rows = [_row("2025-09-14"), _row(day, TempMedia=None)]
    assert len(siar.parse(daily_ask(FIRST), Payload(200, body_of(rows))).readings) == 1
