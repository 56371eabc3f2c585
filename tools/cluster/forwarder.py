"""Lets Debian's InfluxDB 1.x speak 2.x for the native cluster: the tests' forwarder, alone.

``python -m tools.cluster.forwarder PORT``, the port of the 1.x; says where it listens.
"""

from __future__ import annotations

import signal
import sys

from tests.stores.influxdb.forwarder import Forwarder

if __name__ == "__main__":
    print(f"ready on {Forwarder(int(sys.argv[1])).url}", flush=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
