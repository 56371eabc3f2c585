"""Pages of firewalls are told from an API's own words, an outage and a login page."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.sources.firewall_pages import is_blocked, is_firewall, is_web_page, words

INCAPSULA = (
    b'<html style="height:100%"><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW"></head>'
    b'<body><iframe src="/_Incapsula_Resource?CWUDNSAI=5&xinfo=1-2-0">Request unsuccessful. '
    b"Incapsula incident ID: 1-2</iframe></body></html>"
)
CLOUDFLARE = (
    b"<!DOCTYPE html>\n<!--[if lt IE 7]> <html class=ie6> <![endif]-->\n<html><head><title>"
    b"Attention Required! | Cloudflare</title></head><body><h1>Sorry, you have been blocked</h1>"
    b"Cloudflare Ray ID: 8a1</body></html>"
)
CHALLENGE = (
    b'<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body>'
    b"<script>window._cf_chl_opt={}</script></body></html>"
)
AKAMAI = (
    b"<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\n You "
    b"don't have permission to access this on this server.<P>\nReference&#32;&#35;18.4d\n<P>"
    b"https&#58;&#47;&#47;errors.edgesuite.net\n</BODY>\n</HTML>\n"
)
BIG_IP = (
    b"<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. "
    b"Please consult with your administrator.<br>Your support ID is: 7</body></html>"
)
SPANISH = "<html><body>Su petición ha sido bloqueada. Acceso denegado.</body></html>".encode()
NGINX_403 = (
    b"<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<center><h1>403 Forbidden"
    b"</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
NGINX_503 = NGINX_403.replace(b"403 Forbidden", b"503 Service Temporarily Unavailable")
LOGIN = (
    "<!DOCTYPE html><html><head><title>Acceso a la red</title></head>"
    "<body><h1>Inicie sesión para navegar</h1></body></html>"
).encode()
JSON = b'{"status": 403, "message": "Access denied: request blocked, see support id 7"}'


@pytest.mark.parametrize("page", [INCAPSULA, CLOUDFLARE, CHALLENGE, AKAMAI, BIG_IP, SPANISH])
@pytest.mark.parametrize("status", [200, 403, 429, 503])
def test_the_page_of_a_firewall_is_known_with_any_status(page: bytes, status: int) -> None:
    """Also where JSON is expected."""
    assert is_firewall(status, {}, page)


@pytest.mark.parametrize("status", [403, 429, 503])
def test_the_words_alone_are_known(status: int) -> None:
    """As the capture has them, without a tag."""
    assert is_firewall(status, {}, b"Request unsuccessful. Incapsula incident ID: 1-2")
    assert is_firewall(status, {}, b"error code: 1015")


@pytest.mark.parametrize(
    "headers", [{"cf-mitigated": "challenge"}, {"x-amzn-waf-action": "captcha"}]
)
def test_a_header_tells_it_where_the_body_says_nothing(headers: dict[str, str]) -> None:
    """Some send an empty page."""
    assert is_firewall(403, headers, b"")
    assert not is_firewall(200, headers, b'{"data": []}')


@pytest.mark.parametrize(
    "status,body",
    [
        (200, LOGIN),
        (403, b""),
        (403, b"Forbidden"),
        (403, b'{ "Status": 403, "message": "Forbidden" }'),
        (403, JSON),
        (401, JSON),
        (401, AKAMAI.replace(b"edgesuite", b"example")),
        (429, NGINX_403.replace(b"403 Forbidden", b"429 Too Many Requests")),
        (500, b"<html><title>429 Too Many Requests</title></html>"),
        (502, INCAPSULA),
        (503, NGINX_503),
        (503, b"Service Unavailable"),
        (404, AKAMAI),
        (200, b'{"note": "Incapsula incident ID 1-2"}'),
        (200, b"akamai"),
    ],
)
def test_what_an_api_or_an_outage_says_is_not_a_firewall(status: int, body: bytes) -> None:
    """A key that is refused in JSON is refused; a server that is down is down."""
    assert not is_firewall(status, {}, body)


def test_any_web_page_with_403_is_a_block() -> None:
    """An API refuses a key in its own format."""
    assert is_blocked(403, NGINX_403)
    assert not is_blocked(401, NGINX_403)
    assert not is_blocked(403, JSON)
    assert not is_blocked(403, b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>")


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b" \r\n", b"<!-- x -->", b"<?xml ?>\n"])
def test_a_page_may_begin_with_what_is_no_tag(before: bytes) -> None:
    """A mark of the encoding, blanks, comments."""
    assert is_web_page(before + NGINX_403)


def test_the_words_of_a_page_are_what_a_person_reads() -> None:
    """Without tags, scripts and styles, on a line."""
    page = b"<html><style>p {}</style><script>let a = 1</script><p>Request\n <b>unsuccessful</b>."
    assert words(page) == "Request unsuccessful ."
    assert words(b"<html></html>") == ""
    assert len(words(b"<p>" + b"a" * 9000)) == 200


@given(status=st.integers(100, 599), body=st.binary(max_size=300))
def test_nothing_else_is_taken_for_one(status: int, body: bytes) -> None:
    """Whatever bytes come, it is a plain yes or no."""
    assert is_firewall(status, {}, body) in (True, False)
    assert isinstance(words(body), str)


@pytest.mark.parametrize("piece", [b"<!--", b"<!---->", b"<script ", b"<", b"<?", b"< !-- --"])
def test_a_page_of_tricks_is_read_in_time(piece: bytes) -> None:
    """Five megabytes of openings that are never closed."""
    page = piece * (5_000_000 // len(piece))
    started = time.process_time()
    is_firewall(403, {}, page)
    is_blocked(403, page)
    words(page)
    assert time.process_time() - started < 1
