"""Headers of every response, and the maximum size of every request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import HTTPException, Request, status
from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 * 1024
"""Bytes; the longest sensible body has some hundred."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; object-src 'none'; "
        "frame-ancestors 'self'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""No content of other sites, no inline script, and no frame in a page of another site."""


class SecurityHeaders:
    """Adds the headers to every response of an app, also to errors; answers HEAD as GET, no body.

    Args:
        app: The app.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the app."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "private, no-cache")
                headers.add_vary_header("Cookie")
                headers.add_vary_header("Authorization")
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"} if is_head else scope, receive, send_on)


async def small_body(request: Request) -> bytes:
    """Return the body; refuse a body that is too long without reading all of it.

    Raises:
        HTTPException: 413.
    """
    length = request.headers.get("content-length", "")
    size, parts = int(length) if length.isdecimal() else 0, []
    if size <= MAX_BODY:
        size = 0
        async for part in request.stream():
            size += len(part)
            if size > MAX_BODY:
                break
            parts.append(part)
    if size > MAX_BODY:
        sentence = f"The body is longer than {MAX_BODY:,} bytes; no request here needs that many."
        raise HTTPException(status.HTTP_413_CONTENT_TOO_LARGE, sentence)
    return b"".join(parts)
