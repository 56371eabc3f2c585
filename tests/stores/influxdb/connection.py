"""The connection to a test's InfluxDB, as a person names it in the environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.stores.influxdb.forwarder import ORG, TOKEN

if TYPE_CHECKING:
    from urllib.parse import SplitResult


def document(url: SplitResult, bucket: str, **more: object) -> str:
    """Return the value of ``AIRFLOW_CONN_GAPFILL_STORE``."""
    extra = {"token": TOKEN, "org": ORG, "bucket": bucket, "timeout": 2} | more
    host = f"http://{url.hostname}"
    return json.dumps({"conn_type": "influxdb", "host": host, "port": url.port, "extra": extra})
