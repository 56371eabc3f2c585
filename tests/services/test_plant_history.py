"""A plant's own store, of both kinds, compared slot by slot with the truth at every step.

Detection, what is read, and the very points: before anything, after a heal, after tidying up
what an earlier build copied, and after each of them is taken back.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading
from gapfill.services.context import RunContext
from gapfill.services.detection import detect
from gapfill.services.heal import heal
from gapfill.services.planning import RunRequest
from gapfill.services.selection import Selection
from gapfill.services.tidy import tidy
from gapfill.services.undo_batches import undo_batch, undo_run
from gapfill.sources.model import Answer
from tests.catalogs import frozen
from tests.services import plant_truth as plant
from tests.services.plant_history import history as samples_of
from tests.services.plant_points import points_of, seed, tags_of
from tests.services.plant_truth import FIRST, KINDS, NOW, Truth
from tests.services.test_heal import Nobody
from tests.stores.backends import BACKENDS
from tests.stores.backends import KINDS as STORES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime
    from pathlib import Path

    from gapfill.services.detection import Report
    from gapfill.sources.model import Ask
    from tests.services.conftest import FakeTime, Scripted
    from tests.services.plant_points import Points
    from tests.services.plant_truth import Sample
    from tests.stores.backends import Backend

pytestmark = pytest.mark.timeout(240)


class Plant(NamedTuple):
    """A store with the plant's history in it, and the site around it."""

    context: RunContext
    backend: Backend
    samples: list[Sample]


def _answer(ask: Ask) -> Answer:
    """Answer as the source does that is asked; Open-Meteo has no hour that is never had."""
    said: Callable[[datetime], dict[str, float]]
    said, gone = {
        "siar": (plant.siar, [*plant.NEVER, *plant.MODELLED_ONLY]),
        "ree": (plant.ree, []),
        "open_meteo": (plant.model, plant.NEVER),
    }[ask.product.source]
    readings = tuple(
        Reading(slot, said(slot), ask.product.grade, ask.origin)
        for slot in ask.series.grid.slots(ask.interval)
        if slot not in gone
    )
    return Answer(readings, evidence="HTTP 200")


