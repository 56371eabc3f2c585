"""Recognise the web page of a firewall, which proves nothing about a key or a slot.

*Source*: a capture of REE apidatos of March 2025, still so in 2026 (HTTP 403, "Request
unsuccessful. Incapsula incident ID …"); the block pages of the vendors that are named below.

*Documented*: nowhere for any of the APIs. *Observed*: HTTP 403, 429 and 503, and HTTP 200 with
a page where JSON is expected. A block ends by itself after minutes; further requests prolong it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gapfill.sources.json_reader import decode
from gapfill.sources.model import excerpt

COOL_OFF_S = 600.0
"""Seconds without requests after a firewall's first refusal; later waits are longer."""

_READ, _SCANNED, _SHOWN, _MOST_BEFORE = 65_536, 8_192, 200, 4
_OK, _MULTIPLE, _UNAUTHORIZED, _REFUSED = 200, 300, 401, 403
_ERRORS = frozenset({_UNAUTHORIZED, _REFUSED, 405, 406, 409, 418, 429, 451, 503})
_HEADERS = {"cf-mitigated": "challenge", "x-amzn-waf-action": ""}
_MARKS = re.compile(
    rb"incapsula|imperva|_cf_chl|cf-chl|cf-browser-verification|challenge-platform"
    rb"|cf-error-details|cloudflare ray id|attention required! \| cloudflare"
    rb"|edgesuite\.net|akamai|sucuri|awswaf|aws-waf|datadome|perimeterx|px-captcha|ddos-guard"
    rb"|mod_security|modsecurity|wordfence|fortigate|fortiweb|barracuda|big-ip|reblaze"
    rb"|the requested url was rejected|web application firewall|error code: 10\d\d\b",
    re.IGNORECASE,
)
"""Text that only the page, or the script, of a firewall contains."""
_WORDS = re.compile(
    rb"request unsuccessful|access denied|acceso denegado|(request|petici\xc3\xb3n|solicitud) "
    rb"(is |was |has been |ha sido )?(blocked|bloquead[ao]|rechazad[ao])"
    rb"|(been|are|were|you) blocked|ha sido bloquead|captcha|unusual traffic|tr\xc3\xa1fico inusual"
    rb"|just a moment|checking your browser|incident id|support id|not a robot|rate limited",
    re.IGNORECASE,
)
"""Phrases of such a page that an outage or a login page does not have."""
_TAG = re.compile(
    rb"<(!doctype\s+html|html|head|body|title|meta|h[1-6]|center|div|p|script|iframe|style)\b",
    re.IGNORECASE,
)
_BEFORE = ((b"<!--", b"-->"), (b"<?", b"?>"))
"""Markup that may precede the first tag of a page."""
_HIDDEN = re.compile(rb"<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.IGNORECASE | re.DOTALL)


def is_firewall(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether a firewall certainly sent an answer, whatever the API means by its status."""
    page = body[:_READ]
    is_page = is_web_page(page)
    if _OK <= status < _MULTIPLE:
        return is_page and (_has_header(headers) or _is_marked(page) or _has_words(page))
    if status not in _ERRORS:
        return False
    is_marked = _is_marked(page) and (is_page or decode(page) is None)
    is_worded = is_page and status != _UNAUTHORIZED and _has_words(page)
    return _has_header(headers) or is_marked or is_worded


def is_blocked(status: int, body: bytes) -> bool:
    """Return whether a refusal is a web page: an API refuses a key in its own format."""
    return status == _REFUSED and is_web_page(body)


def is_web_page(body: bytes) -> bool:
    """Return whether a body is HTML."""
    page = body[:_READ].removeprefix(b"\xef\xbb\xbf").lstrip()
    for opening, closing in _BEFORE * _MOST_BEFORE:
        if page.startswith(opening):
            page = page.partition(closing)[2].lstrip()
    return _TAG.match(page) is not None


def words(body: bytes) -> str:
    """Return the first words that a person would read on a page, empty for none."""
    return excerpt(_HIDDEN.sub(b" ", body[:_SCANNED]))[:_SHOWN].strip()


def _is_marked(page: bytes) -> bool:
    return _MARKS.search(page) is not None


def _has_words(page: bytes) -> bool:
    return _WORDS.search(page) is not None


def _has_header(headers: Mapping[str, str]) -> bool:
    return any(name in headers and said in headers[name].lower() for name, said in _HEADERS.items())
