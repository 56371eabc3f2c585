"""Many series of one measurement on InfluxDB: few requests, and each answer is that of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from gapfill.domain.invalid_values import Flaw, Flaws
from gapfill.services.ports import SeriesInstant, SeriesWindow
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.questions import run_all
from gapfill.stores.influxdb.store import InfluxStore
from gapfill.stores.points import parse_tags
from tests.builders import PVPC, hour, hours, point
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.fault_proxy import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill.domain.interval import Interval
    from gapfill.domain.series import Series
    from gapfill.services.ports import Each

pytestmark = pytest.mark.server

PRICE = "price_eur_mwh"
DAY = hours(0, 24)


def place(name: str, **more: str) -> Series:
    """Return the prices of a place."""
    return replace(PVPC, name=name, tags={"geo": name, **more})


A, B, C = place("a"), place("b"), place("c")


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return an empty bucket."""
    made = InfluxBackend(tmp_path)
    yield made
    made.close()


def seed(backend: InfluxBackend, tags: str, *numbers: float) -> None:
    """Write a price at these hours, with these tags."""
    given = parse_tags(tags)
    backend.seed(PVPC, *(point(hour(n), given, {PRICE: 1.0}) for n in numbers))


def missing(backend: InfluxBackend, *series: Series) -> dict[str, list[Interval]]:
    """Return what is missing of the price in a day, by series, asked together."""
    found: Each[dict[str, list[Interval]]] = backend.open().missing_by_field_each(
        [SeriesWindow(one, DAY) for one in series]
    )
    return {name: answer[PRICE] for name, answer in found.items() if isinstance(answer, dict)}


def test_an_untagged_point_counts_for_every_series(backend: InfluxBackend) -> None:
    """The hour 5 has only a point without tags."""
    seed(backend, "geo=a", *range(5), *range(6, 24))
    seed(backend, "geo=b", *range(5), *range(7, 24))
    seed(backend, "", 5)
    assert missing(backend, A, B) == {"a": [], "b": [hours(6, 7)]}


def test_a_point_with_more_tags_counts(backend: InfluxBackend) -> None:
    """The hours 5 and 6 of a are written by a second meter."""
    seed(backend, "geo=a", *range(5), *range(8, 24))
    seed(backend, "geo=a,meter=2", 5, 6)
    seed(backend, "geo=b", *range(24))
    assert missing(backend, A, B) == {"a": [hours(7, 8)], "b": []}


def test_a_point_with_a_part_of_the_tags_counts_where_none_contradicts(
    backend: InfluxBackend,
) -> None:
    """A point of the place alone counts for both markets of it, not for another place."""
    spot, pvpc = place("a", market="spot"), place("a", market="pvpc")
    spot, pvpc = replace(spot, name="spot"), replace(pvpc, name="pvpc")
    seed(backend, "geo=a,market=spot", *range(20))
    seed(backend, "geo=a,market=pvpc", *range(22))
    seed(backend, "geo=a", 21, 23)
    seed(backend, "geo=b", *range(10))
    found = missing(backend, spot, pvpc, B)
    assert found == {
        "spot": [hours(20, 21), hours(22, 23)],
        "pvpc": [hours(22, 23)],
        "b": [hours(10, 24)],
    }


def test_an_excluded_point_does_not_count(backend: InfluxBackend) -> None:
    """A forecast for the hour 5 of a is not a reading."""
    a, b = (replace(one, exclude={"data_type": ("forecast",)}) for one in (A, B))
    seed(backend, "geo=a", *range(5), *range(6, 24))
    seed(backend, "data_type=forecast,geo=a", 5)
    seed(backend, "geo=b", *range(24))
    assert missing(backend, a, b) == {"a": [hours(5, 6)], "b": []}


def test_points_off_the_grid_cover_their_slot(backend: InfluxBackend) -> None:
    """Two points in one hour do not make up for a missing one, though as many are there."""
    seed(backend, "geo=a", *(n + 0.25 for n in range(10)), 10, 10.5, *range(12, 24))
    seed(backend, "geo=b", *(n + 0.999 for n in range(24)))
    assert missing(backend, A, B) == {"a": [hours(11, 12)], "b": []}


