"""Limit the concurrent requests of an address; further ones wait in a queue."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


class _Line:
    """The pending requests of one address to one API."""

    def __init__(self, at_once: int) -> None:
        self.turn = asyncio.Semaphore(at_once)
        self.length = 0


class Turns:
    """A queue per API and address, for the one event loop that serves.

    Args:
        at_once: Concurrent requests by API; 0 for any number.
        waiting: Further requests that may wait, by API.
    """

    def __init__(self, at_once: Mapping[str, int], waiting: Mapping[str, int]) -> None:
        self._at_once = dict(at_once)
        self._waiting = dict(waiting)
        self._lines: dict[tuple[str, str | None], _Line] = {}

    @asynccontextmanager
    async def turn(self, api: str, address: str | None) -> AsyncIterator[bool]:
        """Wait for a request's turn, which lasts as long as the context.

        Yields whether it is its turn: a request does not wait in a full queue.
        """
        at_once = self._at_once[api]
        if not at_once:
            yield True
            return
        line = self._lines.setdefault((api, address), _Line(at_once))
        if line.length >= at_once + self._waiting[api]:
            yield False
            return
        line.length += 1
        try:
            async with line.turn:
                yield True
        finally:
            line.length -= 1
