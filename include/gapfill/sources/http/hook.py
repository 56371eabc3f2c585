"""Base of all API hooks: one way to call an API over an ``http`` connection.

It does not extend ``HttpHook``, which sends a connection's extras as headers and its login as
Basic auth, has no timeout, follows redirects with every header, and logs URLs with keys. Here

* a key goes only where the subclass puts it, only to the connection's host, never along a
  redirect, and into no log, message or ``repr``;
* every call has a time and a size limit, and every failure is one of ``gapfill.errors``;
* ``before_call`` runs before each request to the API, for rate, quota and account.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING

from airflow.sdk.bases.hook import BaseHook

from gapfill.errors import ConfigError, GapfillError
from gapfill.sources.availability import SourceSetup
from gapfill.sources.hooks import SourceHook
from gapfill.sources.http.airflow_connection import look_up
from gapfill.sources.http.client import ApiCall, HttpClient, Reply, Said
from gapfill.sources.http.connection import ConnectionConfig, read_config, variable
from gapfill.sources.http.secrets import Secrets
from gapfill.sources.http.status_errors import RequestContext
from gapfill.sources.http.transport import TransferLimits, build_session
from gapfill.sources.json_reader import Payload
from gapfill.sources.model import Ask, HttpRequest

if TYPE_CHECKING:
    import requests


class ApiHook(SourceHook, BaseHook):
    """Base of the hooks of APIs. A subclass has a ``source``, a ``public_host`` and ``fetch``.

    Args:
        http_conn_id: Id of the Airflow connection; it need not exist for an API without key.
        host: Public root URL, used where the connection names none.
        before_call: Runs before each request to the API, with the records that it will count
            in the source's quota; its exceptions reach the caller.
        timeout_s: Seconds to wait for an answer; the connection's extra ``timeout`` wins.
    """

    conn_name_attr = "http_conn_id"
    conn_type = "http"
    default_conn_name: str
    hook_name: str
    source: str
    public_host: str
    probe: HttpRequest

    def __init__(
        self,
        http_conn_id: str | None = None,
        *,
        host: str | None = None,
        before_call: Callable[[int], None] | None = None,
        timeout_s: float | None = None,
    ) -> None:
        super().__init__()
        self.http_conn_id = http_conn_id or self.default_conn_name
        self._host = host or self.public_host
        self._before_call = before_call
        self._timeout_s = timeout_s
        self._session: requests.Session | None = None
        self._secrets = Secrets()

    @classmethod
    def caller(cls, setup: SourceSetup, before_call: Callable[[int], None]) -> ApiHook:
        """Return a hook for the source's connection, see ``SourceHook``."""
        source = setup.source
        return cls(source.connection, host=source.host, before_call=before_call)

    @cached_property
    def access(self) -> ConnectionConfig:
        """The connection, looked up once.

        Raises:
            ConfigError: If it cannot be read or is invalid.
        """
        find = partial(look_up, get_connection=self.get_connection)
        access = read_config(self.http_conn_id, self._host, find)
        self.hide(access.key, access.login)
        return access

    @property
    def key(self) -> str:
        """The key of the connection, valid in a header.

        Raises:
            ConfigError: If it is missing, or is not plain ASCII.
        """
        key = self.access.key
        if key is None or not key.isascii():
            problem = "needs a key" if key is None else "needs a key of plain ASCII"
            raise ConfigError(
                f"{self.source} {problem}: put it into the password of connection "
                f"{self.http_conn_id!r}, in Airflow's UI or as "
                f'{variable(self.http_conn_id)}=\'{{"conn_type": "http", "password": "KEY"}}\'.'
            )
        return key

    def hide(self, *secrets: str | None) -> None:
        """Remove further secrets, such as a new token, from all later answers and messages."""
        self._secrets.add(*secrets)

    def get_conn(self) -> requests.Session:
        """Return the session, built once; it holds no data of the connection."""
        if self._session is None:
            self._session = build_session()
        return self._session

    def test_connection(self) -> tuple[bool, str]:
        """Make one small call and return whether the API answered, with a message."""
        try:
            reply = self.call(self.probe_call())
        except GapfillError as exc:
            return False, str(exc)
        return True, f"{self.source} answered HTTP {reply.status} at {self.access.root}."

    def probe_call(self) -> ApiCall:
        """Return the call that ``test_connection`` makes."""
        return ApiCall(self.probe)

    def call(self, call: ApiCall, ask: Ask | None = None) -> Payload:
        """Make one call and raise an error for every 4xx and 5xx, see ``send``."""
        return self.send(call, ask, lambda _: None).payload

    def send(
        self, call: ApiCall, ask: Ask | None, read: Callable[[Payload], Said | None]
    ) -> Reply[Said]:
        """Make one call, following redirects, and return its answer.

        Args:
            call: The request.
            ask: The slots that it is for, for the errors.
            read: Returns the meaning of an answer: no data, or a refusal. ``None`` is for a
                document, and for a 4xx or 5xx that is an error.

        Returns:
            The answer, 2xx or with a meaning, without secrets. Its body is decoded once.

        Raises:
            ConfigError: If the connection is wrong.
            SourceUnavailable: For no complete answer, a 5xx, or a redirect that must not be
                followed. A retry may succeed; two in a row defer the source's other units,
                because such a redirect concerns the host, not one answer.
            RateLimited: For a 429, the web page of a firewall, and a 401 or 403 to a call
                without credentials.
            AuthRejected: For a 401 or 403 to a call with credentials.
            MalformedPayload: For another 4xx, or an answer that is too large.
        """
        return self._client.send(call, self.context(call, ask), read)

    def context(self, call: ApiCall, ask: Ask | None) -> RequestContext:
        """Return the purpose of a call, which builds its errors."""
        root = call.root or self.access.root
        return RequestContext(self.source, self.http_conn_id, root, ask, call.has_credentials)

    @cached_property
    def _client(self) -> HttpClient:
        seconds = self.access.timeout_s or self._timeout_s
        return HttpClient(
            session=self.get_conn(),
            limits=TransferLimits.of(seconds) if seconds else TransferLimits(),
            ca_bundle=self.access.ca_bundle,
            before_call=self._before_call,
            secrets=self._secrets,
        )