def test_names_with_commas_spaces_and_equals_signs(backend: InfluxBackend) -> None:
    """The server escapes them in the list of its series."""
    odd = replace(PVPC, name="odd", tags={"geo": "a, b=c 'd'"})
    head = r"energy_prices,geo=a\,\ b\=c\ 'd'"
    lines = [f"{head} {PRICE}=1 {to_ns(hour(n))}" for n in range(23)]
    backend.engine.write(backend.bucket, lines)
    seed(backend, "geo=a", *range(24))
    assert missing(backend, A, odd) == {"a": [], "odd": [hours(23, 24)]}


def test_integers_and_floats_count_alike(backend: InfluxBackend) -> None:
    """Another program wrote integers, in a week of its own."""
    lines = [
        f"energy_prices,geo={geo} {PRICE}={1 if n < 12 else '1'}{'i' if week else ''} "
        f"{to_ns(hour(n + 336 * week))}"
        for week in (0, 1)
        for geo in "ab"
        for n in range(24)
        if (geo, n) != ("a", 3)
    ]
    backend.engine.write(backend.bucket, lines)
    window = hours(336, 360)
    found = backend.open().missing_by_field_each([SeriesWindow(s, window) for s in (A, B)])
    assert found["a"] == {PRICE: [hours(339, 340)]}
    assert found["b"] == {PRICE: []}


def test_texts_are_flaws_of_their_series_alone(backend: InfluxBackend) -> None:
    """A text in a field is not a reading, and does not keep the other series from being read."""
    seed(backend, "geo=b", *range(24))
    line = f'energy_prices,geo=a {PRICE}="broken" {to_ns(hour(400))}'
    backend.engine.write(backend.bucket, [line])
    window = hours(0, 500)
    store = backend.open()
    flaws = store.flaws_each([SeriesWindow(one, window) for one in (A, B)])
    assert flaws["a"] == Flaws(1, 1, Flaw(hour(400), PRICE, "'broken'"))
    assert flaws["b"] == Flaws()
    assert missing(backend, A, B) == {"a": [DAY], "b": []}


def test_a_value_out_of_bounds_is_a_flaw_of_its_series_alone(backend: InfluxBackend) -> None:
    """It counts once, and covers no slot."""
    seed(backend, "geo=a", *range(24))
    seed(backend, "geo=b", *range(23))
    backend.seed(PVPC, point(hour(23), {"geo": "b"}, {PRICE: 20_000.0}))
    flaws = backend.open().flaws_each([SeriesWindow(one, DAY) for one in (A, B)])
    assert flaws["a"] == Flaws()
    assert flaws["b"] == Flaws(1, 0, Flaw(hour(23), PRICE, "20000"))
    assert missing(backend, A, B) == {"a": [], "b": [hours(23, 24)]}


def test_a_forecast_that_is_written_meanwhile_does_not_count(
    backend: InfluxBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No point had its tag when the conditions were made: they did not exclude it yet."""
    observed = [replace(one, exclude={"kind": ("forecast",)}) for one in (A, B)]
    for name in ("a", "b"):
        seed(backend, f"geo={name}", *range(23))

    def late(*given: Any) -> Any:  # noqa: ANN401 - as it is handed on
        seed(backend, "geo=a,kind=forecast", 23)
        return run_all(*given)

    monkeypatch.setattr("gapfill.stores.influxdb.grouped.run_all", late)
    assert missing(backend, *observed) == {"a": [hours(23, 24)], "b": [hours(23, 24)]}


def test_many_series_are_read_with_few_requests(backend: InfluxBackend) -> None:
    """Three hundred series: the tag sets before and after, and two requests for the answers."""
    many = [place(f"p{n:03}") for n in range(300)]
    for one in many:
        seed(backend, f"geo={one.name}", *range(int(one.name[1:]) % 24 + 1))
    proxy = FaultProxy(backend.engine.url)
    store = InfluxStore(backend.engine.access(backend.bucket, url=proxy.url))
    store.newest(A)  # the first contact
    before = len(proxy.paths)
    newest = store.newest_each([SeriesInstant(one, hour(24)) for one in many])
    assert len(proxy.paths) - before == 4
    store.close()
    proxy.close()
    assert newest["p000"] == hour(0)
    assert newest["p023"] == hour(23)
    assert newest["p024"] == hour(0)
