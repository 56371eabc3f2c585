"""The error that each of SIAR's refusals is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.errors import AuthRejected, Limit, SourceError, SpanRefused
from gapfill.sources.firewall_pages import is_web_page
from gapfill.sources.http.connection import variable
from gapfill.sources.siar.refusals import MINUTE_S, Refusal, RefusalKind, day_quota_s, is_of_records

if TYPE_CHECKING:
    from gapfill.domain.account_limits import AccountLimits
    from gapfill.errors import RateLimited
    from gapfill.sources.http.status_errors import RequestContext


def error_for(
    refusal: Refusal, errand: RequestContext, records: int, allowance: AccountLimits | None
) -> SourceError:
    """Return the error that a refusal is.

    A request whose own records are more than the account's limit is refused for its span,
    as no wait will help; any other quota is waited for.

    Args:
        refusal: What was said.
        errand: What the call was for.
        records: Records the answer would have counted.
        allowance: What the account may do, where known.
    """
    if refusal.kind in {RefusalKind.MINUTE, RefusalKind.DAY}:
        limit = _limit(refusal.kind, allowance)
        if limit is not None and records > limit:
            text = f"{errand}: {records} records in one answer, the account may have {limit}"
            return SpanRefused(f"{text} ({refusal.said}).", **errand.about)
        if refusal.kind is RefusalKind.MINUTE:
            is_rate = not is_of_records(refusal)
            return errand.limited(refusal.said, MINUTE_S, Limit.RATE if is_rate else Limit.QUOTA)
        now = errand.ask.now if errand.ask else None
        return errand.limited(refusal.said, day_quota_s(now), Limit.QUOTA)
    if refusal.kind is RefusalKind.TOO_EARLY:
        return errand.malformed(
            "the account may not see so early a date, and the refusal names none that it may see "
            f"({refusal.said}): put that date into the station's `from` in the catalogue"
        )
    if refusal.kind is RefusalKind.TOKEN:
        return rejected(errand, refusal.said)
    return _blocked(refusal, errand)


def _blocked(refusal: Refusal, errand: RequestContext) -> RateLimited:
    """Return the error for a refusal that is about neither the token nor a quota."""
    page = refusal.text.encode()
    if is_web_page(page):
        return errand.behind_firewall(refusal.said.partition(":")[0], page)
    return errand.walled(
        f"blocked ({refusal.said}): no word of token or quota, so the API may block this "
        f"machine's address for now, or the host of {_name(errand)} is not the API."
    )


def rejected(errand: RequestContext, said: str) -> AuthRejected:
    """Return the error for credentials, or a token got with them, that were refused."""
    return AuthRejected(
        f"{errand}: the login or password of {_name(errand)} was refused ({said}): "
        "put valid ones into it. Where they are valid, the API blocks this machine's address "
        "for now.",
        **errand.about,
    )


def token_rejected(errand: RequestContext, said: str, extra: str) -> AuthRejected:
    """Return the error for a ready token that was refused, where there is nothing to log in with.

    Args:
        errand: What the call was for.
        said: What the API said.
        extra: The member of the connection's extra that holds the token.
    """
    return AuthRejected(
        f'{errand}: the token in the extra "{extra}" of {_name(errand)} was refused ({said}): '
        "put a valid one there, or an id into its login and a password into its password. "
        "Where it is valid, the API blocks this machine's address for now.",
        **errand.about,
    )


def _name(errand: RequestContext) -> str:
    return f"connection {errand.conn_id!r} ({variable(errand.conn_id)})"


def _limit(kind: RefusalKind, allowance: AccountLimits | None) -> int | None:
    if allowance is None:
        return None
    return allowance.records_minute if kind is RefusalKind.MINUTE else allowance.records_day
