"""A sandbox that stands at noon of 2025-11-05 UTC: 2025-11-05 is published, 11-06 is not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from gapfill_sandbox import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gapfill_sandbox import Sandbox

NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox with a frozen clock."""
    with serve(now=NOON) as running:
        yield running
