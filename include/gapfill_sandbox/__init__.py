"""Simulated APIs on one local port, on their real paths and in their real formats.

Values come from a deterministic world, a virtual clock says what is published, and faults
are asked for. ``python -m gapfill.sandbox`` serves it, and ``serve`` does so beside a test.
"""

from __future__ import annotations

from gapfill_sandbox.journal import JournalEntry
from gapfill_sandbox.server import Sandbox, serve

__all__ = ["JournalEntry", "Sandbox", "serve"]
