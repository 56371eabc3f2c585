"""The options of a sandbox and the shared state of its requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from gapfill_sandbox.account import Account
from gapfill_sandbox.aemet_stations import DEFAULT_STATIONS, STATIONS
from gapfill_sandbox.clock import Clock
from gapfill_sandbox.faults import Faults
from gapfill_sandbox.journal import Journal
from gapfill_sandbox.rates import Days, Rates
from gapfill_sandbox.registry import APIS
from gapfill_sandbox.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from gapfill_sandbox.fault import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a sandbox.

    Attributes:
        host: Address to listen on.
        port: Port to listen on, 0 for a free one.
        now: Start of the virtual clock, none for the real time.
        is_running: Whether the virtual clock runs on from ``now``.
        faults: Active from the start.
        rates: Requests per minute by API, 0 for no limit; the API's own where it is missing.
        spans: Longest range in days by API, 0 for any; the API's own where it is missing.
        limits: Settings of accounts, such as ``siar.records_minute``, and of queues, such as
            ``open_meteo.at_once``; the API's own where one is missing.
        archive_redirect_host: Host name that archive 70 redirects to, none for the same.
        stations: What AEMET's stations measure: one of ``aemet_stations.STATIONS``.
        log: File that gets a line of JSON per request.
    """

    host: str = "127.0.0.1"
    port: int = 0
    now: datetime | None = None
    is_running: bool = False
    faults: tuple[Fault, ...] = ()
    rates: Mapping[str, int] = field(default_factory=dict)
    spans: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    archive_redirect_host: str | None = None
    stations: str = DEFAULT_STATIONS
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class SandboxState:
    """The shared state of the requests to one sandbox.

    Attributes:
        clock: The virtual clock.
        faults: The active faults.
        journal: The log of requests.
        rates: Requests of each API in a minute.
        days: Requests of each API on a day.
        spans: Longest range in days by API.
        accounts: Accounts by API.
        turns: Queues of concurrent requests.
        archive_redirect_host: Host name that archive 70 redirects to, none for the same.
        stations: What AEMET's stations measure.
    """

    clock: Clock
    faults: Faults
    journal: Journal
    rates: Rates
    days: Days
    spans: Mapping[str, int]
    accounts: Mapping[str, Account]
    turns: Turns
    archive_redirect_host: str | None
    stations: str

    @classmethod
    def start(cls, options: Options) -> Self:
        """Return the state at the start of a sandbox.

        Raises:
            ValueError: If an option names an unknown API or fault.
        """
        if options.stations not in STATIONS:
            message = f"stations are one of {sorted(STATIONS)}, not {options.stations!r}"
            raise ValueError(message)
        rates = _merged({api.name: api.rate_per_minute for api in APIS}, options.rates)
        limits = _merged(_own_limits(), options.limits)
        accounts = _accounts(rates, limits)
        return cls(
            clock=Clock(options.now, is_running=options.is_running),
            faults=Faults({api.name: api.kinds for api in APIS}, options.faults),
            journal=Journal(options.log),
            rates=Rates({name: 0 if name in accounts else n for name, n in rates.items()}),
            days=Days(),
            spans=_merged({api.name: api.span_days for api in APIS}, options.spans),
            accounts=accounts,
            turns=Turns(
                {api.name: limits.get(f"{api.name}.at_once", 0) for api in APIS},
                {api.name: limits.get(f"{api.name}.waiting", 0) for api in APIS},
            ),
            archive_redirect_host=options.archive_redirect_host,
            stations=options.stations,
        )


def _own_limits() -> dict[str, int]:
    """Return the APIs' own settings of every account and queue."""
    found = {f"{api.name}.{key}": number for api in APIS for key, number in api.account.items()}
    for api in APIS:
        if api.at_once:
            found |= {f"{api.name}.at_once": api.at_once, f"{api.name}.waiting": api.waiting}
    return found


def _accounts(rates: Mapping[str, int], limits: Mapping[str, int]) -> dict[str, Account]:
    """Return the accounts, each with its API's rate as its calls a minute."""
    return {
        api.name: Account(
            {key: limits[f"{api.name}.{key}"] for key in api.account}
            | {"calls_minute": rates[api.name]}
        )
        for api in APIS
        if api.account
    }


def _merged(defaults: Mapping[str, int], wanted: Mapping[str, int]) -> dict[str, int]:
    """Return the defaults with the given changes.

    Raises:
        ValueError: If a name is unknown or a number is negative.
    """
    for name, number in wanted.items():
        if name not in defaults or number < 0:
            message = f"{name}={number} is not of the form NAME=N with NAME in {sorted(defaults)}"
            raise ValueError(message)
    return {**defaults, **wanted}
