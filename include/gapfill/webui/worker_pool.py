"""Threads in which requests wait for the store, so that they hold none of Airflow's threads.

Airflow's routes share some forty threads. A store that hangs would block all of them, and so every
page of Airflow. Here it blocks only our own threads; further requests get 503.
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
"""Number of threads, of requests that may wait for one, and the longest wait of a read."""


class Busy(StoreError):
    """Too many requests wait for the store, or one has waited too long.

    Attributes:
        retry_after: Seconds until the client may try again.
    """

    retry_after = 10


class BoundedExecutor:
    """Runs the blocking work of a bounded number of requests."""

    def __init__(self, workers: int = WORKERS, queue: int = QUEUE) -> None:
        self._pool = ThreadPoolExecutor(workers, "gapfill-web")
        self._most, self._count, self._counting = workers + queue, 0, Lock()

    async def run(self, work: Callable[[], T], wait_s: float | None = WAIT_S) -> T:
        """Return the result of the work; waiting for it holds no thread of the server.

        Args:
            work: A blocking function.
            wait_s: How long to wait for the result; ``None`` for no limit.

        Raises:
            Busy: If too many requests wait, or this one has waited too long.
        """
        with self._counting:
            if self._count >= self._most:
                message = f"{self._count} requests wait for the store: try again later."
                raise Busy(message)
            self._count += 1
        future = self._pool.submit(copy_context().run, work)  # like the server's own threads
        future.add_done_callback(self._release)
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), wait_s)
        except TimeoutError:
            future.cancel()  # effective if no thread has started it
            message = f"The store has not answered for {wait_s:g} s: check it, and try again later."
            raise Busy(message) from None

    def _release(self, _: object) -> None:
        with self._counting:
            self._count -= 1


_POOL = BoundedExecutor()
"""The pool of this process."""


def reading(route: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Run a route that reads in the pool, with a limit for its wait."""
    return _in_pool(route, WAIT_S)


def writing(route: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Run a route that starts a run in the pool, without a limit: its answer reports the result."""
    return _in_pool(route, None)


def _in_pool(route: Callable[P, T], wait_s: float | None) -> Callable[P, Awaitable[T]]:
    @wraps(route)
    async def wait(*args: P.args, **kwargs: P.kwargs) -> T:
        return await _POOL.run(partial(route, *args, **kwargs), wait_s)

    return wait
