"""The fixtures of the use cases and of the tasks."""

from __future__ import annotations

from tests.orchestration.conftest import context, here, known, sources, ti, time

__all__ = ["context", "here", "known", "sources", "ti", "time"]
