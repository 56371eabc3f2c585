"""Slots that the server refuses: asked for once, given up, and asked again when it changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import iso
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade, State
from gapfill.errors import GapfillError, StoreError, StoreRefused
from gapfill.reporting import documents
from gapfill.services import undo_batches
from gapfill.services.context import RunContext
from gapfill.services.detection import detect
from gapfill.services.explain import explain
from gapfill.services.heal import Healed, heal
from gapfill.services.planning import RunRequest
from gapfill.services.ports import Batch, LedgerQuery, Undone
from gapfill.services.selection import Selection
from gapfill.stores.influxdb import refused_slots as refused
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.line_protocol import to_ns
from tests.builders import PVPC, WEATHER, hour, hours, prices, weather
from tests.catalogs import frozen
from tests.services.conftest import FakeTime, Scripted
from tests.services.test_heal import Nobody
from tests.stores.backends import InfluxBackend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill.domain.gap import Gap

pytestmark = pytest.mark.server

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
"""A bucket keeps points by the server's own clock."""


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return an empty bucket."""
    made = InfluxBackend(tmp_path)
    yield made
    made.close()


def site_at(backend: InfluxBackend, since: datetime, now: datetime) -> RunContext:
    """Return a site of prices on a bucket, whose sources answer all that they are asked."""
    known, time = frozen(), FakeTime()
    pvpc = replace(known.series["pvpc"], earliest=since)
    known = replace(known, series={"pvpc": pvpc})
    store = backend.open()
    return RunContext(known, store, Scripted(), now, time.sleep, time.monotonic)


def healing(context: RunContext, run: str, **order: bool) -> tuple[Healed, int]:
    """Heal everything, and return what it came to and the calls that it took."""
    selection = Selection(tuple(context.catalog.series.values()))
    healed = heal(context, RunRequest(selection, **order), run, Nobody())  # type: ignore[arg-type]
    return healed, len(context.sources.asked)  # type: ignore[attr-defined]


def gaps(context: RunContext) -> tuple[Gap, ...]:
    """Return the gaps of the prices."""
    (report,) = detect(context, Selection(tuple(context.catalog.series.values())))
    return report.coverage.gaps


def test_slots_older_than_the_bucket_keeps_are_given_up_and_come_back(
    backend: InfluxBackend,
) -> None:
    """Nobody is asked for them; once the bucket keeps them, they are healed."""
    backend.engine.drop_bucket(backend.bucket)
    backend.engine.make_bucket(backend.bucket, keep_days=3)
    since = NOW - timedelta(days=6)
    healed, calls = healing(site_at(backend, since, NOW), "run/a")
    assert (healed.error, calls > 0) == (None, True)
    assert healed.summary.units_failed == 0
    (gap,) = (g for g in gaps(site_at(backend, since, NOW)) if g.state is State.UNFILLABLE)
    assert gap.interval.start == since
    assert NOW - timedelta(days=3) <= gap.interval.end <= NOW - timedelta(days=3) + 2 * HOUR
    assert gap.reason.startswith("the bucket keeps points for 3 d only, and refuses what is older")
    again, calls = healing(site_at(backend, since, NOW), "run/b", force=True)
    assert (again.summary.status, calls) == ("nothing_to_do", 0)
    backend.engine.keep(backend.bucket, 30)
    last, calls = healing(site_at(backend, since, NOW), "run/c")
    assert last.summary.status == "completed"
    assert calls > 0
    assert [g for g in gaps(site_at(backend, since, NOW)) if g.state is State.UNFILLABLE] == []


def test_a_shard_of_integers_is_asked_for_once_and_again_after_a_retype(
    backend: InfluxBackend,
) -> None:
    """Three runs: the first one fails and names it, the others plan nothing there."""
    since, now = hour(0), hour(24 * 21 + 12)
    lines = [
        f"energy_prices,geo=8743,market=pvpc price_eur_mwh=7i {to_ns(hour(n))}"
        for n in (24 * 5, 24 * 9)
    ]
    backend.engine.write(backend.bucket, lines)
    first, calls = healing(site_at(backend, since, now), "run/a")
    assert calls > 0
    assert first.summary.units_failed == 1
    assert "as integer in the shard 2026-01-05 to 2026-01-11" in first.summary.failures[0].sentence
    for run in ("run/b", "run/c"):
        later, calls = healing(site_at(backend, since, now), run)
        assert (later.summary.status, later.summary.failures, calls) == ("nothing_to_do", [], 0)
    context = site_at(backend, since, now)
    (gap,) = (g for g in gaps(context) if g.state is State.UNFILLABLE)
    assert (gap.interval.start, gap.interval.end) == (hour(24 * 4), hour(24 * 11))
    said = explain(context, context.catalog.series["pvpc"], hour(24 * 6))
    assert said.state is State.UNFILLABLE
    assert "gapfill retype pvpc" in said.opinions[0].sentence
    wrong = context.store.wrong_types(context.catalog.series["pvpc"], ["price_eur_mwh"])
    context.store.retype(context.catalog.series["pvpc"], wrong, lambda _: None)
    last, calls = healing(site_at(backend, since, now), "run/d")
    assert last.summary.status == "completed"
    assert calls > 0
    assert gaps(site_at(backend, since, now)) == ()


def test_shards_that_are_refused_in_several_requests_are_all_named(
    backend: InfluxBackend,
) -> None:
    """In the one failure of the unit, and each with its reason in what cannot be healed."""
    since, now = hour(0), hour(24 * 21 + 12)
    lines = [
        f"energy_prices,geo=8743,market=pvpc price_eur_mwh=7i {to_ns(hour(n))}"
        for n in (24 * 5, 24 * 19)
    ]
    backend.engine.write(backend.bucket, lines)
    context = site_at(backend, since, now)
    healed, calls = healing(context, "run/a")
    assert calls > 1
    (failure,) = healed.summary.failures
    for start, end in ((24 * 4, 24 * 11), (24 * 18, 24 * 21 + 23)):
        assert f"{iso(hour(start))} to {iso(hour(end))}" in failure.sentence
    assert [(u.interval.start, u.slots) for u in healed.plan.unhealable] == [
        (hour(24 * 4), 168),
        (hour(24 * 18), 95),
    ]
    document = documents.healed(healed.summary, healed.certificates, healed.after, healed.plan)
    told = documents.plain(document)
    assert told["certificates"][0]["refused"] == [
        {"start": iso(hour(start)), "end": iso(hour(end))}
        for start, end in ((24 * 4, 24 * 11), (24 * 18, 24 * 21 + 23))
    ]


def test_the_rest_of_a_refused_shard_is_named_though_it_is_not_asked_for(
    backend: InfluxBackend,
) -> None:
    """The first request shows that the shard refuses; the second one leaves out its part."""
    since, now = hour(0), hour(24 * 21 + 12)
    whole = f"energy_prices,geo=8743,market=pvpc price_eur_mwh=7i {to_ns(hour(24 * 12))}"
    backend.engine.write(backend.bucket, [whole])
    healed, _ = healing(site_at(backend, since, now), "run/a")
    (certificate,) = healed.certificates
    assert certificate.refused == (hours(24 * 11, 24 * 18),)
    (failure,) = healed.summary.failures
    assert f"from {iso(hour(24 * 11))} to " in failure.sentence
    assert f" to {iso(hour(24 * 18))}; `status` gives the reason." in failure.sentence


def test_what_was_refused_is_of_no_batch(backend: InfluxBackend) -> None:
    """Half of a batch is written, nothing of another; undone, both are gone from the list."""
    day = 24 * 4  # a Monday, where a shard begins
    whole = f"energy_prices,geo=8743,market=pvpc price_eur_mwh=7i {to_ns(hour(day))}"
    backend.engine.write(backend.bucket, [whole])
    store = backend.open()
    with pytest.raises(StoreRefused):
        store.write(PVPC, prices(range(day - 3, day + 5)), "run/a")
    with pytest.raises(StoreRefused):
        store.write(PVPC, prices(range(day + 10, day + 12)), "run/b")
    assert store.batches() == [Batch("run/a", "pvpc", 3, hour(day - 3), hour(day - 1), None)]
    assert store.undone_batches() == set()
    context = site_at(backend, hour(0), hour(24 * 14))
    with pytest.raises(GapfillError, match="no batch 'run/b'"):
        undo_batches.undo_batch(context, "run/b")
    assert undo_batches.undo_run(context, "run/a").undone == Undone(0, 3, 0)
    assert store.batches() == []
    with pytest.raises(GapfillError, match="already undone"):
        undo_batches.undo_run(context, "run/a")
    backend.engine.drop_bucket(backend.bucket)
    backend.engine.make_bucket(backend.bucket)
    assert store.write(PVPC, prices(range(day - 3, day + 5)), "run/a") == 8
    assert store.undo("run/a", [PVPC]) == Undone(0, 8, 0)


def test_an_optional_field_of_another_type_costs_only_itself(backend: InfluxBackend) -> None:
    """The slot is written without it, and only the field is given up."""
    line = f"weather_data,place=linares pressure=970i {to_ns(hour(0))}"
    backend.engine.write(backend.bucket, [line])
    store = backend.open()
    readings = [weather(n, Grade.OBSERVED, pressure=970.5) for n in (1, 2)]
    with pytest.raises(StoreError, match="2 of 2 slots were written without pressure there"):
        store.write(WEATHER, readings, "run/a")
    rows = store.read(WEATHER, hours(1, 3))
    assert [sorted(row.values) for row in rows] == [["humidity", "temperature"]] * 2
    assert store.batch_slots("run/a") == {"weather_hourly": [hour(1), hour(2)]}
    assert store.undo("run/a", [WEATHER]) == (0, 2, 0)
    assert (
        store.write(WEATHER, [Reading(hour(3), {"humidity": 5.0}, Grade.OBSERVED, "x")], "b") == 1
    )


def test_refusals_of_several_series_are_read_together_and_kept_apart(
    backend: InfluxBackend,
) -> None:
    """Also those of a series that the catalogue no longer has."""
    server = InfluxClient(backend.engine.access(backend.bucket))
    series = [replace(WEATHER, name=name) for name in ("weather_a", "weather_b", "weather_c")]
    for one, span in ((series[0], hours(1, 2)), (series[1], hours(3, 5)), (WEATHER, hours(7, 8))):
        refused.remember(server, one, [refused.RefusedRange(span, "", "", "", hour(9), "no room")])
    server.close()
    books = backend.open().ledger_snapshot(LedgerQuery(hour(10), hour(0), tuple(series)))
    found = {name: [r.interval for r in said] for name, said in books.refused.items()}
    assert found == {"weather_a": [hours(1, 2)], "weather_b": [hours(3, 5)], "weather_c": []}
