"""Where requests wait for the store: threads of our own, so that none of Airflow's are held.

Airflow's routes share some forty threads. A store that hangs would keep them all, and with
them every page of Airflow; here it blocks only our own threads; further requests get 503.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial, wraps
from threading import Lock
from typing import ParamSpec, TypeVar

from gapfill.errors import StoreError

P = ParamSpec("P")
T = TypeVar("T")

WORKERS, QUEUE, WAIT_S = 8, 64, 20.0
"""Threads, requests that may wait for one, and how long a request that reads waits in all."""


class Busy(StoreError):
    """Too many requests wait for the store, so another one is refused.

    Attributes:
        retry_after: Seconds until it may be tried again.
    """

    retry_after = 10


class BoundedExecutor:
    """Does the blocking work of routes, a bounded amount of it."""

    def __init__(self, workers: int = WORKERS, queue: int = QUEUE) -> None:
        self._pool = ThreadPoolExecutor(workers, "gapfill-web")
        self._most, self._count, self._counting = workers + queue, 0, Lock()

    async def run(self, work: Callable[[], T], wait_s: float | None = WAIT_S) -> T:
        """Return what the work returns; waiting for it holds no thread of the server.

        Args:
            work: Blocking.
            wait_s: How long to wait for it; ``None``: to its end.

        Raises:
            Busy: If too many wait, or this one has waited too long.
        """
        with self._counting:
            if self._count >= self._most:
                message = f"{self._count} requests wait for the store: try again later."
                raise Busy(message)
            self._count += 1
        future = self._pool.submit(copy_context().run, work)  # as the server's own threads have it
        future.add_done_callback(self._left)
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), wait_s)
        except TimeoutError:
            future.cancel()  # where no thread has begun with it
            message = (
                f"The store has not answered for {wait_s:g} s: see how it is, and try again later."
            )
            raise Busy(message) from None

    def _left(self, _: object) -> None:
        with self._counting:
            self._count -= 1


DESK = BoundedExecutor()
"""This process's own."""


def reading(route: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Let a route that reads work at the desk, and give up in time."""
    return _at_desk(route, WAIT_S)


def writing(route: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Let a route that starts something work at the desk; its answer says what became of it."""
    return _at_desk(route, None)


def _at_desk(route: Callable[P, T], wait_s: float | None) -> Callable[P, Awaitable[T]]:
    @wraps(route)
    async def wait(*args: P.args, **kwargs: P.kwargs) -> T:
        return await DESK.run(partial(route, *args, **kwargs), wait_s)

    return wait
