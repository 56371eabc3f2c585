"""The shipped catalogue and the clock of these tests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gapfill import catalog

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def known() -> catalog.Catalog:
    """Return the shipped catalogue."""
    return catalog.load()
