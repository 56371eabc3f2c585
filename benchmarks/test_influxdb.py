"""InfluxDB on a real server: finding gaps there against pulling every timestamp, and writing.

The bucket has shards of a year, as docs/how_to/influxdb.md advises for hours; a row without a
target tells what the default, a week, makes of it. Pulling is what the official client does
with its defaults: on 2.x ``query()``, on 1.x ``/query`` as JSON with RFC 3339 times.
"""

from __future__ import annotations

import gzip
import random
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point

from benchmarks.conftest import (
    END,
    GAPS,
    START,
    NoSources,
    Ratio,
    group,
    holes,
    prices,
    ten_years,
)
from gapfill import catalog
from gapfill.domain.interval import Interval, merge
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.services.context import RunContext
from gapfill.services.detection import detect
from gapfill.services.selection import Selection
from gapfill.stores.influxdb import influxql, line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.elapsed import NEAR_END
from gapfill.stores.influxdb.points import in_lanes, liner
from gapfill.stores.influxdb.store import InfluxStore
from gapfill.stores.points import Point as Stored
from tests.stores.influxdb.engine import engine
from tests.stores.influxdb.fault_proxy import FaultProxy
from tests.stores.influxdb.forwarder import ORG, TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from gapfill.catalog import Catalog
    from gapfill.domain.coverage import Graded
    from gapfill.domain.series import Series
    from gapfill.stores.influxdb.response import ResponseTable

ROUNDS, PAIRS = 7, 40
YEAR_WEEKS, WEEK = 52, 168
READINGS, ENCODED = 80_000, 5_000
BATCH = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def weather() -> Series:
    """Return the hourly weather."""
    return catalog.load().series["weather_hourly"]


@pytest.fixture(scope="module")
def buckets(pvpc: Series) -> Iterator[None]:
    """Seed ten years with gaps and without, in shards of a year and of a week."""
    gone = {"gappy": holes(random.Random(724)), "whole": set[int]()}
    names = []
    for name, hours in gone.items():
        for weeks in (YEAR_WEEKS, 0):
            bucket = f"{name}{weeks}"
            engine().make_bucket(bucket, shard_weeks=weeks)
            names.append(bucket)
            store = InfluxStore(engine().access(bucket, timeout_s=120))
            store.write(pvpc, prices(hours), "seed")
            store.close()
    yield
    for name in names:
        engine().drop_bucket(name)


def _quickest(run: Callable[[], object]) -> float:
    """Return the seconds of the quickest of several runs, after one to warm up."""
    run()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times)


def _pull(client: InfluxDBClient, bucket: str) -> list[tuple[datetime, datetime]]:
    """Pull every timestamp with the client, and group in Python."""
    if engine().is_2:
        flux = (
            f'from(bucket: "{bucket}") |> range(start: {START:%Y-%m-%dT%H:%M:%SZ}, '
            f"stop: {END:%Y-%m-%dT%H:%M:%SZ}) |> filter(fn: (r) => "
            'r._measurement == "energy_prices" and r._field == "price_eur_mwh")'
        )
        tables = client.query_api().query(flux)
        return group({record.values["_time"] for table in tables for record in table.records})
    query = influxql.select('"price_eur_mwh"', "energy_prices", influxql.within(ten_years()))
    api: Any = client.api_client  # it has no types of its own
    said = api.call_api(
        "/query",
        "GET",
        query_params=[("db", bucket), ("q", query)],
        auth_settings=[],
        response_type="object",
        _return_http_data_only=True,
    )
    rows = said["results"][0]["series"][0]["values"]
    return group({datetime.fromisoformat(row[0]) for row in rows})


@pytest.mark.usefixtures("buckets")
def test_gaps_are_found_on_the_server(pvpc: Series, ratio: Callable[[Ratio], None]) -> None:
    """Both ways find the same gaps; what ours takes is a part of what pulling takes."""
    found: dict[str, float] = {}
    with InfluxDBClient(engine().url, TOKEN, org=ORG, timeout=120_000) as client:
        for bucket in ("gappy52", "whole52", "gappy0", "whole0"):
            store = InfluxStore(engine().access(bucket))
            ours = store.missing(pvpc, ten_years())
            assert [(gap.start, gap.end) for gap in ours] == _pull(client, bucket)
            assert len(ours) == (GAPS if bucket.startswith("gappy") else 0)
            pulled = _quickest(partial(_pull, client, bucket))
            found[bucket] = pulled / _quickest(partial(store.missing, pvpc, ten_years()))
            store.close()
    what = "InfluxDB, {}: pulling every timestamp ÷ `elapsed()`"
    week = f"{what}, shards of a week"
    ratio(Ratio(week.format("724 gaps"), found["gappy0"]))
    ratio(Ratio(week.format("complete decade"), found["whole0"]))
    is_2 = engine().is_2  # 1.x has no query of the client's own to compare with
    ratio(Ratio(what.format("724 gaps"), found["gappy52"], 10 if is_2 else None))
    ratio(Ratio(what.format("complete decade"), found["whole52"], 30 if is_2 else None))


