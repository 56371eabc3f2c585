"""A simulated API: routes that turn a request into an answer, as pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gapfill_sandbox.kinds import LIST_KINDS, ROW_KINDS, WIRE_KINDS
from gapfill_sandbox.spoil import spoil_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from gapfill_sandbox.account import Account
    from gapfill_sandbox.fault import Fault

JSON = "application/json"
JSON_UTF8 = "application/json; charset=utf-8"

Value = float | int | str
"""A cell of an answer; a text only where a fault put one."""


@dataclass(frozen=True, slots=True)
class Row:
    """The values of one slot, before any API's format.

    Attributes:
        start: Start of the slot, UTC.
        values: By column; a column may be missing.
    """

    start: datetime
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class SimulatedAnswer:
    """An HTTP answer.

    Attributes:
        status: HTTP status.
        body: Bytes as they go over the wire.
        content_type: Value of that header, with its charset where the real API names one.
        headers: Further headers.
        is_over_limit: Whether it refuses a request that is over the API's own limit.
    """

    status: int
    body: bytes
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    is_over_limit: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, with the state of the sandbox.

    Attributes:
        parts: Named parts of the path.
        query: All values of each query parameter.
        headers: By lower-case name.
        now: The virtual clock.
        span_days: Longest range the API answers, 0 for any.
        hop_url: Root URL of the other host that holds the data of a second hop.
        stations: What stations measure: one of ``aemet_stations.STATIONS``.
        account: The account of the client, if the API has accounts.
        fault: The fault of the request, none for no fault.
    """

    parts: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    now: datetime
    span_days: int
    hop_url: str
    stations: str
    account: Account | None = None
    fault: Fault | None = None

    @property
    def kind(self) -> str | None:
        """The kind of the request's fault."""
        return None if self.fault is None else self.fault.kind

    def spoil(self, rows: list[Row]) -> list[Row]:
        """Return the rows of the answer, changed by the fault."""
        return spoil_rows(rows, self.fault)

    def first(self, name: str) -> str | None:
        """Return the first value of a query parameter, if it was given."""
        values = self.query.get(name)
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Route:
    """One path of an API.

    Attributes:
        path: Pattern of aiohttp's router.
        answer: Makes the answer.
        days: First and last local day a request touches, none if unknown.
        kinds: Faults that are possible on this path.
        is_counted: Whether its requests count towards the API's rate.
        per_day: Requests admitted on one UTC day, shared with the API's other such paths; 0
            for no limit.
    """

    path: str
    answer: Callable[[Ask], SimulatedAnswer]
    days: Callable[[Ask], tuple[date, date] | None]
    kinds: frozenset[str] = WIRE_KINDS | ROW_KINDS | LIST_KINDS
    is_counted: bool = True
    per_day: int = 0


@dataclass(frozen=True, slots=True)
class Truth:
    """The true values of a series as one API states them, for comparing with a store.

    Attributes:
        columns: Names of the values.
        rows: Slots of ``[start, end)`` with their values, for the given query; nothing
            where the API states none.
    """

    columns: tuple[str, ...]
    rows: Callable[
        [Mapping[str, str], datetime, datetime], Iterable[tuple[datetime, Sequence[float | None]]]
    ]


@dataclass(frozen=True, slots=True)
class Api:
    """One simulated API.

    Attributes:
        name: As options and faults name it.
        routes: Its paths.
        refusals: Its own body for each fault that is an error answer, where known.
        rate_per_minute: Requests admitted in any 60 seconds, unless an option says otherwise.
        span_days: Longest range per request, unless an option says otherwise.
        truths: True values by series name; several APIs may have those of one series.
        account: Settings of its account where it has one (``account.Account``), unless an
            option says otherwise; the rate is then the account's, and refused as it does.
        at_once: Concurrent requests of one address, 0 for any number.
        waiting: Further requests of one address that may wait.
    """

    name: str
    routes: tuple[Route, ...]
    refusals: Mapping[str, SimulatedAnswer]
    rate_per_minute: int
    span_days: int
    truths: Mapping[str, Truth] = field(default_factory=dict)
    account: Mapping[str, int] = field(default_factory=dict)
    at_once: int = 0
    waiting: int = 0

    @property
    def kinds(self) -> frozenset[str]:
        """The faults that are possible on any of its paths."""
        return frozenset().union(*(route.kinds for route in self.routes))
