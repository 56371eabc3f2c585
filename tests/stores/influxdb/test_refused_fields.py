"""One write into shards that refuse it for different fields: each shard keeps its own cause."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.reading import Reading
from gapfill.domain.series import Field, Grade
from gapfill.errors import StoreRefused
from gapfill.services.ports import LedgerQuery
from gapfill.stores.influxdb import refused_slots as refused
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.line_protocol import to_ns
from tests.builders import PVPC, WEATHER, hour, hours
from tests.stores.backends import InfluxBackend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill.domain.candidate import RefusedRun
    from gapfill.domain.series import Series

pytestmark = pytest.mark.server

MONDAY, WEEK = 24 * 4, 168
"""In hours after 2026-01-01: where a shard begins, and how long it is."""

BOUNDS = [
    Field("temperature", "°C", -40, 60, required=True),
    Field("humidity", "%", 0, 100, required=True),
    *(Field(f"extra_{n}", "1", 0, 100) for n in range(6)),
]
EIGHT = replace(WEATHER, fields=tuple(BOUNDS))


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return an empty bucket with shards of a week."""
    made = InfluxBackend(tmp_path)
    yield made
    made.close()


def priced(*slots: int) -> list[Reading]:
    """Return prices with both fields."""
    values = {"price_eur_mwh": 50.0, "price_eur_kwh": 0.05}
    return [Reading(hour(n), values, Grade.OFFICIAL, "ree") for n in slots]


def plant(backend: InfluxBackend, week: int, body: str) -> None:
    """Write a price of another place into the hour 40 of a week."""
    at = to_ns(hour(MONDAY + WEEK * week + 40))
    backend.engine.write(backend.bucket, [f"energy_prices,geo=8743,market=pvpc {body} {at}"])


def standing(backend: InfluxBackend, series: Series) -> list[RefusedRun]:
    """Return what the store remembers to refuse, in order."""
    inquiry = LedgerQuery(hour(0), hour(0), (series,))
    return sorted(backend.open().ledger_snapshot(inquiry).refused[series.name])


def test_each_shard_is_refused_for_its_own_field(backend: InfluxBackend) -> None:
    """A required one costs the slots of its weeks, an optional one only itself in its own."""
    for week, body in enumerate(
        (
            "price_eur_mwh=7i,price_eur_kwh=0.5",
            "price_eur_mwh=7.5,price_eur_kwh=1i",
            "price_eur_mwh=7i,price_eur_kwh=0.5",
        )
    ):
        plant(backend, week, body)
    slots = [MONDAY + WEEK * week + n for week in range(3) for n in (3, 4, 27, 28)]
    store = backend.open()
    with pytest.raises(StoreRefused) as caught:
        store.write(PVPC, priced(*slots), "run/a")
    rows = store.read(PVPC, hours(0, 24 * 30))
    assert [(row.slot, dict(row.values)) for row in rows] == [
        (hour(MONDAY + WEEK + n), {"price_eur_mwh": 50.0}) for n in (3, 4, 27, 28)
    ]
    assert [(one.interval, one.field) for one in standing(backend, PVPC)] == [
        (hours(MONDAY + WEEK * n, MONDAY + WEEK * (n + 1)), field)
        for n, field in enumerate(("", "price_eur_kwh", ""))
    ]
    reasons = [one.reason for one in standing(backend, PVPC)]
    assert "holds price_eur_mwh of energy_prices as integer in its shard 2026-01-05" in reasons[0]
    assert "holds price_eur_kwh of energy_prices as integer in its shard 2026-01-12" in reasons[1]
    assert "holds price_eur_mwh of energy_prices as integer in its shard 2026-01-19" in reasons[2]
    assert caught.value.refused == [
        hours(MONDAY, MONDAY + WEEK),
        hours(MONDAY + WEEK * 2, MONDAY + WEEK * 3),
    ]
    assert store.batch_slots("run/a") == {"pvpc": [hour(MONDAY + WEEK + n) for n in (3, 4, 27, 28)]}