@pytest.mark.usefixtures("buckets")
def test_few_bytes_cross_the_wire(pvpc: Series, ratio: Callable[[Ratio], None]) -> None:
    """Bodies of answers as they crossed; each side with its own client's settings."""
    for name, target in (("gappy52", 1 / 100), ("whole52", 1 / 1000)):
        proxy = FaultProxy(engine().url)
        with InfluxDBClient(proxy.url, TOKEN, org=ORG, timeout=120_000) as client:
            _pull(client, name)
        pulled, proxy.received = proxy.received, 0
        store = InfluxStore(engine().access(name, url=proxy.url))
        store.missing(pvpc, ten_years())
        store.close()
        proxy.close()
        what = "724 gaps" if name.startswith("gappy") else "complete decade"
        ratio(
            Ratio(
                f"InfluxDB, {what}: bytes of ours ÷ of pulling",
                proxy.received / pulled,
                target,
                at_least=False,
            )
        )


@pytest.mark.usefixtures("buckets")
def test_judging_values_costs_a_tenth_at_most(
    known: Catalog, pvpc: Series, ratio: Callable[[Ratio], None]
) -> None:
    """Detection, against the same with the questions of the build of commit 1c77920.

    Those judge no values. Both run in turn; the quickest quarter of each counts.
    """
    for bucket in ("gappy52", "whole52", "gappy0", "whole0"):
        access = engine().access(bucket)
        sites = [
            RunContext(known, kind(access), NoSources(), END) for kind in (InfluxStore, _Before)
        ]
        for context in sites:
            (report,) = detect(context, Selection((pvpc,)))
            assert report.error is None
            assert len(report.coverage.gaps) >= (GAPS if bucket.startswith("gappy") else 0)
            assert report.coverage == detect(sites[0], Selection((pvpc,)))[0].coverage
        took: tuple[list[float], list[float]] = ([], [])
        for n in range(PAIRS):
            for way in (0, 1) if n % 2 else (1, 0):
                took[way].append(_seconds(sites[way], pvpc))
        ours, theirs = (sum(sorted(times)[: PAIRS // 4]) for times in took)
        for context in sites:
            context.store.close()
        gaps = "724 gaps" if bucket.startswith("gappy") else "complete decade"
        shards = "" if bucket.endswith("52") else ", shards of a week"
        what = f"InfluxDB, {gaps}: detection ÷ with the questions of 1c77920{shards}"
        ratio(Ratio(what, ours / theirs, 1.1, at_least=False))


class _Before(InfluxStore):
    """A store that asks what the build of commit 1c77920 asked: no value is judged."""

    def missing_by_field(self, series: Series, window: Interval) -> dict[str, list[Interval]]:
        """Return the runs between points, before the first and after the last of each part."""
        server, table, own = self._server, series.measurement, influxql.is_own(series)
        name = influxql.number(series.required[0])

        def ask(part: Interval) -> list[Interval]:
            head = Interval(part.start, part.start + NEAR_END)
            tail = Interval(part.end - NEAR_END, part.end)
            ends = [
                influxql.select(f"{what}({name})", table, own, influxql.within(span))
                for what, span in (("first", head), ("last", tail))
            ]
            first, last = (_rows(tables)[0][0] for tables in server.ask(ends))
            inner = influxql.select(
                f"elapsed({name}, 1ns) AS dt", table, own, influxql.within(part)
            )
            outer = f"SELECT dt / 1000000000 AS dt FROM ({inner}) WHERE dt > 3600000000000"  # noqa: S608 - quoted
            (tables,) = server.ask([outer])
            start, end = int(part.start.timestamp()) - 3600, int(part.end.timestamp())
            pairs = [(start, first), *((t - int(dt), t) for t, dt in _rows(tables)), (last, end)]
            return [
                Interval(*(datetime.fromtimestamp(t, UTC) for t in (before + 3600, after)))
                for before, after in pairs
                if after > before + 3600
            ]

        found = {series.required[0]: merge(in_lanes(window, ask))}
        server.ask([influxql.select(f"last({name})", table, own)])  # the newest
        return found

    def lower_grade(self, series: Series, window: Interval) -> list[Graded]:
        """Return nothing: no price here is below its target."""
        low = f'"gapfill_grade" < {int(series.target)}'
        own, within = influxql.is_own(series), influxql.within(window)
        what = influxql.select('"gapfill_grade"', series.measurement, own, within, low)
        assert self._server.ask([what]) == [[]]
        return []


def _rows(tables: Sequence[ResponseTable]) -> list[list[Any]]:
    return [row for table in tables for row in table.rows]


def _seconds(context: RunContext, series: Series) -> float:
    began = time.perf_counter()
    detect(context, Selection((series,)))
    return time.perf_counter() - began


def test_lines_are_made_quicker_than_points(pvpc: Series, ratio: Callable[[Ratio], None]) -> None:
    """The same lines, but for the order of fields."""
    readings = prices(set())[:ENCODED]

    points = [Stored("", r.slot, r.values, int(r.grade), r.source, BATCH) for r in readings]

    def ours() -> list[str | None]:
        line = liner(pvpc)
        return [line(point, ()) for point in points]

    point: Any = Point  # it has no types of its own

    def theirs() -> list[str]:
        return [
            point.measurement(pvpc.measurement)
            .tag("market", "pvpc")
            .tag("geo", "8741")
            .field("price_eur_mwh", r.values["price_eur_mwh"])
            .field("gapfill_grade", int(r.grade))
            .field("gapfill_source", r.source)
            .field("gapfill_batch", BATCH)
            .time(r.slot, "s")
            .to_line_protocol()
            for r in readings
        ]

    sample = (ours()[1], theirs()[1])
    assert len({frozenset(str(line).replace(" ", ",").split(",")) for line in sample}) == 1, sample
    ratio(
        Ratio(
            "encoding 5,000 readings: `Point` objects ÷ ours",
            _quickest(theirs) / _quickest(ours),
            6,
        )
    )


def test_a_batch_is_written_nearly_as_fast_as_its_bytes(
    pvpc: Series, tmp_path: Path, ratio: Callable[[Ratio], None]
) -> None:
    """Encoding, compressing and posting, against curl that posts the very same bodies.

    A whole write also reads what stands, chooses, and notes for ``undo`` what it replaces:
    that is set against curl with the bodies of the notes, too.
    """
    curl = shutil.which("curl")
    assert curl, "this benchmark needs curl: apt-get install curl"
    readings = prices(set())[:READINGS]

    def batch(store: InfluxStore) -> None:
        line = liner(pvpc)
        points = (Stored("", r.slot, r.values, int(r.grade), r.source, BATCH) for r in readings)
        InfluxClient(store.access).write([said for point in points if (said := line(point, ()))])

    def whole(store: InfluxStore) -> None:
        assert store.write(pvpc, readings, BATCH) == READINGS

    for write, what, target in (
        (batch, "a batch of 80,000 readings", 1.3),
        (whole, "a whole write of 80,000 readings, with reading and notes", None),
    ):
        bodies = _recorded(write)
        times = [(_fresh(write), _posted(curl, bodies, tmp_path)) for _ in range(ROUNDS)]
        ours, theirs = (min(column) for column in zip(*times, strict=True))
        row = f"InfluxDB, {what} ÷ posting the same bytes with curl"
        ratio(Ratio(row, ours / theirs, target, at_least=False))


def test_an_enrichment_writes_a_third_of_the_bytes(
    weather: Series, ratio: Callable[[Ratio], None]
) -> None:
    """A year of a plant's own hours gets radiation, against whole rows with a note each.

    That is what the build of commit 1c77920 wrote; both as they cross the wire.
    """
    year = [START + timedelta(hours=n) for n in range(8760)]
    draw = random.Random(1)
    rows = {
        slot: {field.name: round(draw.uniform(0.0, 50.0), 1) for field in weather.fields[:-1]}
        for slot in year
    }
    engine().make_bucket("plant")
    head = line_protocol.head(weather.measurement, {"data_source": "aemet", "station_id": "5279X"})
    believed = {slot: values | {"pressure": 950.0} for slot, values in rows.items()}
    lines = [
        f"{head} {','.join(line_protocol.numbers(values))} {int(slot.timestamp())}"
        for slot, values in believed.items()
    ]
    for first in range(0, len(lines), 5000):
        engine().write("plant", lines[first : first + 5000], "s")
    proxy = FaultProxy(engine().url)
    proxy.sent = []
    store = InfluxStore(engine().access("plant", url=proxy.url, timeout_s=120))
    sun = {slot: round(draw.uniform(0.0, 900.0), 1) for slot in year}
    theirs = 0
    for first in range(0, len(year), WEEK):
        slots = year[first : first + WEEK]
        batch = f"cli__20261130T120000Z__0123abcd/weather_hourly:siar.hourly:{first}"
        readings = [
            Reading(s, {"solar_radiation": sun[s]}, Grade.OBSERVED, "siar/J17") for s in slots
        ]
        assert store.write(weather, readings, batch) == len(slots)
        theirs += sum(map(_compressed, _as_before(weather, believed, sun, slots, batch)))
    ours = sum(len(body) for path, body in proxy.sent if "/write" in path)
    store.close()
    proxy.close()
    engine().drop_bucket("plant")
    what = "InfluxDB, enrichment of a year: bytes written ÷ those of whole rows (1c77920)"
    ratio(Ratio(what, ours / theirs, 1 / 3, at_least=False))


def _as_before(
    series: Series,
    rows: Mapping[datetime, Mapping[str, float]],
    sun: Mapping[datetime, float],
    slots: Sequence[datetime],
    batch: str,
) -> tuple[list[str], list[str]]:
    """Return the lines of a week as the build of commit 1c77920 wrote them: notes, then rows."""
    line, kept = liner(series), "solar_radiation:siar/J17:30"
    points = [
        Stored("", s, {**rows[s], "solar_radiation": sun[s]}, 30, None, batch, kept) for s in slots
    ]
    head = line_protocol.head("gapfill_replaced", {"batch": batch, "series": series.name})
    same = 'before="",before_batch="",measurement="weather_data",tags="place=linares"'
    notes = [f"{head} {same},undone=false,begun=false {int(s.timestamp())}" for s in slots]
    return notes, [str(line(point, ())) for point in points]


def _compressed(lines: Sequence[str]) -> int:
    return len(gzip.compress("\n".join(lines).encode()))


def _fresh(write: Callable[[InfluxStore], None], url: str = "") -> float:
    """Return the seconds that a write takes into an empty bucket."""
    engine().make_bucket("written")
    more = {"url": url} if url else {}
    store = InfluxStore(engine().access("written", timeout_s=120, **more))
    began = time.perf_counter()
    write(store)
    took = time.perf_counter() - began
    store.close()
    engine().drop_bucket("written")
    return took


def _recorded(write: Callable[[InfluxStore], None]) -> list[tuple[str, bytes]]:
    """Return what a write sends, as ``(path with query, body)``."""
    proxy = FaultProxy(engine().url)
    bodies: list[tuple[str, bytes]] = []
    proxy.sent = bodies
    _fresh(write, proxy.url)
    proxy.close()
    return bodies


def _posted(curl: str, bodies: list[tuple[str, bytes]], folder: Path) -> float:
    """Return the seconds that one curl takes to post the bodies one after the other."""
    engine().make_bucket("written")
    lines = []
    for n, (path, body) in enumerate(bodies):
        (folder / f"{n}").write_bytes(body)
        lines += [
            f'url = "{engine().url}{path}"',
            f'data-binary = "@{folder / str(n)}"',
            f'header = "Authorization: Token {TOKEN}"',
            'header = "Content-Encoding: gzip"',
            "fail",
            "next",
        ]
    config = folder / "curl"
    config.write_text("\n".join(lines[:-1]))
    began = time.perf_counter()
    subprocess.run([curl, "-sS", "-K", str(config)], check=True)
    took = time.perf_counter() - began
    engine().drop_bucket("written")
    return took


@pytest.mark.usefixtures("buckets")
def test_time_grows_with_years_and_hardly_with_gaps(
    pvpc: Series, capsys: pytest.CaptureFixture[str]
) -> None:
    """Print the two plots of docs/reference/benchmarks.md: times as parts of the longest."""
    store = InfluxStore(engine().access("gappy52"))
    starts = [END - timedelta(days=365 * years) for years in (1, 2, 4, 6, 8)]
    spans = [Interval(start, END) for start in starts] + [ten_years()]
    by_year = [_quickest(partial(store.missing, pvpc, span)) for span in spans]
    by_gap = [_of_gaps(pvpc, gaps) for gaps in (0, 90, 181, 362, 724)]
    store.close()
    with capsys.disabled():
        print(f"\nyears 1 2 4 6 8 10: {_parts(by_year)}\ngaps 0 90 181 362 724: {_parts(by_gap)}")
    assert by_year[0] < by_year[-1]
    assert by_gap[-1] < 3 * by_gap[0]


def _of_gaps(series: Series, gaps: int) -> float:
    bucket = f"gaps{gaps}"
    engine().make_bucket(bucket, shard_weeks=YEAR_WEEKS)
    store = InfluxStore(engine().access(bucket, timeout_s=120))
    gone = holes(random.Random(724), gaps) if gaps else set[int]()
    store.write(series, prices(gone), "seed")
    assert len(store.missing(series, ten_years())) == gaps
    took = _quickest(partial(store.missing, series, ten_years()))
    store.close()
    engine().drop_bucket(bucket)
    return took


def _parts(times: list[float]) -> str:
    return " ".join(f"{one / max(times):.2f}" for one in times)
