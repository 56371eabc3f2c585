"""The Flux of the guide for a dashboard; only 2.x has the language, so only it collects this."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient

from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.forwarder import ORG, TOKEN
from tests.stores.influxdb.test_dashboards import MERGED, question, seed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.server


def test_flux_reads_one_merged_series(tmp_path: Path) -> None:
    """The same as InfluxQL does."""
    backend = InfluxBackend(tmp_path)
    seed(backend)
    query = question("flux").replace("BUCKET", backend.bucket)
    with InfluxDBClient(backend.engine.url, TOKEN, org=ORG) as client:
        tables = client.query_api().query(query)
    assert [(r.get_time(), r.get_value()) for t in tables for r in t.records] == MERGED
    backend.close()
