"""What a process of the native cluster calls its machine; Airflow asks this module."""

from __future__ import annotations

import os
import socket

VARIABLE = "GAPFILL_CLUSTER_MACHINE"


def name() -> str:
    """Return the name of the container that this process stands for."""
    return os.environ.get(VARIABLE) or socket.gethostname()
