"""Answers that are well-formed and odd: nulls, doubled slots, records that are not rows."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from gapfill_sandbox import serve
from tests.sandbox import asks

if TYPE_CHECKING:
    from collections.abc import Callable

    from gapfill_sandbox import Sandbox

JAEN = "5270B"
"""A station that measures everything."""
THREE_DAYS = ("2025-10-20", "2025-10-22")


def _temperatures(sandbox: Sandbox) -> list[float | None]:
    """Return 72 modelled temperatures."""
    hourly = asks.open_meteo(sandbox.url, *THREE_DAYS).json()["hourly"]
    return list(hourly["temperature_2m"])


def test_a_model_may_have_a_day_of_nulls_between_days_of_values(sandbox: Sandbox) -> None:
    """The local day that the fault names, and no other hour."""
    day = {"from": "2025-10-21", "to": "2025-10-21"}
    sandbox.faults.add({"api": "open_meteo", "kind": "absent", **day})
    is_null = [value is None for value in _temperatures(sandbox)]
    assert is_null == [False] * 23 + [True] * 24 + [False] * 25


def test_a_whole_model_may_be_null(sandbox: Sandbox) -> None:
    """Every hour has its label, none a value."""
    sandbox.faults.add({"api": "open_meteo", "kind": "absent"})
    assert set(_temperatures(sandbox)) == {None}


def test_one_variable_may_be_null(sandbox: Sandbox) -> None:
    """The others keep their values."""
    fault = {"api": "open_meteo", "kind": "absent", "field": "precipitation"}
    sandbox.faults.add(fault)
    hourly = asks.open_meteo(sandbox.url, *THREE_DAYS).json()["hourly"]
    assert set(hourly["precipitation"]) == {None}
    assert None not in hourly["temperature_2m"]


def test_an_array_may_be_missing(sandbox: Sandbox) -> None:
    """With its unit; the labels and the other arrays are there."""
    sandbox.faults.add({"api": "open_meteo", "kind": "missing_array", "field": "precipitation"})
    reply = asks.open_meteo(sandbox.url, *THREE_DAYS).json()
    for part in ("hourly", "hourly_units"):
        assert list(reply[part]) == ["time", "temperature_2m", "relative_humidity_2m"]


def test_an_hour_may_come_twice_with_other_values(sandbox: Sandbox) -> None:
    """The one that starts at the fault's instant; the rest of the answer is good."""
    at = "2025-11-05T05:00:00Z"
    sandbox.faults.add({"api": "aemet", "kind": "conflicting", "at": at})
    rows = asks.aemet(asks.aemet_hours(sandbox.url, JAEN))
    count = Counter(row["fint"] for row in rows)
    assert count.pop("2025-11-05T06:00:00+0000") == 2
    assert set(count.values()) == {1}
    one, other = (row for row in rows if row["fint"] == "2025-11-05T06:00:00+0000")
    assert (one["ta"] != other["ta"], one["hr"] != other["hr"]) == (True, True)


@pytest.mark.parametrize("field, is_other", [("ta", [True, False]), ("hr", [False, True])])
def test_two_rows_of_an_hour_may_differ_in_one_field(
    sandbox: Sandbox, field: str, is_other: list[bool]
) -> None:
    """By the API's own name of it."""
    at = "2025-11-05T05:00:00Z"
    sandbox.faults.add({"api": "aemet", "kind": "conflicting", "at": at, "field": field})
    rows = asks.aemet(asks.aemet_hours(sandbox.url, JAEN))
    one, other = (row for row in rows if row["fint"] == "2025-11-05T06:00:00+0000")
    assert [one[key] != other[key] for key in ("ta", "hr")] == is_other


def test_a_member_may_be_absent_or_of_another_type(sandbox: Sandbox) -> None:
    """One field of each row, and every second row without any."""
    sandbox.faults.add({"api": "aemet", "kind": "text", "field": "prec", "times": 1})
    rows = asks.aemet(asks.aemet_hours(sandbox.url, JAEN))
    assert {row["prec"] for row in rows} == {"n/d"}
    assert {type(row["ta"]) for row in rows} == {float}
    sandbox.faults.add({"api": "aemet", "kind": "absent", "field": "hr", "times": 1})
    assert {"hr" in row for row in asks.aemet(asks.aemet_hours(sandbox.url, JAEN))} == {False}
    sandbox.faults.add({"api": "aemet", "kind": "absent", "every": 2})
    rows = asks.aemet(asks.aemet_hours(sandbox.url, JAEN))
    assert ["ta" in row for row in rows] == [False, True] * 6
    assert {"idema", "fint", "ubi"} <= set(rows[0])


