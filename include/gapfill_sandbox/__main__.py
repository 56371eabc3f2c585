"""``python -m gapfill.sandbox``: serve the simulated APIs until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gapfill_sandbox.aemet_stations import DEFAULT_STATIONS, STATIONS
from gapfill_sandbox.fault import KEYS, Fault
from gapfill_sandbox.kinds import KINDS
from gapfill_sandbox.server import listen, run, url_of
from gapfill_sandbox.state import Options, SandboxState
from gapfill_sandbox.times import parse_instant

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

_USAGE_ERROR = 2
_FAILURE = 1


def _number_by_api(text: str) -> tuple[str, int]:
    """Read ``ree=30``.

    Raises:
        ValueError: If it has another form.
    """
    name, _, number = text.partition("=")
    return name, int(number)


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m gapfill.sandbox",
        description=(
            "Serve REE, ESIOS, AEMET, SIAR, OpenWeatherMap and Open-Meteo, simulated, on one "
            "local port."
        ),
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=int, default=8700, help="0 for a free one (%(default)s)")
    add("--now", type=parse_instant, metavar="INSTANT", help="freeze the clock at this instant")
    add("--running", action="store_true", help="let the clock run on from --now")
    add(
        "--fault",
        type=Fault.parse_spec,
        action="append",
        default=[],
        metavar="API:KIND[,KEY=VALUE...]",
        help=f"kinds: {', '.join(sorted(KINDS))}; keys: {', '.join(KEYS)}",
    )
    add(
        "--rate",
        type=_number_by_api,
        action="append",
        default=[],
        metavar="API=N",
        help="requests a minute, 0 for no limit",
    )
    add(
        "--span",
        type=_number_by_api,
        action="append",
        default=[],
        metavar="API=DAYS",
        help="longest range of a request, 0 for any",
    )
    add(
        "--limit",
        type=_number_by_api,
        action="append",
        default=[],
        metavar="API.NAME=N",
        help="of an account: siar.records_minute, calls_day, records_day, token_minutes, ...; of "
        "a queue: open_meteo.at_once, waiting",
    )
    add(
        "--stations",
        choices=sorted(STATIONS),
        default=DEFAULT_STATIONS,
        help="what AEMET's stations measure: as in reality, or everything (%(default)s)",
    )
    add("--archive-redirect-host", metavar="NAME", help="host name of archive 70's second hop")
    add("--log", type=Path, metavar="FILE", help="append a line of JSON per request")
    return parser


def _options(arguments: Sequence[str] | None) -> Options:
    """Read the command line."""
    given = _parser().parse_args(arguments)
    return Options(
        host=given.host,
        port=given.port,
        now=given.now,
        is_running=given.running,
        faults=tuple(given.fault),
        rates=dict(given.rate),
        spans=dict(given.span),
        limits=dict(given.limit),
        archive_redirect_host=given.archive_redirect_host,
        stations=given.stations,
        log=given.log,
    )


async def _serve(state: SandboxState, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""

    def ready(stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        sys.stdout.write(f"sandbox ready on {url_of(listener)}\n")
        sys.stdout.flush()

    await run(state, listener, ready)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, and return the exit code: 0 stopped, 1 cannot listen, 2 wrong option."""
    options = _options(arguments)
    try:
        state = SandboxState.start(options)
    except ValueError as exc:
        sys.stderr.write(f"sandbox: {exc}\n")
        return _USAGE_ERROR
    try:
        listener = listen(options)
    except OSError as exc:
        sys.stderr.write(f"sandbox: cannot listen on {options.host}:{options.port}: {exc}\n")
        return _FAILURE
    asyncio.run(_serve(state, listener))
    return 0


if __name__ == "__main__":
    sys.exit(main())