@pytest.fixture(params=STORES)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """Return an empty store of each kind in turn."""
    made = BACKENDS[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture(params=[1, 2])
def history(
    request: pytest.FixtureRequest, backend: Backend, sources: Scripted, time: FakeTime
) -> Plant:
    """Return a plant of weeks of prices and weather, and SIAR, Open-Meteo and REE around it."""
    samples = samples_of(request.param)
    known = frozen()
    known = replace(
        known, series={name: replace(known.series[name], earliest=FIRST) for name in KINDS}
    )
    seed(backend, samples)
    sources.otherwise, sources.keyed = _answer, {"siar"}
    context = RunContext(known, backend.open(), sources, NOW, time.sleep, time.monotonic)
    return Plant(context, backend, samples)


def _of_plant(samples: list[Sample]) -> Points:
    """Return the points of other programs as they wrote them."""
    return {
        (one.measurement, tags_of(one.tags), int(one.at.timestamp())): dict(one.fields)
        for one in samples
        if not one.batch
    }


def _truth(history: Plant) -> dict[str, dict[datetime, Truth]]:
    return {name: plant.truth(kind, history.samples) for name, kind in KINDS.items()}


def _state(report: Report, slot: datetime) -> str:
    coverage = report.coverage
    found = [gap.state.value for gap in coverage.gaps if slot in gap.interval]
    found += ["provisional" for run in coverage.lower if slot in run.interval]
    found += ["pending" for run in coverage.pending if slot in run]
    assert len(found) < 2, (slot, found)
    return found[0] if found else "complete"


def _look(history: Plant) -> dict[str, Report]:
    context = history.context
    selection = Selection(tuple(context.catalog.series.values()))
    return {report.series: report for report in detect(context, selection, closely=True)}


def _compare(history: Plant, expected: dict[str, dict[datetime, Truth]]) -> None:
    """Compare state, values, sources and grades of each slot with the truth."""
    context = history.context
    reports = _look(history)
    for name, kind in KINDS.items():
        series, report = context.catalog.series[name], reports[name]
        assert report.error is None
        assert report.coverage.window == Interval(FIRST, kind.end)
        slots = plant.slots_of(kind)
        states = {slot: expected[name][slot].state(kind, slot) for slot in slots}
        assert {slot: _state(report, slot) for slot in slots} == states
        rows = {row.slot: row for row in context.store.read(series, Interval(FIRST, kind.end))}
        read = {
            slot: {
                field: (value, row.origin(field).source, int(row.origin(field).grade))
                for field, value in row.values.items()
            }
            for slot, row in rows.items()
        }
        assert read == {slot: expected[name][slot].of for slot in slots if expected[name][slot].of}
        newest = max(slot for slot in slots if states[slot] in ("complete", "provisional"))
        assert report.newest == newest


def _compare_warnings(history: Plant, replaced: Collection[datetime] = ()) -> None:
    """Compare what is counted of values that do not count, and of points that lie ahead."""
    for name, report in _look(history).items():
        kind = KINDS[name]
        late = plant.ahead(kind, history.samples)
        bad = [flaw for flaw in plant.flaws(kind, history.samples) if flaw[0] not in replaced]
        assert report.flaws is not None
        assert report.flaws.first is not None
        assert report.ahead is not None
        assert report.flaws.values == len(bad)
        assert (report.flaws.first.instant, report.flaws.first.field) == bad[0][:2]
        assert (report.ahead.points, report.ahead.newest) == (len(late), late[-1])


def _assert_theirs_stand(history: Plant, points: Points) -> None:
    """Every point of another program has what it wrote; in points of its own, nothing else.

    Only an absurd value under the very tags of the series has made way for a source's.
    """
    absurd = {"temperature": -999.0}
    for key, fields in _of_plant(history.samples).items():
        if key[1] != "place=linares":
            assert points[key] == fields
        elif fields.items() >= absurd.items():
            assert points[key].items() >= (fields | {"temperature": -9.5}).items()
        else:
            assert points[key].items() >= fields.items()


def test_each_slot_is_what_the_truth_says_at_every_step(history: Plant) -> None:
    """Before, after heal, after tidy, and after both are undone, when each point is as before."""
    context, backend = history.context, history.backend
    before = points_of(backend)
    _compare(history, _truth(history))
    _compare_warnings(history)

    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    heal(context, order, "run", Nobody())
    after_heal = points_of(backend)
    expected = {name: plant.healed(name, of) for name, of in _truth(history).items()}
    _assert_theirs_stand(history, after_heal)
    _compare(history, expected)
    _compare_warnings(history, plant.OWN_BUT_BAD)

    series = list(context.catalog.series.values())
    tidied = {one.series: one for one in tidy(context, series, "tidy").series}
    assert tidied["weather_hourly"].removed == len(tidied["weather_hourly"].copies.slots) > 10
    assert tidied["pvpc"].removed == 0
    after_tidy = points_of(backend)
    _assert_theirs_stand(history, after_tidy)
    _compare(history, expected)
    assert [one.copies.slots for one in tidy(context, series, None).series] == [(), ()]

    assert undo_batch(context, "tidy").undone.left == 0
    assert points_of(backend) == after_heal
    _compare(history, expected)
    assert undo_run(context, "run").undone.left == 0
    assert points_of(backend) == before
    _compare(history, _truth(history))


def test_the_history_has_every_kind_of_point() -> None:
    """Numbers of one seed, so that no kind is lost from it unseen."""
    samples = samples_of(1)
    weather, prices = (plant.truth(kind, samples) for kind in KINDS.values())
    assert _counted(plant.WEATHER, weather) == {
        "complete": 602,
        "missing": 128,
        "pending": 2,
        "provisional": 1,
    }
    assert _counted(plant.PRICES, prices) == {"complete": 709, "missing": 34, "pending": 24}
    assert [len(plant.flaws(kind, samples)) for kind in KINDS.values()] == [107, 28]
    assert [len(plant.ahead(kind, samples)) for kind in KINDS.values()] == [2, 1]
    whole = [one for one in samples if isinstance(one.fields.get("humidity"), int)]
    off_grid = [one for one in samples if one.at.minute or one.at.second]
    forecasts = [one for one in samples if "data_type" in one.tags]
    copied = [one for one in samples if one.batch]
    assert [len(some) for some in (whole, off_grid, forecasts, copied)] == [473, 607, 83, 26]
    assert _counted(plant.WEATHER, plant.healed("weather_hourly", weather)) == {
        "complete": 725,
        "missing": 2,
        "pending": 2,
        "provisional": 4,
    }


def _counted(kind: plant.Kind, worth: dict[datetime, Truth]) -> Counter[str]:
    return Counter(found.state(kind, slot) for slot, found in worth.items())
