"""SIAR: half-hours and days of a station, with a token (see ``gapfill.sources.siar.parser``)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cached_property

from gapfill.domain.account_limits import AccountLimits
from gapfill.errors import ConfigError, GapfillError, SourceError
from gapfill.sources.firewall_pages import is_web_page
from gapfill.sources.http.client import ApiCall, Reply
from gapfill.sources.http.connection import variable
from gapfill.sources.http.hook import ApiHook
from gapfill.sources.http.secrets import Secrets
from gapfill.sources.http.status_errors import RequestContext
from gapfill.sources.json_reader import Payload
from gapfill.sources.model import Answer, Ask, HttpRequest
from gapfill.sources.siar import account
from gapfill.sources.siar import parser as siar
from gapfill.sources.siar.availability import TOKEN, ready_token
from gapfill.sources.siar.hook_errors import error_for, rejected, token_rejected
from gapfill.sources.siar.refusals import Refusal, RefusalKind, authorised_from, read


class SiarHook(ApiHook):
    """Fetches data of a station from SIAR. The connection's login is its id, the password its key.

    The hook gets the token at ``open`` or before the first request, and renews it once after a
    refusal. It uses a ready token in the extra ``token``; after a refusal, id and password replace
    that token if they are set. Login, password, their encrypted forms and every token are secrets.
    """

    default_conn_name = "siar_default"
    hook_name = "SIAR"
    source = "siar"
    public_host = "https://servicio.mapa.gob.es"
    probe = account.LIMITS

    _token: str | None = None
    _is_ready_refused = False
    _allowance: AccountLimits | None = None

    @cached_property
    def ready_token(self) -> str | None:
        """The token of the extra ``token``, ``None`` if there is none.

        Raises:
            ConfigError: If it is not a text of plain ASCII without blanks.
        """
        token = ready_token(self.access)
        self.hide(token)
        return token

    def open(self, ask: Ask | None = None) -> AccountLimits:
        """Get a token unless there is one, and return the limits of the account.

        Args:
            ask: The request that follows, for the errors and their clock.

        Raises:
            SourceError: A subclass of it.
            ConfigError: If the connection has neither a token nor login and password.
        """
        reply, refusal = self._carry(account.LIMITS, ask, 0)
        if refusal is not None:
            raise self._error(refusal, ask)
        self._allowance = account.parse_limits(reply)
        return self._allowance

    def fetch(self, ask: Ask) -> Answer:
        """Return the readings of the requested slots, of half-hours or days.

        Raises:
            SourceError: A subclass of it.
            ConfigError: If the connection or the catalogue is wrong.
        """
        return self._ask(ask, None)

    def test_connection(self) -> tuple[bool, str]:
        """Get a token and the account's limits, and return whether that succeeded, with them."""
        try:
            allowed = self.open()
        except GapfillError as exc:
            return False, str(exc)
        limits = (
            f"{_many(allowed.calls_minute)} calls and {_many(allowed.records_minute)} records "
            f"a minute, {_many(allowed.calls_day)} calls and {_many(allowed.records_day)} records "
            "a day"
        )
        did = "took the token" if self._is_ready else "gave a token"
        return True, f"siar {did} at {self.access.root}; the account has {limits}."

    def _ask(self, ask: Ask, since: date | None) -> Answer:
        """Request the slots; if a refusal names the first allowed date, repeat from that date."""
        request, records = siar.request(ask, since), siar.records(ask, since)
        reply, refusal = self._carry(request, ask, records)
        if refusal is None:
            return siar.parse(ask, reply)
        if refusal.kind is not RefusalKind.TOO_EARLY or since is not None:
            raise self._error(refusal, ask, records)
        dates = siar.span(ask)
        seen_from = authorised_from(refusal, dates.first, dates.last)
        if dates.days == 1 or (seen_from is not None and seen_from > dates.last):
            return Answer(evidence=refusal.said, proves=False)
        if seen_from is None:
            raise self._error(refusal, ask, records)
        later = self._ask(ask, seen_from)
        said = f"{later.evidence}; before {seen_from}: {refusal.said}"
        return replace(later, evidence=said, proves=False)

    @property
    def _is_ready(self) -> bool:
        """Whether the token in use is the connection's own."""
        return self.ready_token is not None and not self._is_ready_refused

    def _carry(self, request: HttpRequest, ask: Ask | None, records: int) -> Reply[Refusal]:
        """Send a request with the token; renew a token of an earlier request once.

        Raises:
            AuthRejected: If the connection's own token was refused and it has no login.
        """
        was_in_use = self._token is not None or self._is_ready
        token = self.ready_token if self._is_ready else self._token
        reply = self._with_token(request, ask, records, token or self._new_token(ask))
        refusal = reply.said
        if was_in_use and refusal is not None and refusal.kind is RefusalKind.TOKEN:
            if self._is_ready and not (self.access.login and self.access.key):
                raise token_rejected(self._context(ask), refusal.said)
            self._is_ready_refused = True
            reply = self._with_token(request, ask, records, self._new_token(ask))
        return reply

    def _with_token(
        self, request: HttpRequest, ask: Ask | None, records: int, token: str
    ) -> Reply[Refusal]:
        secret = (("token", token),)
        call = ApiCall(request, secret_params=secret, records=records, names_charset=True)
        return self.send(call, ask, self._read)

    def _new_token(self, ask: Ask | None) -> str:
        """Get a token.

        Only secrets known before its calls are removed from their answers: SIAR may return the
        same encrypted text, or the same token, as before.
        """
        login, password = self._credentials()
        self._token = None
        secrets = Secrets()
        secrets.add(login, password)
        courier = replace(self._client, secrets=secrets)
        context = self._context(ask)

        def word(request: HttpRequest, *params: tuple[str, str]) -> str | None:
            call = ApiCall(request, secret_params=params, names_charset=True)
            reply, refusal = courier.send(call, context, self._read)
            if refusal is None:
                return account.parse_word(reply)
            is_page = is_web_page(refusal.text.encode())
            if request is account.TOKEN and refusal.kind is RefusalKind.BLOCKED and not is_page:
                raise rejected(context, refusal.said)  # whatever its words, it is of these two
            raise self._error(refusal, ask)

        user = word(account.ENCRYPT, ("cadena", login))
        key = word(account.ENCRYPT, ("cadena", password))
        if user is None or key is None:
            raise context.malformed("cifrarCadena answered null instead of an encrypted text")
        secrets.add(user, key)
        self.hide(user, key)
        token = word(account.TOKEN, ("Usuario", user), ("Password", key))
        if token is None:
            raise rejected(context, "obtenerToken answered null")
        self.hide(token)
        self._token = token
        return token

    def _credentials(self) -> tuple[str, str]:
        access = self.access
        if not access.login or not access.key:
            absent = "login, its id (NIF)" if not access.login else "password"
            raise ConfigError(
                f"siar needs an id and a password: connection {self.http_conn_id!r} has no {absent}"
                f'; set {variable(self.http_conn_id)}=\'{{"conn_type": "http", "login": "NIF", '
                '"password": "PASSWORD"}\' or add it in Airflow\'s UI. '
                f'A ready token goes into its extra: {{"{TOKEN}": "TOKEN"}}.'
            )
        return access.login, access.key

    def _read(self, payload: Payload) -> Refusal | None:
        """Return the refusal in an answer, without a secret that a header may repeat."""
        refusal, blot = read(payload), self._secrets.blot
        return refusal and replace(refusal, said=blot(refusal.said), text=blot(refusal.text))

    def _context(self, ask: Ask | None) -> RequestContext:
        return RequestContext(self.source, self.http_conn_id, self.access.root, ask, True)  # noqa: FBT003

    def _error(self, refusal: Refusal, ask: Ask | None, records: int = 0) -> SourceError:
        return error_for(refusal, self._context(ask), records, self._allowance)


HOOK = SiarHook


def _many(limit: int | None) -> str:
    """Return a limit in words."""
    return "no published limit of" if limit is None else str(limit)
