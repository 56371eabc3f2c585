"""Send an answer, with or without a fault of the connection."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from gapfill_sandbox.api import SimulatedAnswer
    from gapfill_sandbox.fault import Fault

HOLD_LIMIT_S = 120.0
BIG_BODY_BYTES = 20 * 1024 * 1024
_POLL_S = 0.02
_LEAST_PROMISED = 2
_CHUNK = b" " * 65536
_LINGER_NOTHING = struct.pack("ii", 1, 0)


async def deliver(
    request: web.Request, answer: SimulatedAnswer, fault: Fault | None
) -> web.StreamResponse:
    """Send an answer.

    Args:
        request: The request.
        answer: Its answer.
        fault: Its fault; only the kinds of the connection matter here.
    """
    kind = fault.kind if fault is not None else None
    if fault is not None and kind == "slow":
        await asyncio.sleep(fault.seconds)
    if kind == "timeout":
        await _hold(request)
    if kind in {"timeout", "reset"}:
        return _reset(request)
    if kind == "truncated":
        return await _truncate(request, answer)
    if kind == "big_body":
        return await _inflate(request, answer)
    return web.Response(status=answer.status, body=answer.body, headers=_headers(answer))


def _headers(answer: SimulatedAnswer) -> dict[str, str]:
    """Return the answer's headers."""
    return {**answer.headers, "Content-Type": answer.content_type}


async def _hold(request: web.Request) -> None:
    """Wait until the client leaves or the limit is reached."""
    until = time.monotonic() + HOLD_LIMIT_S
    while time.monotonic() < until:
        transport = request.transport
        if transport is None or transport.is_closing():
            return
        await asyncio.sleep(_POLL_S)


def _reset(request: web.Request) -> web.Response:
    """Close the connection with a TCP RST; no client gets the returned response."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOTHING)
        transport.abort()
    return web.Response()


async def _truncate(request: web.Request, answer: SimulatedAnswer) -> web.StreamResponse:
    """Send half of the announced body, then close."""
    response = web.StreamResponse(status=answer.status, headers=_headers(answer))
    response.content_length = max(len(answer.body), _LEAST_PROMISED)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _inflate(request: web.Request, answer: SimulatedAnswer) -> web.StreamResponse:
    """Send the answer after 20 MB of blanks, which JSON allows."""
    response = web.StreamResponse(status=answer.status, headers=_headers(answer))
    response.content_length = BIG_BODY_BYTES + len(answer.body)
    await response.prepare(request)
    for _ in range(BIG_BODY_BYTES // len(_CHUNK)):
        await response.write(_CHUNK)
    await response.write(answer.body)
    await response.write_eof()
    return response
