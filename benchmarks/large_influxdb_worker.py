"""Reads many series of prices in InfluxDB with the build that ``PYTHONPATH`` names.

``test_large_influxdb`` starts one for each row, as a module, in the root of this repository. It
does one thing once, and prints the seconds, the requests and the peak of memory, as JSON. It uses
only what the build of commit 1c77920 has too, there under other names.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from influxdb_client.client.influxdb_client import InfluxDBClient
from urllib3.connectionpool import HTTPConnectionPool

from benchmarks.large_worker import FIRST, known
from benchmarks.status_worker import (
    SetUp,
    context_class,
    detect_all,
    make_plan,
    named,
    request_class,
)
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gapfill.catalog import Catalog
    from gapfill.services.ports import Sources, Store

store_class = named("stores.influxdb.store:InfluxStore", "stores.influxdb:InfluxStore")
config_class = named("stores.influxdb.config:InfluxConfig", "stores.influxdb_access:Access")
detect = named("services.detection:detect", "services.detect:detect")

_requests = 0


def count_requests() -> None:
    """Count each request that leaves this process."""
    send = HTTPConnectionPool.urlopen

    def urlopen(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - as urllib3 has it
        global _requests  # noqa: PLW0603 - the one count of this process
        _requests += 1
        return send(*args, **more)

    HTTPConnectionPool.urlopen = urlopen  # type: ignore[method-assign]  # counted


def look(world: Catalog, store: Store, now: datetime, what: str) -> tuple[int, int]:
    """Detect, with a plan or closely if ``what`` says so; return the gaps and the units."""
    context = context_class(world, store, cast("Sources", SetUp()), now)
    selection = Selection(tuple(world.series.values()))
    if what == "status":
        reports = detect(context, selection, closely=True)
    else:
        reports = detect_all(context, request_class(selection))
    assert not any(report.error for report in reports), reports[0].error
    units = 0
    if what == "plan":
        plan = make_plan(context, request_class(selection), reports)
        units = len(plan.units) + plan.deferred
    return sum(len(report.coverage.gaps) for report in reports), units


def pull(world: Catalog, config: Any, now: datetime, *, is_2: bool) -> int:  # noqa: ANN401 - of either build
    """Return how many rows there are, after all have been pulled, series by series.

    A row has all of its fields, because a program needs the grade to decide what is good enough.
    """
    begin, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (FIRST, now))
    with InfluxDBClient(config.url, config.token, org=config.org, timeout=600_000) as client:
        rows = _pull_2(client, config.bucket) if is_2 else _pull_1(client, config.bucket)
        return sum(rows(name, begin, end) for name in world.series)


def _pull_2(client: InfluxDBClient, bucket: str) -> Callable[[str, str, str], int]:
    def rows(name: str, begin: str, end: str) -> int:
        tables = client.query_api().query(
            f'from(bucket: "{bucket}") |> range(start: {begin}, stop: {end}) |> filter(fn: (r) => '
            f'r._measurement == "sensors" and r.sensor == "{name}") '
            '|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
        )
        return len({record.values["_time"] for table in tables for record in table.records})

    return rows


def _pull_1(client: InfluxDBClient, bucket: str) -> Callable[[str, str, str], int]:
    api: Any = client.api_client  # it has no types of its own

    def rows(name: str, begin: str, end: str) -> int:
        where = f"sensor = '{name}' AND time >= '{begin}' AND time < '{end}'"
        said = api.call_api(
            "/query",
            "GET",
            query_params=[
                ("db", bucket),
                ("q", f"SELECT * FROM sensors WHERE {where}"),  # noqa: S608 - our own names
            ],
            auth_settings=[],
            response_type="object",
            _return_http_data_only=True,
        )
        values: Sequence[Sequence[str]] = said["results"][0]["series"][0]["values"]
        return len({datetime.fromisoformat(row[0]).astimezone(UTC) for row in values})

    return rows


def main(text: str) -> None:
    """Do what the JSON text says, and print the measurements."""
    asked = json.loads(text)
    world = known(asked["series"])
    config = config_class("gapfill_store", timeout_s=600, **asked["access"])
    now = FIRST + timedelta(hours=asked["hours"])
    count_requests()
    began = time.perf_counter()
    if asked["what"] == "pull":
        found = (pull(world, config, now, is_2=asked["is_2"]), 0)
    else:
        found = look(world, store_class(config), now, asked["what"])
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    said = {"seconds": took, "found": found, "requests": _requests, "peak_mib": peak}
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
