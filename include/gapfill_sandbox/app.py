"""The application: finds the fault of a request, answers it, and logs both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiohttp import web

from gapfill_sandbox.api import Api, Ask, Route, SimulatedAnswer
from gapfill_sandbox.connection_faults import deliver
from gapfill_sandbox.control import PREFIX, add_control_routes
from gapfill_sandbox.journal import JournalEntry
from gapfill_sandbox.kinds import EXPIRED_LINK, REFUSAL_KINDS
from gapfill_sandbox.registry import APIS

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from gapfill_sandbox.fault import Fault
    from gapfill_sandbox.state import SandboxState

_ENTRY = web.RequestKey("entry", JournalEntry)
_ELSEWHERE = "elsewhere"
_RATE, _QUEUE = "rate", "queue"
_OTHER_NAMES = {"localhost": "127.0.0.1"}


def build_app(state: SandboxState) -> web.Application:
    """Return the application that serves every API and the control routes."""
    app = web.Application(middlewares=[_journaled(state)])
    add_control_routes(app, state)
    for api in APIS:
        for route in api.routes:
            handler = _handler(state, api, route)
            app.router.add_get(route.path, handler, allow_head=False)
    app.router.add_route("*", f"/_{_ELSEWHERE}/{{tail:.*}}", _elsewhere(state))
    return app


def _journaled(state: SandboxState) -> Middleware:
    """Return the middleware that logs each request on arrival, also to unknown paths."""

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(PREFIX):
            return await handler(request)
        entry = state.journal.open(
            state.clock.now(),
            request.method,
            request.path,
            _query(request),
            _headers(request),
        )
        request[_ENTRY] = entry
        try:
            return await handler(request)
        except web.HTTPException as exc:
            state.journal.close(entry, api=None, status=exc.status, fault=None)
            raise

    return note


def _query(request: web.Request) -> dict[str, list[str]]:
    """Return all values of each query parameter."""
    return {name: request.query.getall(name) for name in request.query}


def _headers(request: web.Request) -> dict[str, str]:
    """Return the headers by lower-case name."""
    return {name.lower(): value for name, value in request.headers.items()}


def _handler(state: SandboxState, api: Api, route: Route) -> Handler:
    """Return the handler of one path of an API."""

    async def handle(request: web.Request) -> web.StreamResponse:
        async with state.turns.turn(api.name, request.remote) as is_its_turn:
            answer, fault, name = (
                _meet(state, api, route, request)
                if is_its_turn
                else (api.refusals["too_many_at_once"], None, _QUEUE)
            )
            is_sent = fault is None or fault.kind not in {"timeout", "reset"}
            status = answer.status if is_sent else None
            state.journal.close(request[_ENTRY], api=api.name, status=status, fault=name)
            return await deliver(request, answer, fault)

    return handle


def _ask(state: SandboxState, api: Api, request: web.Request) -> Ask:
    """Return the request with the state of the sandbox."""
    return Ask(
        parts=request.match_info,
        query=_query(request),
        headers=_headers(request),
        now=state.clock.now(),
        span_days=state.spans[api.name],
        hop_url=_hop_url(request, state.archive_redirect_host),
        stations=state.stations,
        account=state.accounts.get(api.name),
    )


def _meet(
    state: SandboxState, api: Api, route: Route, request: web.Request
) -> tuple[SimulatedAnswer, Fault | None, str | None]:
    """Return a request's answer, its fault and the word for it in the log."""
    ask = _ask(state, api, request)
    is_in_time = not route.is_counted or state.rates.is_admitted(api.name)
    if not is_in_time or not state.days.is_admitted(api.name, ask.now.date(), route.per_day):
        return api.refusals["429"], None, _RATE
    fault = state.faults.take(
        api.name, route.kinds, route.days(ask), ask.now, is_counted=route.is_counted
    )
    if fault is None:
        answer = route.answer(ask)
        return answer, None, _RATE if answer.is_over_limit else None
    return _spoilt_answer(api, route, replace(ask, fault=fault), request, fault), fault, fault.kind


def _spoilt_answer(
    api: Api, route: Route, ask: Ask, request: web.Request, fault: Fault
) -> SimulatedAnswer:
    """Return the answer to a request with a fault."""
    if fault.kind in REFUSAL_KINDS | {EXPIRED_LINK}:
        refusal = api.refusals[fault.kind]
        if fault.retry_after is None:
            return refusal
        return replace(refusal, headers={"Retry-After": str(fault.retry_after)})
    if fault.kind == "redirect":
        location = f"{_foreign_url(request)}/_{_ELSEWHERE}{request.rel_url}"
        return SimulatedAnswer(302, b"", "text/html; charset=utf-8", {"Location": location})
    return route.answer(ask)


def _elsewhere(state: SandboxState) -> Handler:
    """Return the handler of the target host of the redirect fault."""

    async def handle(request: web.Request) -> web.Response:
        state.journal.close(request[_ENTRY], api=_ELSEWHERE, status=200, fault=None)
        return web.json_response({})

    return handle


def _address(request: web.Request) -> tuple[str, int]:
    """Return the local address and port of a request, whatever its Host header."""
    if request.transport is None:
        return "127.0.0.1", 0
    host, port, *_ = request.transport.get_extra_info("sockname")
    return str(host), int(port)


def _hop_url(request: web.Request, name: str | None) -> str:
    """Return the root URL of the host of a second hop, by default the called one.

    A public name in the Host header is that of the API that the sandbox replaces.
    """
    host, port = _address(request)
    called = request.url.host or host
    is_local = "." not in called
    return f"http://{name or (called if is_local else host)}:{port}"


def _foreign_url(request: web.Request) -> str:
    """Return this server's root URL by another name than the client used."""
    _, port = _address(request)
    used = request.host.partition(":")[0]
    return f"http://{_OTHER_NAMES.get(used, 'localhost')}:{port}"
