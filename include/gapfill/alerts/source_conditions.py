"""Conditions of the sources: reached or not, key accepted or refused, quota left or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from gapfill.alerts.incidents import Condition
from gapfill.domain.backoff import RefusalStreak
from gapfill.domain.grid import DAY
from gapfill.domain.incident_key import IncidentKind
from gapfill.domain.interval import iso
from gapfill.domain.product import Source
from gapfill.errors import ErrorCode
from gapfill.services.certificate import Certificate, UnitOutcome
from gapfill.services.context import RunContext
from gapfill.services.key_limits import KeyLimits
from gapfill.services.ports import Block
from gapfill.services.source_availability import is_key_closed
from gapfill.services.source_status import SourceStatus

ANSWERED = (
    UnitOutcome.FILLED,
    UnitOutcome.PARTIAL,
    UnitOutcome.NOT_YET,
    UnitOutcome.NO_DATA,
)
"""Outcomes of a unit whose source answered, if the unit called it."""

LONG_BLOCK = timedelta(hours=2)
"""A single block that is shorter than this makes no message."""

REPEATED = 3
"""Number of consecutive refusals, each with a longer wait, after which a message is sent."""


def evaluate_sources(
    context: RunContext, status: SourceStatus, certificates: Sequence[Certificate]
) -> Iterator[Condition]:
    """Yield the conditions of each source that the run asked, and of the quota of every source.

    Raises:
        StoreError: If the learned limits cannot be read.
    """
    today = context.store.load_limits(context.now - DAY)
    of_source: defaultdict[str, list[Certificate]] = defaultdict(list)
    for certificate in certificates:
        of_source[certificate.source].append(certificate)
    for source in context.catalog.sources.values():
        is_closed = is_key_closed(source, today)
        own = of_source[source.name]
        refused = [c for c in own if c.error is ErrorCode.AUTH_REJECTED]
        unreached = [c for c in own if c.error is ErrorCode.SOURCE_UNAVAILABLE]
        answered = [
            c
            for c in own
            if (c.outcome in ANSWERED and c.calls) or c.error is ErrorCode.MALFORMED_PAYLOAD
        ]
        if refused:
            what, tried = _note(refused), f"{_units(refused, own)}."
            yield Condition(
                IncidentKind.CREDENTIALS, source.name, is_there=True, what=what, tried=tried
            )
        elif answered and not is_closed:
            yield Condition(IncidentKind.CREDENTIALS, source.name, is_there=False)
        if answered or refused:
            yield Condition(IncidentKind.SOURCE, source.name, is_there=False)
        elif unreached:
            what, tried = _note(unreached), f"{_units(unreached, own)}, each several times."
            yield Condition(IncidentKind.SOURCE, source.name, is_there=True, what=what, tried=tried)
        streak = KeyLimits(context, source.name, status.learned).streak
        yield _quota(status, source, streak, is_closed=is_closed)


def _units(some: Sequence[Certificate], own: Sequence[Certificate]) -> str:
    return f"{len(some)} of {len(own)} units" if len(own) > 1 else "1 unit"


def _note(failed: Sequence[Certificate]) -> str:
    return f"{failed[-1].note.rstrip('.')[:500]}."


def _quota(
    status: SourceStatus, source: Source, streak: RefusalStreak, *, is_closed: bool
) -> Condition:
    """Return the condition of a quota: the source refuses, or its calls of 24 h are spent.

    The first refusals open no incident: they end by themselves, and other sources replace the
    source. Until the source answers a request, an open incident stays open, also between two
    blocks.
    """
    is_repeated = streak.times >= REPEATED and not streak.is_over(status.now.timestamp())
    names = {source.name}
    if not is_closed:  # otherwise the incident of the key covers its products
        names |= {product.key for product in source.products}
    block = next((b for b in status.blocks if b.source in names), None)
    if block or is_repeated:
        is_long = block is not None and block.until - status.now >= LONG_BLOCK
        what = _refuses(block, streak, is_repeated=is_repeated)
        opens = is_long or is_repeated
        return Condition(IncidentKind.QUOTA, source.name, is_there=True, what=what, opens=opens)
    left = status.calls_left(source)
    if left is not None and left <= 0:
        what = f"Its {source.per_day:,} calls per 24 h are spent."
        return Condition(IncidentKind.QUOTA, source.name, is_there=True, what=what)
    return Condition(IncidentKind.QUOTA, source.name, is_there=False)


def _refuses(block: Block | None, streak: RefusalStreak, *, is_repeated: bool) -> str:
    said: list[str] = []
    if is_repeated:
        since = iso(datetime.fromtimestamp(int(streak.since), UTC))
        said.append(f"It has refused {streak.times:.0f} times in a row since {since}.")
    if block:
        said.append(f"Blocked until {iso(block.until)}: {block.reason.rstrip('.')[:500]}.")
    return " ".join(said)
