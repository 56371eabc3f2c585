"""Control routes under ``/_sandbox``: the clock, the faults, the log, the truth."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from aiohttp import web

from gapfill_sandbox.registry import APIS
from gapfill_sandbox.state import SandboxState
from gapfill_sandbox.times import parse_bound, parse_instant, stamp

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from gapfill_sandbox.api import Truth

PREFIX = "/_sandbox"
_TRUTHS = {(name, api.name): truth for api in APIS for name, truth in api.truths.items()}
"""By series and source."""

_Control = Callable[[SandboxState, Mapping[str, str], str], web.Response]
"""From the state, the query and the body to an answer."""


def add_control_routes(app: web.Application, state: SandboxState) -> None:
    """Add the control routes to an application."""
    for method, name, control in _CONTROLS:
        app.router.add_route(method, f"{PREFIX}/{name}", _handler(control, state))


def _handler(control: _Control, state: SandboxState) -> Handler:
    """Return a control as a handler of aiohttp; it answers 400 to an invalid request."""

    async def handle(request: web.Request) -> web.Response:
        body = await request.text()
        try:
            return control(state, request.query, body)
        except (ValueError, KeyError) as exc:
            return web.Response(status=400, text=f"{exc}\n")

    return handle


def _show_clock(state: SandboxState, _query: Mapping[str, str], _body: str) -> web.Response:
    """Answer the current instant, to the second."""
    return web.Response(text=stamp(state.clock.now()))


def _set_clock(state: SandboxState, query: Mapping[str, str], body: str) -> web.Response:
    """Set the clock to the instant in the body."""
    state.clock.set(parse_instant(body))
    return _show_clock(state, query, body)


def _show_requests(state: SandboxState, _query: Mapping[str, str], _body: str) -> web.Response:
    """Answer all requests so far."""
    return web.json_response(state.journal.all())


def _forget_requests(state: SandboxState, _query: Mapping[str, str], _body: str) -> web.Response:
    """Empty the log."""
    state.journal.clear()
    return web.Response(status=204)


def _show_faults(state: SandboxState, _query: Mapping[str, str], _body: str) -> web.Response:
    """Answer the faults in force with their counts."""
    return web.json_response(state.faults.as_json())


def _add_faults(state: SandboxState, query: Mapping[str, str], body: str) -> web.Response:
    """Put the fault, or the list of faults, of the body in force."""
    state.faults.add(*_each(body))
    return _show_faults(state, query, body)


def _replace_faults(state: SandboxState, query: Mapping[str, str], body: str) -> web.Response:
    """Put the fault, or the list of faults, of the body in force instead of all others."""
    state.faults.replace(*_each(body))
    return _show_faults(state, query, body)


def _each(body: str) -> list[object]:
    """Return the members of a JSON list, or any other JSON value as the only member."""
    data = json.loads(body)
    return data if isinstance(data, list) else [data]


def _forget_faults(state: SandboxState, _query: Mapping[str, str], _body: str) -> web.Response:
    """Take all faults out of force."""
    state.faults.clear()
    return web.Response(status=204)


def _truth(series: str, source: str | None) -> Truth:
    """Return the truth of a series in a source's units; a single source needs no name.

    Raises:
        ValueError: If no such source has it, or none is named and several have it.
    """
    sources = [api for name, api in _TRUTHS if name == series]
    if source is None and len(sources) == 1:
        (source,) = sources
    if (found := _TRUTHS.get((series, source or ""))) is not None:
        return found
    message = f"series={series} is stated by {sources}: add one of them as source, not {source}"
    raise ValueError(message)


def _show_truth(state: SandboxState, query: Mapping[str, str], _body: str) -> web.Response:
    """Answer the true values of ``[start, end)`` as CSV; a bare end date includes that day."""
    truth = _truth(query["series"], query.get("source"))
    start, end = parse_bound(query["start"]), parse_bound(query["end"], is_end=True)
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("slot", *truth.columns))
    wanted = {"stations": state.stations, **query}
    lines.writerows((stamp(slot), *values) for slot, values in truth.rows(wanted, start, end))
    return web.Response(text=text.getvalue(), content_type="text/csv")


_CONTROLS: tuple[tuple[str, str, _Control], ...] = (
    ("GET", "clock", _show_clock),
    ("PUT", "clock", _set_clock),
    ("GET", "requests", _show_requests),
    ("DELETE", "requests", _forget_requests),
    ("GET", "faults", _show_faults),
    ("POST", "faults", _add_faults),
    ("PUT", "faults", _replace_faults),
    ("DELETE", "faults", _forget_faults),
    ("GET", "truth", _show_truth),
)
