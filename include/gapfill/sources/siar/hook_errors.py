"""Turn each of SIAR's refusals into an error."""

from __future__ import annotations

from gapfill.domain.account_limits import AccountLimits
from gapfill.errors import AuthRejected, Limit, RateLimited, SourceError, SpanRefused
from gapfill.sources.firewall_pages import is_web_page
from gapfill.sources.http.connection import variable
from gapfill.sources.http.status_errors import RequestContext
from gapfill.sources.siar.availability import TOKEN
from gapfill.sources.siar.refusals import MINUTE_S, Refusal, RefusalKind, day_quota_s, is_of_records


def error_for(
    refusal: Refusal, context: RequestContext, records: int, allowance: AccountLimits | None
) -> SourceError:
    """Return the error for a refusal.

    A request with more records than the account's limit needs a shorter span, as no wait
    helps; any other quota needs a wait.
    """
    if refusal.kind in {RefusalKind.MINUTE, RefusalKind.DAY}:
        limit = _limit(refusal.kind, allowance)
        if limit is not None and records > limit:
            text = f"{context}: {records} records in one answer, the account may have {limit}"
            return SpanRefused(f"{text} ({refusal.said}).", **context.about)
        if refusal.kind is RefusalKind.MINUTE:
            is_rate = not is_of_records(refusal)
            return context.limited(refusal.said, MINUTE_S, Limit.RATE if is_rate else Limit.QUOTA)
        now = context.ask.now if context.ask else None
        return context.limited(refusal.said, day_quota_s(now), Limit.QUOTA)
    if refusal.kind is RefusalKind.TOO_EARLY:
        return context.malformed(
            "the account may not see so early a date, and the refusal names none that it may see "
            f"({refusal.said}): put that date into the station's `from` in the catalogue"
        )
    if refusal.kind is RefusalKind.TOKEN:
        return rejected(context, refusal.said)
    return _blocked(refusal, context)


def _blocked(refusal: Refusal, context: RequestContext) -> RateLimited:
    """Return the error for a refusal that concerns neither the token nor a quota."""
    page = refusal.text.encode()
    if is_web_page(page):
        return context.behind_firewall(refusal.said.partition(":")[0], page)
    return context.walled(
        f"blocked ({refusal.said}): no word of token or quota, so the API may block this "
        f"machine's address for now, or the host of {_name(context)} is not the API."
    )


def rejected(context: RequestContext, said: str) -> AuthRejected:
    """Return the error for refused credentials, or a refused token of theirs."""
    return AuthRejected(
        f"{context}: the login or password of {_name(context)} was refused ({said}): "
        "put valid ones into it. Where they are valid, the API blocks this machine's address "
        "for now.",
        **context.about,
    )


def token_rejected(context: RequestContext, said: str) -> AuthRejected:
    """Return the error for a refused ready token without login and password."""
    return AuthRejected(
        f'{context}: the token in the extra "{TOKEN}" of {_name(context)} was refused ({said}): '
        "put a valid one there, or an id into its login and a password into its password. "
        "Where it is valid, the API blocks this machine's address for now.",
        **context.about,
    )


def _name(context: RequestContext) -> str:
    return f"connection {context.conn_id!r} ({variable(context.conn_id)})"


def _limit(kind: RefusalKind, allowance: AccountLimits | None) -> int | None:
    if allowance is None:
        return None
    return allowance.records_minute if kind is RefusalKind.MINUTE else allowance.records_day
