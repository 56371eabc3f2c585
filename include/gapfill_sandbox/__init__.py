"""Simulated APIs on one local port, on their real paths and in their real formats.

Values come from a deterministic world, a virtual clock decides which are published, and options
or requests add faults. ``python -m gapfill.sandbox`` serves it, ``serve`` beside a test.
"""

from __future__ import annotations

from gapfill_sandbox.journal import JournalEntry
from gapfill_sandbox.server import Sandbox, serve

__all__ = ["JournalEntry", "Sandbox", "serve"]
