"""Airflow connections for tests, set in the environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def connect(monkeypatch: pytest.MonkeyPatch, conn_id: str, **fields: object) -> None:
    """Set a connection in the environment."""
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))
