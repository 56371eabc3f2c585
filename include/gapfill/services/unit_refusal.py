"""Why a unit does not start: its product is blocked, down or not allowed for the key."""

from __future__ import annotations

from gapfill.domain.evidence import KEY_REFUSED, EvidenceKind
from gapfill.domain.keys import BatchId
from gapfill.domain.ledger import Outcome
from gapfill.domain.subscription import is_of_key, subscription
from gapfill.services.context import RunContext
from gapfill.services.ports import LedgerSnapshot
from gapfill.services.source_availability import DOWN, blocked, is_down
from gapfill.services.source_calls import SourceCalls
from gapfill.services.source_sessions import REFUSALS

OF_ANOTHER_KEY = (
    "The key belongs to another generation of this API, which is a different product; "
    "the next run plans the slots that are left for that product."
)
"""Note of a unit whose product the key may not use, if the key may use another one instead."""


def why_not_start(calls: SourceCalls, books: LedgerSnapshot, run: str) -> str | None:
    """Return why a unit does not start, ``None`` if it does.

    If its source is down, the ledger gets a line, so that another source is asked at once.

    Raises:
        StoreError: If the ledger cannot be read or written.
    """
    unit, source, product = calls.unit, calls.source, calls.product
    if subscription(product):
        facts = calls.learned.get(source.name, {})
        if not is_of_key(source, product, facts):
            return OF_ANOTHER_KEY
    why = None if unit.force else blocked(books.blocks, source, product)
    if not why and calls.sessions.has_refused(source.name):
        why = f"{source.title} has refused {REFUSALS} times in a row in this run"
    if why or not is_down(books.outcomes, source, product, tried_by=unit.batch(run)):
        return why
    said = f"{source.title} could not be reached {DOWN} times in a row in this run"
    kind = EvidenceKind.OTHER
    if _was_key_refused(calls.context, source.name, run):
        kind = EvidenceKind.KEY_REFUSED
        said = f"{KEY_REFUSED} {DOWN} times in this run; correct connection {source.connection}"
    calls.record(unit.interval, Outcome.DEFERRED, said, kind)  # not "no data"
    return said


def _was_key_refused(context: RunContext, source: str, run: str) -> bool:
    """Return whether the source refused the key at the run's last request."""
    lines = context.store.answers(source, context.now)
    own = BatchId.prefix(run)
    tried = [e for e in lines if e.outcome is Outcome.UNREACHED and e.batch.startswith(own)]
    return bool(tried) and tried[-1].evidence_kind is EvidenceKind.KEY_REFUSED
