"""What a candidate can do for a slot, and at which slots that changes.

Planning, waiting times, ``unfillable`` and ``explain`` all use ``evaluate``. Its result changes
only at a few slots (``edges``), so the first slot of a run decides for the whole run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from gapfill.domain.assessment import Assessment
from gapfill.domain.candidate import Candidate, Eligibility
from gapfill.domain.grid import DAY
from gapfill.domain.interval import BEGINNING, covers
from gapfill.domain.ledger import JUST_NOW, LAST_CHANCE, RECENT
from gapfill.domain.series import Grade, Series


def evaluate(
    candidate: Candidate,
    series: Series,
    slot: datetime,
    now: datetime,
    *,
    field: str | None = None,
    force: bool = False,
    above: Grade | None = None,
) -> Assessment:
    """Return what a candidate can do for a slot, or for one field of it.

    Args:
        candidate: The product that may be asked.
        series: The series of the slot.
        slot: Start of the slot.
        now: The clock.
        field: The field that is missing; ``None``: the slot as such.
        force: Whether to ignore "no data" answers, recent failures and blocks. Slots that the
            store refuses are not asked for even then.
        above: Grade that the field already has; only a better one helps.
    """
    product = candidate.product
    refused = candidate.refusal(slot, field)
    never = Eligibility.REFUSED if refused else _never(candidate, series, slot, now, field, above)
    if above is not None and field in candidate.never and not force:
        never = never or Eligibility.NO_FIELD
    if never:
        reason = refused.reason if refused else ""
        spoilt = candidate.why_not_usable(slot) if never is Eligibility.OUT_OF_REACH else None
        if spoilt:
            never, reason = Eligibility.BROKEN if spoilt.is_error else never, spoilt.reason
        return Assessment(never, None, candidate, field=field, reason=reason)
    if candidate.obstacle:
        return Assessment(candidate.obstacle.eligibility, None, candidate)
    out_at = product.available.instant(slot, series.grid)
    if out_at > now:
        return Assessment(Eligibility.NOT_OUT, out_at, candidate)
    ruling = None if force else candidate.exclusion(slot, field)
    if ruling and ruling.until > now:
        standing = Eligibility.RULED_OUT if ruling.is_final else Eligibility.ASKED
        return _while_kept(Assessment(standing, ruling.until, candidate, ruling, field), slot)
    refusal = _refusal(candidate, now, force=force)
    if refusal:
        return _while_kept(refusal, slot) if refusal.eligibility is Eligibility.BLOCKED else refusal
    is_recent = _is_recent(candidate, slot, now, field)
    came_without = field is not None and candidate.came_without(slot, field)
    standing = (
        Eligibility.RECENT if (is_recent or came_without) and not force else Eligibility.SERVES
    )
    is_unreached = standing is Eligibility.RECENT and covers(candidate.unreached, slot)
    said = field if came_without else None
    is_key = is_unreached and covers(candidate.key_refused, slot)
    return Assessment(
        standing, None, candidate, field=said, is_unreached=is_unreached, is_key_refused=is_key
    )


def _is_recent(candidate: Candidate, slot: datetime, now: datetime, field: str | None) -> bool:
    """Return whether other candidates go first because this one failed or had no value.

    A slot that the product drops within two hours is asked for again after a quarter of an hour,
    so that another source can replace it here too.
    """
    keeps = candidate.product.keeps
    if not candidate.is_recent(slot, field):
        return False
    is_just = covers(candidate.just_now, slot) and keeps(slot, now + JUST_NOW)
    return is_just or keeps(slot, now + RECENT)


def _refusal(candidate: Candidate, now: datetime, *, force: bool) -> Assessment | None:
    """Return why a source may not be called now, ``None`` if it may.

    ``force`` overrides a block, never a quota.
    """
    if not force and candidate.blocked_until and candidate.blocked_until > now:
        return Assessment(Eligibility.BLOCKED, candidate.blocked_until, candidate)
    calls = candidate.product.hops + candidate.opening_calls
    if candidate.quota_left is not None and candidate.quota_left < calls:
        return Assessment(Eligibility.QUOTA_SPENT, now + DAY, candidate)
    return None


def _never(
    candidate: Candidate,
    series: Series,
    slot: datetime,
    now: datetime,
    field: str | None,
    above: Grade | None,
) -> Eligibility | None:
    """Return why a candidate cannot serve a slot in any set-up, else ``None``."""
    product = candidate.product
    if field is not None and not candidate.gives(series, field):
        return Eligibility.NO_FIELD
    if not candidate.has(slot):
        return Eligibility.OUT_OF_REACH
    if product.resolution != series.grid.step_at(slot):
        return Eligibility.OTHER_STEP
    if above is not None and product.grade_at(slot, now) <= above:
        return Eligibility.NO_BETTER
    return None if product.keeps(slot, now) else Eligibility.GONE


def _while_kept(assessment: Assessment, slot: datetime) -> Assessment:
    """Return ``GONE`` if the product drops the slot before it can be asked again."""
    until = assessment.until
    if until is None or assessment.candidate.product.keeps(slot, until):
        return assessment
    return assessment._replace(eligibility=Eligibility.GONE)


def edges(
    candidate: Candidate, series: Series, now: datetime, field: str | None = None
) -> Iterator[datetime]:
    """Yield the slots at which ``evaluate`` can change its result for a candidate and a field."""
    product, grid = candidate.product, series.grid
    yield grid.ceil(candidate.reach.start)
    yield grid.ceil(candidate.reach.end)
    yield product.available.until(now, grid)
    yield product.available.until(now - RECENT, grid)
    rulings = candidate.field_rulings.get(field or "", candidate.rulings)
    recent = candidate.field_recent.get(field or "", candidate.recent)
    ruled = [ruling for ruling in rulings.items if ruling.until > now]
    without = candidate.without.get(field or "", ())
    seen = (*recent, *candidate.just_now, *candidate.in_vain, *candidate.silent)
    known = (
        *seen,
        *without,
        *candidate.unreached,
        *candidate.key_refused,
        *(candidate.held or ()),
    )
    held_back = [one.interval for one in candidate.refused.items]
    held_back += [one.interval for one in candidate.unusable.items]
    refused = (one for one in held_back if one.start > BEGINNING)
    yield from (grid.ceil(one.interval.end) for one in candidate.refused.items)
    for stretch in (*(r.interval for r in ruled), *known, *refused):
        yield grid.ceil(stretch.start)
        yield grid.ceil(stretch.end)
    if product.official_after is not None:
        yield grid.end_of(grid.floor(now - product.official_after))
    if product.last is None and product.window is None:
        return  # it keeps every slot
    margins = (JUST_NOW, RECENT, LAST_CHANCE)
    blocked = {candidate.blocked_until} if candidate.blocked_until else set()
    for until in {
        now,
        *(now + more for more in margins),
        *blocked,
        *(ruling.until for ruling in ruled),
    }:
        kept_from = product.kept_from(until)
        if kept_from is not None:
            yield grid.ceil(kept_from)
