"""The active faults, and the requests that they affect."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from gapfill_sandbox.fault import Fault
from gapfill_sandbox.rates import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime


class _Standing:
    """A fault with its counters."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.seen = 0
        self.used = 0
        self.window = None
        if fault.per_minute is not None:
            self.window = Window(fault.per_minute, is_fixed=fault.window == "fixed")

    def is_met(self, moment: float) -> bool:
        """Count a matching request, and return whether the fault affects it."""
        self.seen += 1
        if self.seen <= self.fault.after:
            return False
        if self.fault.times is not None and self.used >= self.fault.times:
            return False
        return self.window is None or self.window.is_full(moment)

    def as_json(self) -> dict[str, object]:
        """Return the fault in its JSON form, with its counts."""
        return {**self.fault.as_json(), "seen": self.seen, "used": self.used}


class Faults:
    """The active faults, in the order of their requests. Threads may share it.

    Args:
        known: The possible kinds of each API.
        faults: Faults from the start.
        seconds: The real clock, in seconds of any start.

    Raises:
        ValueError: If an API or its kind is unknown.
    """

    def __init__(
        self,
        known: Mapping[str, frozenset[str]],
        faults: Iterable[Fault] = (),
        seconds: Callable[[], float] = time.time,
    ) -> None:
        self._known = known
        self._seconds = seconds
        self._lock = threading.Lock()
        self._standing = [self._stand(fault) for fault in faults]

    def add(self, *data: object) -> None:
        """Add faults in their JSON form: all of them, or none if one is wrong.

        Raises:
            ValueError: If the form, the API or the kind is unknown.
        """
        new = [self._stand(Fault.parse(each)) for each in data]
        with self._lock:
            self._standing.extend(new)

    def replace(self, *data: object) -> None:
        """Replace all faults by others in one step.

        Raises:
            ValueError: If the form, the API or the kind is unknown; then nothing changes.
        """
        new = [self._stand(Fault.parse(each)) for each in data]
        with self._lock:
            self._standing = new

    def _stand(self, fault: Fault) -> _Standing:
        """Return a fault that can become active."""
        kinds = self._known.get(fault.api)
        if kinds is None:
            message = f"no API is named {fault.api!r}; there are {sorted(self._known)}"
            raise ValueError(message)
        if fault.kind not in kinds:
            message = f"{fault.api} cannot meet {fault.kind!r}, only {sorted(kinds)}"
            raise ValueError(message)
        return _Standing(fault)

    def clear(self) -> None:
        """Forget all faults."""
        self.replace()

    def as_json(self) -> list[dict[str, object]]:
        """Return the faults in force, with ``seen`` and ``used`` counts of requests."""
        with self._lock:
            return [standing.as_json() for standing in self._standing]

    def take(
        self,
        api: str,
        kinds: frozenset[str],
        days: tuple[date, date] | None,
        now: datetime,
        *,
        is_counted: bool = True,
    ) -> Fault | None:
        """Return the fault of this request, and count it.

        The first matching fault applies; each matching one counts the request as seen. A
        request that a limit a minute refuses counts towards no such limit, any other one
        counts towards all that match.

        Args:
            api: The called API.
            kinds: Possible faults of the path.
            days: First and last local day the request touches, if known.
            now: The virtual clock.
            is_counted: Whether the path counts towards limits a minute.
        """
        met: _Standing | None = None
        with self._lock:
            moments = {"real": self._seconds(), "virtual": now.timestamp()}
            matching = [
                standing
                for standing in self._standing
                if standing.fault.api == api
                and standing.fault.kind in kinds
                and standing.fault.matches(days, now)
                and (is_counted or standing.window is None)
            ]
            for standing in matching:
                if standing.is_met(moments[standing.fault.clock]) and met is None:
                    met = standing
            if met is None or met.window is None:
                for standing in matching:
                    if standing.window is not None:
                        standing.window.add(moments[standing.fault.clock])
            if met is not None:
                met.used += 1
        return None if met is None else met.fault
