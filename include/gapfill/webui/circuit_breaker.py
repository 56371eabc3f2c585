"""The store for the web, with short timeouts: a page must not wait minutes for the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from gapfill.errors import StoreError, StoreUnreachable
from gapfill.services.ports import Store

ANSWER_WAIT_S = 10.0
"""How long the web waits for one answer of the store."""

PAUSE_S = 10.0
"""How long the web sends no request to a store that did not answer in time."""

_SLOW_S = 2.0
"""A failure that takes longer than this means that the store hangs."""

_paused: dict[str, tuple[float, str]] = {}


class CircuitBreakerStore:
    """A store that gets no request for a while after it did not answer in time.

    Args:
        store: Any implementation of the port.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._place = str(store.place)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any method of the port
        """Return a method of the store."""
        found = getattr(self._store, name)
        return found if name == "close" or not callable(found) else self._guarded(name, found)

    def _guarded(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def ask(*args: object, **kwargs: object) -> Any:  # noqa: ANN401 - as the port has it
            until, why = _paused.get(self._place, (0.0, ""))
            began = time.monotonic()
            if began < until:
                raise StoreUnreachable(why)
            try:
                answer = method(*args, **kwargs)
            except StoreError as exc:
                if name != "verify":  # verify waits for writers
                    self._note_slow(exc, began)
                raise
            if name.endswith("_each"):
                errors = (one for one in answer.values() if isinstance(one, StoreUnreachable))
                if (first := next(errors, None)) is not None:
                    self._note_slow(first, began)
            return answer

        return ask

    def _note_slow(self, exc: StoreError, began: float) -> None:
        """Pause requests for a while if the failure took long."""
        ended = time.monotonic()
        if ended - began >= _SLOW_S:
            _paused[self._place] = ended + PAUSE_S, str(exc)
