"""The meaning of transport errors that the official client passes on."""

from __future__ import annotations

from http.client import BadStatusLine
from typing import TYPE_CHECKING

import urllib3.exceptions

from gapfill.errors import StoreError, StoreUnreachable
from gapfill.stores.influxdb import errors

if TYPE_CHECKING:
    from gapfill.stores.influxdb.config import InfluxConfig

_NO_HTTPS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")
"""Words in OpenSSL's errors if the server does not use TLS."""


def unreached(access: InfluxConfig, exc: Exception, *, was_reached: bool) -> StoreError:
    """Return the error for a request without a whole answer.

    Args:
        access: The server.
        exc: The error of the transport.
        was_reached: Whether the server has answered before: it may be restarting.
    """
    if isinstance(exc, urllib3.exceptions.TimeoutError) and not isinstance(
        exc, urllib3.exceptions.NewConnectionError
    ):
        what = f"it did not answer within {access.timeout_s:g} s"
        step = "check the server, or set a longer timeout in the extra"
        return StoreUnreachable(errors.sentence(access, what, step))
    if isinstance(exc, urllib3.exceptions.NewConnectionError | ConnectionError):
        what = "no connection can be made to it"
        step = "start it, or correct host and port of the connection"
        said = errors.sentence(access, what, step)
        return errors.Transient(said) if was_reached else StoreUnreachable(said)
    if isinstance(exc, UnicodeDecodeError | urllib3.exceptions.DecodeError):
        return errors.stranger(access, "binary data")
    if _is_no_http(exc):
        return errors.stranger(access, "something other than HTTP")
    step = "check the server, and run it again"
    return errors.Transient(errors.sentence(access, "its answer broke off", step))


def _is_no_http(exc: Exception) -> bool:
    """Return whether the first line of an answer is not HTTP; without a line it broke off."""
    causes = [cause for cause in exc.args if isinstance(cause, BadStatusLine)]
    return bool(causes) and not any(isinstance(cause, ConnectionError) for cause in causes)


def without_certificate(access: InfluxConfig, reason: str) -> StoreError:
    """Return the error for a failed https handshake."""
    if any(mark in reason for mark in _NO_HTTPS):
        what = "it answers, but not in https"
        return errors.problem(access, what, "begin the host of the connection with http://")
    reason = reason.replace("\n", ": ")[: errors.EXCERPT]
    return errors.problem(access, reason, "check the certificate of its host")
