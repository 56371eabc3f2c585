"""One fault: the requests that it affects, and its effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from gapfill_sandbox.times import parse_instant, stamp

_WINDOWS = ("sliding", "fixed")
_CLOCKS = ("real", "virtual")
KEYS = (
    *("times", "after", "from", "to", "since", "until", "at", "field", "every"),
    *("retry_after", "seconds", "per_minute", "window", "clock"),
)
"""Keys of a fault besides ``api`` and ``kind``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault of requests to one API.

    Attributes:
        api: The API's name.
        kind: One of ``kinds``.
        times: Number of affected requests, none for all.
        after: Number of matching requests that pass first.
        first_day: Only requests that touch this local day or a later one.
        last_day: Only requests that touch this local day or an earlier one.
        since: Only while the virtual clock shows this instant or a later one.
        until: Only while the virtual clock shows an earlier instant.
        at: For kinds that change rows: affect only the row that starts at this instant.
        field: For kinds that change values: affect only this column, by the API's own name.
        retry_after: Seconds named in a ``Retry-After`` header, none for no header.
        seconds: How long ``slow`` waits.
        every: For kinds that change rows: affect every Nth row.
        per_minute: Only requests above this number a minute, none for all.
        window: Of ``per_minute``: any sixty seconds (``sliding``) or each minute of the clock
            (``fixed``).
        clock: Of ``per_minute``: the ``real`` or the ``virtual`` one.
    """

    api: str
    kind: str
    times: int | None = None
    after: int = 0
    first_day: date | None = None
    last_day: date | None = None
    since: datetime | None = None
    until: datetime | None = None
    at: datetime | None = None
    field: str | None = None
    retry_after: int | None = None
    seconds: float = 5.0
    every: int = 1
    per_minute: int | None = None
    window: str = _WINDOWS[0]
    clock: str = _CLOCKS[0]

    @classmethod
    def parse(cls, data: object) -> Self:
        """Read a fault from its JSON form.

        Raises:
            ValueError: If a key is unknown, is missing or has a wrong value.
        """
        if not isinstance(data, Mapping):
            message = f"a fault is an object with api and kind, not {data!r}"
            raise ValueError(message)  # noqa: TRY004 - one error type for all bad input
        unknown = sorted(set(map(str, data)) - {"api", "kind", *KEYS})
        if unknown or not {"api", "kind"} <= set(data):
            message = f"a fault has api and kind and may have {sorted(KEYS)}; unknown: {unknown}"
            raise ValueError(message)
        return cls(
            api=str(data["api"]),
            kind=str(data["kind"]),
            times=_whole(data, "times", least=1),
            after=_whole(data, "after") or 0,
            first_day=_day(data, "from"),
            last_day=_day(data, "to"),
            since=_instant(data, "since"),
            until=_instant(data, "until"),
            at=_instant(data, "at"),
            field=None if data.get("field") is None else str(data["field"]),
            retry_after=_whole(data, "retry_after"),
            seconds=float(str(data.get("seconds", 5))),
            every=_whole(data, "every", least=1) or 1,
            per_minute=_whole(data, "per_minute", least=1),
            window=_word(data, "window", _WINDOWS),
            clock=_word(data, "clock", _CLOCKS),
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

    def as_json(self) -> dict[str, object]:
        """Return the JSON form with every key, null for an unset one."""
        return {
            "api": self.api,
            "kind": self.kind,
            "times": self.times,
            "after": self.after,
            "from": self.first_day and self.first_day.isoformat(),
            "to": self.last_day and self.last_day.isoformat(),
            "since": self.since and stamp(self.since),
            "until": self.until and stamp(self.until),
            "at": self.at and stamp(self.at),
            "field": self.field,
            "retry_after": self.retry_after,
            "seconds": self.seconds,
            "every": self.every,
            "per_minute": self.per_minute,
            "window": self.window,
            "clock": self.clock,
        }

    def matches(self, days: tuple[date, date] | None, now: datetime) -> bool:
        """Return whether it can affect a request.

        Args:
            days: First and last local day that the request touches, if known.
            now: The virtual clock.
        """
        if (self.since is not None and now < self.since) or (
            self.until is not None and now >= self.until
        ):
            return False
        if self.first_day is None and self.last_day is None:
            return True
        return days is not None and self.has_day(days[0], days[1])

    def has_day(self, first: date, last: date) -> bool:
        """Return whether the local days from first to last touch the days of the fault."""
        starts_in_time = self.last_day is None or first <= self.last_day
        return starts_in_time and (self.first_day is None or self.first_day <= last)


def _whole(data: Mapping[str, object], key: str, least: int = 0) -> int | None:
    """Return a whole number of the JSON form, none where it is missing."""
    value = data.get(key)
    if value is None:
        return None
    number = int(str(value))
    if number < least:
        message = f"{key} is {number}, less than {least}"
        raise ValueError(message)
    return number


def _day(data: Mapping[str, object], key: str) -> date | None:
    """Return a date of the JSON form, none where it is missing."""
    value = data.get(key)
    return None if value is None else date.fromisoformat(str(value))


def _instant(data: Mapping[str, object], key: str) -> datetime | None:
    """Return an instant of the JSON form, none where it is missing."""
    value = data.get(key)
    return None if value is None else parse_instant(str(value))


def _word(data: Mapping[str, object], key: str, words: tuple[str, ...]) -> str:
    """Return a word of the JSON form, the first allowed one if it is missing."""
    word = str(data.get(key) or words[0])
    if word not in words:
        message = f"{key} is {word!r}, not one of {', '.join(words)}: this fault has no such {key}"
        raise ValueError(message)
    return word