def _entries(root: str) -> list[Any]:
    """Return the entries of an answer of apidatos."""
    return list(asks.ree(root, "2025-11-03").json()["included"])


def _archived(root: str) -> list[Any]:
    """Return the rows of a day of archive 70."""
    return list(asks.archive(root, "2025-11-03").json()["PVPC"])


LISTS: dict[str, tuple[str, Callable[[str], list[Any]]]] = {
    "ree": ("ree", _entries),
    "esios": (
        "esios",
        lambda root: asks.indicator(root, "2025-11-03").json()["indicator"]["values"],
    ),
    "archive70": ("esios", _archived),
    "aemet hours": ("aemet", lambda root: list(asks.aemet(asks.aemet_hours(root, JAEN)))),
    "aemet days": (
        "aemet",
        lambda root: list(asks.aemet(asks.aemet_days(root, "2025-10-01", "2025-10-03"))),
    ),
    "siar": ("siar", lambda root: asks.siar(root, "2025-10-01", "2025-10-03").json()["datos"]),
}
"""By what is asked: the API, and the records it answers."""


@pytest.mark.parametrize("name", LISTS)
def test_a_list_may_have_a_record_that_is_not_a_row(sandbox: Sandbox, name: str) -> None:
    """About something else at its head, of nulls alone or null at its end."""
    api, records = LISTS[name]
    good = records(sandbox.url)
    for kind in ("extra_record", "empty_record", "null_record"):
        sandbox.faults.add({"api": api, "kind": kind, "times": 1})
    assert records(sandbox.url) == [{"type": "note", "attributes": {}}, *good]
    assert records(sandbox.url) == [*good, dict.fromkeys(good[-1])]
    assert records(sandbox.url) == [*good, None]
    assert records(sandbox.url) == good


def test_siars_last_record_may_be_empty(sandbox: Sandbox) -> None:
    """As in the case that was seen: its date, its station and its values are null."""
    sandbox.faults.add({"api": "siar", "kind": "empty_record"})
    *days, last = asks.siar(sandbox.url, "2025-06-01", "2025-06-02").json()["datos"]
    assert [day["Fecha"] for day in days] == ["2025-06-01T00:00:00", "2025-06-02T00:00:00"]
    assert (last["Fecha"], last["Estacion"], last["TempMedia"]) == (None, None, None)


def test_one_row_may_be_missing(sandbox: Sandbox) -> None:
    """The one that starts at the fault's instant; labels of the others do not move."""
    at = "2025-11-03T12:00:00+01:00"
    sandbox.faults.add({"api": "esios", "kind": "missing", "at": at})
    labels = [row["Hora"] for row in _archived(sandbox.url)]
    assert (len(labels), labels[11:13]) == (23, ["11-12", "13-14"])


def _labels(root: str, day: str) -> list[str]:
    return [row["Hora"] for row in asks.archive(root, day).json()["PVPC"]]


def test_the_archive_may_label_a_long_day_by_the_clock() -> None:
    """Then 02-03 is there twice, and the last is 23-24; with ``at``, one row is missing."""
    with serve(now=datetime(2025, 11, 5, 12, tzinfo=UTC), rates={"esios": 0}) as sandbox:
        fault = {"api": "esios", "kind": "clock_labels"}
        sandbox.faults.add({**fault, "times": 1})
        sandbox.faults.add({**fault, "at": "2025-10-26T01:00:00Z"})
        twice, once = (_labels(sandbox.url, "2025-10-26") for _ in range(2))
        assert twice[:5] == ["00-01", "01-02", "02-03", "02-03", "03-04"]
        assert (len(twice), twice[-1]) == (25, "23-24")
        assert once == [label for n, label in enumerate(twice) if n != 3]
        assert _labels(sandbox.url, "2025-11-01")[-1] == "23-24"
