"""The faults asked for: which request meets which."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

_KEYS = frozenset(
    {"api", "kind", "times", "after", "from", "to", "retry_after", "seconds", "every"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A wrong that befalls requests to one API.

    Attributes:
        api: The API's name.
        kind: One of ``kinds``.
        times: How many requests it befalls, none for all.
        after: How many matching requests it lets pass first.
        first_day: Only requests that touch this local day or a later one.
        last_day: Only requests that touch this local day or an earlier one.
        retry_after: Seconds named in a ``Retry-After`` header, none for no header.
        seconds: How long ``slow`` waits.
        every: For kinds that change values: strike each so-many-th row.
    """

    api: str
    kind: str
    times: int | None = None
    after: int = 0
    first_day: date | None = None
    last_day: date | None = None
    retry_after: int | None = None
    seconds: float = 5.0
    every: int = 1

    @classmethod
    def parse(cls, data: object) -> Self:
        """Read a fault from its JSON form.

        Raises:
            ValueError: If a key is unknown, lacks or has a wrong value.
        """
        if not isinstance(data, Mapping):
            message = f"a fault is an object with api and kind, not {data!r}"
            raise ValueError(message)  # noqa: TRY004 - one error type for all bad input
        unknown = sorted(set(map(str, data)) - _KEYS)
        if unknown or not {"api", "kind"} <= set(data):
            message = f"a fault has api and kind and may have {sorted(_KEYS)}; unknown: {unknown}"
            raise ValueError(message)
        return cls(
            api=str(data["api"]),
            kind=str(data["kind"]),
            times=_whole(data, "times", least=1),
            after=_whole(data, "after") or 0,
            first_day=_day(data, "from"),
            last_day=_day(data, "to"),
            retry_after=_whole(data, "retry_after"),
            seconds=float(str(data.get("seconds", 5))),
            every=_whole(data, "every", least=1) or 1,
        )

    @classmethod
    def parse_spec(cls, text: str) -> Self:
        """Read a fault from its option form, ``ree:429,times=2,retry_after=30``.

        Raises:
            ValueError: If it has another form.
        """
        head, *options = text.split(",")
        api, colon, kind = head.partition(":")
        if not colon or not all("=" in option for option in options):
            message = f"{text!r} is not of the form API:KIND[,key=value...]"
            raise ValueError(message)
        pairs = (option.split("=", 1) for option in options)
        return cls.parse({"api": api, "kind": kind, **dict(pairs)})

    def matches(self, days: tuple[date, date] | None) -> bool:
        """Return whether a request that touches these local days, first and last, can meet it."""
        if self.first_day is None and self.last_day is None:
            return True
        if days is None:
            return False
        starts_in_time = self.last_day is None or days[0] <= self.last_day
        return starts_in_time and (self.first_day is None or self.first_day <= days[1])


def _whole(data: Mapping[str, object], key: str, least: int = 0) -> int | None:
    """Return a whole number of the JSON form, none where it lacks."""
    value = data.get(key)
    if value is None:
        return None
    number = int(str(value))
    if number < least:
        message = f"{key} is {number}, less than {least}"
        raise ValueError(message)
    return number


def _day(data: Mapping[str, object], key: str) -> date | None:
    """Return a date of the JSON form, none where it lacks."""
    value = data.get(key)
    return None if value is None else date.fromisoformat(str(value))


@dataclass(slots=True)
class _Standing:
    """A fault with what it has seen and done."""

    fault: Fault
    seen: int = 0
    used: int = 0

    def as_json(self) -> dict[str, object]:
        """Return the fault as it can be asked for, with its counts."""
        fault = self.fault
        return {
            "api": fault.api,
            "kind": fault.kind,
            "times": fault.times,
            "after": fault.after,
            "from": fault.first_day and fault.first_day.isoformat(),
            "to": fault.last_day and fault.last_day.isoformat(),
            "retry_after": fault.retry_after,
            "seconds": fault.seconds,
            "every": fault.every,
            "seen": self.seen,
            "used": self.used,
        }


class Faults:
    """The faults in force, in the order they were asked for. Threads may share it.

    Args:
        known: The kinds that each API can meet.
        faults: Asked for from the start.

    Raises:
        ValueError: If an API or its kind is unknown.
    """

    def __init__(self, known: Mapping[str, frozenset[str]], faults: Iterable[Fault] = ()) -> None:
        self._known = known
        self._lock = threading.Lock()
        self._standing: list[_Standing] = []
        for fault in faults:
            self._add(fault)

    def add(self, data: object) -> None:
        """Ask for a fault in its JSON form.

        Raises:
            ValueError: If the form, the API or the kind is unknown.
        """
        self._add(Fault.parse(data))

    def _add(self, fault: Fault) -> None:
        """Put a fault in force."""
        kinds = self._known.get(fault.api)
        if kinds is None:
            message = f"no API is named {fault.api!r}; there are {sorted(self._known)}"
            raise ValueError(message)
        if fault.kind not in kinds:
            message = f"{fault.api} cannot meet {fault.kind!r}, only {sorted(kinds)}"
            raise ValueError(message)
        with self._lock:
            self._standing.append(_Standing(fault))

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._standing.clear()

    def as_json(self) -> list[dict[str, object]]:
        """Return the faults in force, with ``seen`` and ``used`` counts of requests."""
        with self._lock:
            return [standing.as_json() for standing in self._standing]

    def take(self, api: str, kinds: frozenset[str], days: tuple[date, date] | None) -> Fault | None:
        """Return the fault this request meets, and count it.

        The first in force that matches is met; each that matches has seen the request.

        Args:
            api: The API that was called.
            kinds: What can befall the path.
            days: First and last local day the request touches, if known.
        """
        met: Fault | None = None
        with self._lock:
            for standing in self._standing:
                fault = standing.fault
                if fault.api != api or fault.kind not in kinds or not fault.matches(days):
                    continue
                standing.seen += 1
                is_spent = fault.times is not None and standing.used >= fault.times
                if met is None and standing.seen > fault.after and not is_spent:
                    standing.used += 1
                    met = fault
        return met