def test_a_year_of_eight_fields_loses_only_what_each_shard_refuses(
    backend: InfluxBackend,
) -> None:
    """Each week holds another field as integer, a quarter of them a required one."""
    names = [field.name for field in EIGHT.fields]
    backend.engine.write(
        backend.bucket,
        [
            f"weather_data,place=jaen {names[week % 8]}=5i {to_ns(hour(MONDAY + WEEK * week))}"
            for week in range(52)
        ],
    )
    values = dict.fromkeys(names, 20.5)
    readings = [
        Reading(hour(MONDAY + n), values, Grade.OBSERVED, "aemet/5279X") for n in range(52 * WEEK)
    ]
    store = backend.open()
    with pytest.raises(StoreRefused):
        store.write(EIGHT, readings, "run/a")
    rows = store.read(EIGHT, hours(0, 24 * 400))
    held = {row.slot: set(row.values) for row in rows}
    expected = {
        hour(MONDAY + n): set(names) - {names[n // WEEK % 8]}
        for n in range(52 * WEEK)
        if n // WEEK % 8 > 1
    }
    assert held == expected
    remembered = [(one.interval.start, one.field) for one in standing(backend, EIGHT)]
    assert remembered == [
        (hour(MONDAY + WEEK * week), "" if week % 8 < 2 else names[week % 8]) for week in range(52)
    ]


def test_two_optional_fields_of_one_shard_cost_only_themselves(backend: InfluxBackend) -> None:
    """The server names one of them, and only that one after it in the next answer."""
    at = to_ns(hour(MONDAY))
    body = f'weather_data,place=jaen extra_1=5i,extra_3="dry",extra_5=true {at}'
    backend.engine.write(backend.bucket, [body])
    values = dict.fromkeys([field.name for field in EIGHT.fields], 20.5)
    store = backend.open()
    reading = Reading(hour(MONDAY + 5), values, Grade.OBSERVED, "aemet/5279X")
    with pytest.raises(StoreRefused, match="1 of 1 slots were written without"):
        store.write(EIGHT, [reading], "run/a")
    (row,) = store.read(EIGHT, hours(MONDAY + 5, MONDAY + 6))
    assert sorted(row.values) == ["extra_0", "extra_2", "extra_4", "humidity", "temperature"]
    assert sorted(one.field for one in standing(backend, EIGHT)) == [
        "extra_1",
        "extra_3",
        "extra_5",
    ]


def test_a_point_without_a_refused_required_field_is_written(backend: InfluxBackend) -> None:
    """Only the points that have the field are refused."""
    at = to_ns(hour(MONDAY))
    backend.engine.write(backend.bucket, [f"weather_data,place=jaen temperature=5i {at}"])
    whole = dict.fromkeys(["temperature", "humidity"], 20.5)
    readings = [
        Reading(hour(MONDAY + 1), whole, Grade.OBSERVED, "x"),
        Reading(hour(MONDAY + 2), {"humidity": 20.5}, Grade.OBSERVED, "x"),
    ]
    store = backend.open()
    with pytest.raises(StoreRefused, match="so 1 of 2 slots were refused there"):
        store.write(EIGHT, readings, "run/a")
    assert [row.slot for row in store.read(EIGHT, hours(MONDAY, MONDAY + 9))] == [hour(MONDAY + 2)]


@pytest.mark.parametrize("found", ["1.5", "1i"])
def test_a_refusal_holds_only_while_the_shard_holds_another_type(
    backend: InfluxBackend, found: str
) -> None:
    """Earlier releases noted a field that another shard was refused for, seen as a float."""
    plant(backend, 0, f"price_eur_mwh={found}")
    server = InfluxClient(backend.engine.access(backend.bucket))
    week = hours(MONDAY, MONDAY + WEEK)
    seen = "float" if found == "1.5" else "integer"
    row = refused.RefusedRange(week, "price_eur_mwh", "integer", seen, hour(9), "no room")
    refused.remember(server, PVPC, [row])
    server.close()
    assert [one.interval for one in standing(backend, PVPC)] == ([] if found == "1.5" else [week])


def test_a_shard_without_a_type_is_not_held_for_ever(
    backend: InfluxBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cause that cannot be asked for is believed for a day."""
    server = InfluxClient(backend.engine.access(backend.bucket))
    week = hours(MONDAY, MONDAY + WEEK)
    row = refused.RefusedRange(week, "price_eur_mwh", "boolean", "", hour(9), "no room")
    refused.remember(server, PVPC, [row])
    server.close()
    assert [one.interval for one in standing(backend, PVPC)] == [week]
    now = refused._now() + timedelta(days=2)
    monkeypatch.setattr(refused, "_now", lambda: now)
    assert standing(backend, PVPC) == []


def test_a_field_of_gapfill_that_another_program_uses_refuses_the_slots(
    backend: InfluxBackend,
) -> None:
    """A grade is an integer; where another program writes a fraction, nothing can be written."""
    plant(backend, 0, "price_eur_mwh=7.5,gapfill_grade=0.5")
    store = backend.open()
    with pytest.raises(StoreRefused, match="holds gapfill_grade of energy_prices as float"):
        store.write(PVPC, priced(MONDAY + 1), "run/a")
    (one,) = standing(backend, PVPC)
    assert (one.interval, one.field) == (hours(MONDAY, MONDAY + WEEK), "")


def test_the_sentence_names_every_shard_field_and_range(backend: InfluxBackend) -> None:
    """With the number of slots of each; of no others it says that they are written."""
    for week, body in enumerate(
        (
            "price_eur_mwh=7i,price_eur_kwh=0.5",
            "price_eur_mwh=7.5,price_eur_kwh=1i",
            "price_eur_mwh=7i,price_eur_kwh=0.5",
        )
    ):
        plant(backend, week, body)
    slots = [MONDAY + WEEK * week + n for week in range(3) for n in (3, 4, 27)]
    with pytest.raises(StoreRefused) as caught:
        backend.open().write(PVPC, priced(*slots), "run/a")
    access = backend.engine.access(backend.bucket)
    assert str(caught.value) == (
        f"The store (connection {access.conn_id}, bucket {backend.bucket!r}) holds price_eur_mwh "
        "of energy_prices as integer in the shard 2026-01-05 to 2026-01-11, so 3 of 9 slots were "
        "refused there, from 2026-01-05T03:00:00Z to 2026-01-05T05:00:00Z, 2026-01-06T03:00:00Z "
        "to 2026-01-06T04:00:00Z; it holds price_eur_kwh of energy_prices as integer in the shard "
        "2026-01-12 to 2026-01-18, so 3 of 9 slots were written without price_eur_kwh there, from "
        "2026-01-12T03:00:00Z to 2026-01-12T05:00:00Z, 2026-01-13T03:00:00Z to "
        "2026-01-13T04:00:00Z; it holds price_eur_mwh of energy_prices as integer in the shard "
        "2026-01-19 to 2026-01-25, so 3 of 9 slots were refused there, from 2026-01-19T03:00:00Z "
        "to 2026-01-19T05:00:00Z, 2026-01-20T03:00:00Z to 2026-01-20T04:00:00Z. To make floats of "
        "the shards: gapfill retype pvpc (docs/how_to/influxdb.md, Refused points)."
    )
    assert [run.start for run in caught.value.ranges] == [
        hour(MONDAY + n) for n in (3, 27, 2 * WEEK + 3, 2 * WEEK + 27)
    ]
    assert [run.start for run in caught.value.partly] == [hour(MONDAY + WEEK + n) for n in (3, 27)]


def test_of_many_ranges_each_shard_is_named_with_its_number(backend: InfluxBackend) -> None:
    """Twelve ranges of one shard are counted, and those of another one are named."""
    plant(backend, 0, "price_eur_mwh=7i")
    plant(backend, 1, "price_eur_mwh=7i")
    slots = [*range(MONDAY, MONDAY + 24, 2), MONDAY + WEEK + 5]
    with pytest.raises(StoreRefused) as caught:
        backend.open().write(PVPC, priced(*slots, 3), "run/a")
    said = str(caught.value)
    assert (
        "in the shard 2026-01-05 to 2026-01-11, so 12 of 14 slots were refused there, in 12 "
        "ranges; it holds" in said
    )
    assert (
        "in the shard 2026-01-12 to 2026-01-18, so 1 of 14 slots were refused there, from "
        "2026-01-12T05:00:00Z to 2026-01-12T06:00:00Z; the others are written." in said
    )


def test_of_many_shards_those_next_to_one_another_are_one_stretch(backend: InfluxBackend) -> None:
    """Twelve weeks, of which the sixth refuses another field: three stretches with their bounds."""
    for week in range(12):
        plant(backend, week, "price_eur_kwh=7i" if week == 5 else "price_eur_mwh=7i")
    slots = [MONDAY + WEEK * week + n for week in range(12) for n in range(0, 20, 2)]
    with pytest.raises(StoreRefused) as caught:
        backend.open().write(PVPC, priced(*slots), "run/a")
    said = str(caught.value)
    head = "of energy_prices as integer in the"
    parts = (
        f"price_eur_mwh {head} 5 shards 2026-01-05 to 2026-02-08, so 50 of 120 slots were refused",
        f"price_eur_kwh {head} shard 2026-02-09 to 2026-02-15, so 10 of 120 slots were written",
        f"price_eur_mwh {head} 6 shards 2026-02-16 to 2026-03-29, so 60 of 120 slots were refused",
    )
    assert [part for part in parts if part not in said] == []
    assert said.count(" there, in ") == len(parts)


def test_slots_that_are_too_old_and_slots_of_another_type_are_told_apart(
    backend: InfluxBackend,
) -> None:
    """The server names one of both; what is too old is not remembered, as its rule says it."""
    backend.engine.drop_bucket(backend.bucket)
    backend.engine.make_bucket(backend.bucket, keep_days=60)
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    kept, old = now - timedelta(days=5), now - timedelta(days=90)
    line = f"energy_prices,geo=8743,market=pvpc price_eur_mwh=7i {to_ns(kept)}"
    backend.engine.write(backend.bucket, [line])
    values = {"price_eur_mwh": 50.0}
    readings = [
        Reading(start + timedelta(hours=n), values, Grade.OFFICIAL, "ree")
        for start in (old, kept)
        for n in (0, 1)
    ]
    with pytest.raises(StoreRefused) as caught:
        backend.open().write(PVPC, readings, "run/a")
    said = str(caught.value)
    assert "so 2 of 4 slots were refused there" in said
    assert "2 of 4 slots of pvpc were refused" in said
    assert "gapfill retype pvpc" in said
    assert [one.start <= kept < one.end for one in caught.value.refused] == [True]
