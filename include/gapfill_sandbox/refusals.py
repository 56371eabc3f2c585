"""Error answers for APIs whose own are unknown, and those of proxies and firewalls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill_sandbox.api import JSON, SimulatedAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

_HTML = "text/html; charset=utf-8"
_PROXY_PAGE = (
    "<!DOCTYPE html><html><head><title>Acceso a la red</title></head>"
    "<body><h1>Inicie sesión para navegar</h1></body></html>"
)
_BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)
_FIREWALL_PAGE = (
    '<html style="height:100%"><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW">'
    '<meta name="format-detection" content="telephone=no">'
    '<meta name="viewport" content="initial-scale=1.0">'
    '<meta http-equiv="X-UA-Compatible" content="IE=edge,chrome=1"></head>'
    '<body style="margin:0px;height:100%"><iframe id="main-iframe" '
    'src="/_Incapsula_Resource?SWUDNSAI=31&xinfo=7-1&incident_id=1-2&edet=15" '
    'frameborder=0 width="100%" height="100%" marginheight="0px" marginwidth="0px">'
    "Request unsuccessful. Incapsula incident ID: 1-2</iframe></body></html>"
)


def _page(status: int, text: str) -> SimulatedAnswer:
    """Return an HTML answer."""
    return SimulatedAnswer(status, text.encode(), _HTML)


def _message(status: int, text: str) -> SimulatedAnswer:
    """Return a JSON answer with a message."""
    return SimulatedAnswer(status, f'{{"status":{status},"message":"{text}"}}'.encode(), JSON)


GENERIC: Mapping[str, SimulatedAnswer] = {
    "401": _message(401, "Unauthorized"),
    "403": _message(403, "Forbidden"),
    "403_quota": _message(403, "Quota exceeded"),
    "429": _message(429, "Too Many Requests"),
    "500": _message(500, "Internal Server Error"),
    "502": _page(502, _BAD_GATEWAY),
    "estado_429": SimulatedAnswer(
        200,
        '{"descripcion":"Límite de peticiones o caudal por minuto excedido para este usuario. '
        'Espere al siguiente minuto.","estado":429}'.encode("iso-8859-15"),
        "text/plain;charset=ISO-8859-15",
    ),
    "html": _page(200, _PROXY_PAGE),
    "firewall": _page(403, _FIREWALL_PAGE),
    "firewall_200": _page(200, _FIREWALL_PAGE),
    "too_many_at_once": _message(429, "Too many concurrent requests"),
}
"""By fault kind. The text of ``estado_429`` is AEMET's, the pages of a firewall Incapsula's."""
