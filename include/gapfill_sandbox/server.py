"""Run a sandbox until it gets a signal, or beside a test in a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from gapfill_sandbox.aemet_stations import DEFAULT_STATIONS
from gapfill_sandbox.app import build_app
from gapfill_sandbox.fault import Fault
from gapfill_sandbox.state import Options, SandboxState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from gapfill_sandbox.clock import Clock
    from gapfill_sandbox.faults import Faults
    from gapfill_sandbox.journal import Journal

_SHUTDOWN_S = 0.2
_START_LIMIT_S = 10.0


def listen(options: Options) -> socket.socket:
    """Return a listening socket.

    Raises:
        OSError: If the address is in use or not of this machine.
    """
    return socket.create_server((options.host, options.port))


def url_of(listener: socket.socket) -> str:
    """Return the root URL of a listening socket."""
    host, port, *_ = listener.getsockname()
    return f"http://{host}:{port}"


async def run(
    state: SandboxState, listener: socket.socket, ready: Callable[[asyncio.Event], None]
) -> None:
    """Serve until the event given to ``ready`` is set.

    Args:
        state: Shared state of the requests.
        listener: The listening socket.
        ready: Called in the loop when the server accepts connections.
    """
    runner = web.AppRunner(build_app(state), access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        stop = asyncio.Event()
        ready(stop)
        await stop.wait()
    finally:
        await runner.cleanup()


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox that serves in this process.

    Attributes:
        url: Root URL of every API, without a slash at its end.
        clock: The virtual clock.
        faults: The active faults.
        requests: The log of requests.
    """

    url: str
    clock: Clock
    faults: Faults
    requests: Journal


@contextmanager
def serve(
    *,
    now: datetime | None = None,
    is_running: bool = False,
    faults: Iterable[Mapping[str, object]] = (),
    rates: Mapping[str, int] | None = None,
    spans: Mapping[str, int] | None = None,
    limits: Mapping[str, int] | None = None,
    archive_redirect_host: str | None = None,
    stations: str = DEFAULT_STATIONS,
) -> Iterator[Sandbox]:
    """Serve a sandbox on a free local port while the context lasts; several may run at once.

    Args:
        now: Start of the virtual clock, none for the real time.
        is_running: Whether the clock runs on from ``now``.
        faults: Active from the start, in their JSON form.
        rates: Requests per minute by API, 0 for no limit.
        spans: Longest range in days by API, 0 for any.
        limits: Settings of accounts and queues, such as ``siar.records_minute``.
        archive_redirect_host: Host name that archive 70 redirects to, none for the same.
        stations: What AEMET's stations measure: ``real`` or ``full``.

    Raises:
        ValueError: If an API, a fault or a time is unknown.
    """
    options = Options(
        now=now,
        is_running=is_running,
        faults=tuple(Fault.parse(fault) for fault in faults),
        rates=rates or {},
        spans=spans or {},
        limits=limits or {},
        archive_redirect_host=archive_redirect_host,
        stations=stations,
    )
    state = SandboxState.start(options)
    with listen(options) as listener, _running(state, listener):
        yield Sandbox(url_of(listener), state.clock, state.faults, state.journal)


@contextmanager
def _running(state: SandboxState, listener: socket.socket) -> Iterator[None]:
    """Run the server in a thread while the context lasts."""
    started: Future[Callable[[], None]] = Future()

    def ready(stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()

        def stop_soon() -> None:
            loop.call_soon_threadsafe(stop.set)

        started.set_result(stop_soon)

    def work() -> None:
        asyncio.run(run(state, listener, ready))

    thread = threading.Thread(target=work, name="gapfill-sandbox", daemon=True)
    thread.start()
    stop = started.result(_START_LIMIT_S)
    try:
        yield
    finally:
        stop()
        thread.join()
