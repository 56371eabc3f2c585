"""Responses that a browser may keep and revalidate: each has an ETag of its content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from fastapi.responses import Response

if TYPE_CHECKING:
    from fastapi import Request
    from pydantic import BaseModel

_CLOCK = {"now"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A document as it is sent.

    Attributes:
        content: The JSON text.
        etag: Different for different content; also depends on the minute of the clock, which a
            page shows.
    """

    content: bytes
    etag: str


def render(document: BaseModel) -> Rendered:
    """Return a document as it is sent."""
    now: datetime | None = getattr(document, "now", None)
    minute = f"{now:%Y-%m-%dT%H:%M}" if now else ""
    mark = _mark(f"{minute}{document.model_dump_json(exclude=_CLOCK)}".encode())
    return Rendered(document.model_dump_json().encode(), f'W/"{mark}"')


def answer(request: Request, rendered: Rendered) -> Response:
    """Return a document, or 304 if the browser has one with the same content."""
    headers = {"ETag": rendered.etag, "Cache-Control": "private, no-cache"}
    if rendered.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(rendered.content, media_type="application/json", headers=headers)


def file(request: Request, content: bytes, media_type: str) -> Response:
    """Return a file of the page, or 304 if the browser has it."""
    headers = {"ETag": f'"{_mark(content)}"'}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def _mark(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=12).hexdigest()
