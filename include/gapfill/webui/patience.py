"""The store as the web asks it: with little patience, and with a memory of what it held.

A page must not wait minutes for a store that hangs, and must not take an empty file, in
the place of one that held readings, for a first use.
"""

from __future__ import annotations

import time
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gapfill.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from gapfill.services.ports import Store
    from gapfill.services.site import Site

PATIENCE_S = 10.0
"""How long the web waits for one answer of the store."""

SILENT_S = 10.0
"""How long nobody asks a store that did not answer in time."""

_SLOW_S = 2.0
"""A failure that takes longer is a store that hangs."""

_silent: dict[str, tuple[float, str]] = {}
_held: dict[Path, datetime] = {}


class HurriedStore:
    """A store that is not asked again for a while after it has let somebody wait.

    Args:
        store: The store, any that has the port.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._place = str(store.place)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        """Return a method of the store."""
        found = getattr(self._store, name)
        return found if name == "close" or not callable(found) else self._hurried(name, found)

    def _hurried(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def ask(*args: object, **kwargs: object) -> object:
            until, why = _silent.get(self._place, (0.0, ""))
            began = time.monotonic()
            if began < until:
                raise StoreError(why)
            try:
                return method(*args, **kwargs)
            except StoreError as exc:
                ended = time.monotonic()
                if ended - began >= _SLOW_S and name != "verify":  # which waits for writers
                    _silent[self._place] = ended + SILENT_S, str(exc)
                raise

        return ask


def insist_held(site: Site) -> None:
    """Refuse a store file that held readings, as this process has seen, and holds none now.

    Raises:
        StoreError: With the time it held some.
    """
    path = getattr(site.store, "path", None)
    if not isinstance(path, Path):
        return
    try:
        held = any(site.store.newest(series) for series in site.catalog.series.values())
    except StoreError:
        return  # what comes after says what is wrong
    if held:
        _held[path] = site.now
    elif path in _held:
        what = "is empty" if path.exists() else "is gone"
        message = (
            f"The store {path} {what}, and held readings at {_held[path]:%Y-%m-%d %H:%M} UTC: "
            "put it back, or restart the API server to begin with an empty one."
        )
        raise StoreError(message)
