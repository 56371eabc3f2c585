"""What a candidate can do for a slot, and why: one function that all questions go through.

Choosing, waiting, ``unfillable`` and ``explain`` all ask ``judge``. Its answer changes only
at a few instants (``edges``), so whole runs are judged by their first slot.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.candidate import NOWHERE, Candidate, Standing
from gapfill.domain.civil import local_date
from gapfill.domain.interval import END_OF_TIME, covers, iso
from gapfill.domain.resolution import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from gapfill.domain.ledger import Ruling
    from gapfill.domain.series import Grade, Series


class Verdict(NamedTuple):
    """A candidate's standing towards a slot.

    Attributes:
        standing: What it can do.
        until: When that may change, ``None`` where it will not or need not. Where the
            slot is gone by the time it may be asked for again, that time.
        candidate: Whose standing it is.
        ruling: What the ledger says against it.
    """

    standing: Standing
    until: datetime | None
    candidate: Candidate
    ruling: Ruling | None = None

    @property
    def sentence(self) -> str:
        """Return the same for a person."""
        return _SENTENCES[self.standing](self)


def judge(
    candidate: Candidate,
    series: Series,
    slot: datetime,
    now: datetime,
    *,
    force: bool = False,
    above: Grade | None = None,
) -> Verdict:
    """Say what a candidate can do for a slot.

    Args:
        candidate: Who is asked.
        series: Whose slot.
        slot: Start of the slot.
        now: The clock.
        force: Whether the ledger's "no data" is disregarded.
        above: Grade the slot already has; only a better one helps.
    """
    product = candidate.product
    never = _never(candidate, series, slot, now, above)
    if never:
        return Verdict(never, None, candidate)
    out_at = product.available.instant(slot, series.grid)
    if out_at > now:
        return Verdict(Standing.NOT_OUT, out_at, candidate)
    ruling = None if force else candidate.rulings.at(slot)
    if ruling and ruling.until > now:
        standing = Standing.RULED_OUT if ruling.is_final else Standing.ASKED
        return _while_kept(Verdict(standing, ruling.until, candidate, ruling), slot)
    if candidate.blocked_until and candidate.blocked_until > now:
        return _while_kept(Verdict(Standing.BLOCKED, candidate.blocked_until, candidate), slot)
    calls = product.hops + candidate.opening_calls
    if candidate.quota_left is not None and candidate.quota_left < calls:
        return Verdict(Standing.QUOTA_SPENT, now + DAY, candidate)
    is_recent = covers(candidate.recent, slot)
    return Verdict(Standing.RECENT if is_recent else Standing.SERVES, None, candidate)


def _never(
    candidate: Candidate, series: Series, slot: datetime, now: datetime, above: Grade | None
) -> Standing | None:
    """Return why a candidate will never serve a slot, ``None`` where it may."""
    product = candidate.product
    if candidate.obstacle:
        return Standing.UNCONFIGURED
    if not candidate.has(slot):
        return Standing.OUT_OF_REACH
    if product.resolution != series.grid.step_at(slot):
        return Standing.OTHER_STEP
    if above is not None and product.grade_at(slot, now) <= above:
        return Standing.NO_BETTER
    return None if product.keeps(slot, now) else Standing.GONE


def _while_kept(verdict: Verdict, slot: datetime) -> Verdict:
    """Return ``GONE`` where the product will have dropped the slot before it may be asked again."""
    until = verdict.until
    if until is None or verdict.candidate.product.keeps(slot, until):
        return verdict
    return verdict._replace(standing=Standing.GONE)


def _say_gone(verdict: Verdict) -> str:
    product = verdict.candidate.product
    if product.last == 1:
        return "has no history, only the reading of now"
    kept = product.last * product.resolution if product.last else product.window
    keeps = f"keeps only the last {_length(kept)}"
    if verdict.until is None:
        return keeps
    return f"{keeps} and may not be asked again before {iso(verdict.until)}"


def _say_ruled(verdict: Verdict) -> str:
    ruling = verdict.ruling
    if ruling is None:
        return "said that it has none"
    times = "once" if ruling.count == 1 else f"{ruling.count} times"
    return f"said {times} that it has none ({ruling.evidence}); asked again {iso(ruling.until)}"


def _say_reach(verdict: Verdict) -> str:
    reach, zone = verdict.candidate.reach, verdict.candidate.product.day_zone or "UTC"
    if reach is NOWHERE:
        return "has data for no date"
    if verdict.candidate.held is not None:
        return "has no row for it in its files"
    first, last = local_date(reach.start, zone), local_date(reach.end - _MOMENT, zone)
    return f"has data only from {first}" + (f" to {last}" if reach.end < END_OF_TIME else "")


def _instant(verdict: Verdict) -> str:
    return iso(verdict.until) if verdict.until else "an unknown time"


def _length(window: timedelta | None) -> str:
    hours = window / _HOUR if window else 0
    if hours < 1:
        return f"{hours * 60:.3g} min"
    return f"{hours:g} h" if hours <= _HOURS_READ_WELL else f"{hours / 24:g} d"


_HOUR = timedelta(hours=1)
_MOMENT = timedelta(microseconds=1)
_HOURS_READ_WELL = 72

_SENTENCES: Mapping[Standing, Callable[[Verdict], str]] = {
    Standing.SERVES: lambda _: "can serve it now",
    Standing.RECENT: lambda _: "failed or had nothing within the last 2 h; others go first",
    Standing.NOT_OUT: lambda v: f"has it from {_instant(v)}",
    Standing.BLOCKED: lambda v: f"is blocked until {_instant(v)}: {v.candidate.block_reason}",
    Standing.QUOTA_SPENT: lambda _: "has spent its calls of the last 24 h",
    Standing.ASKED: _say_ruled,
    Standing.RULED_OUT: _say_ruled,
    Standing.GONE: _say_gone,
    Standing.OUT_OF_REACH: _say_reach,
    Standing.OTHER_STEP: lambda v: f"has a value every {_length(v.candidate.product.resolution)}",
    Standing.NO_BETTER: lambda v: f"gives {v.candidate.product.grade.label}, which is no better",
    Standing.UNCONFIGURED: lambda v: v.candidate.obstacle or "is not configured",
}


def edges(candidate: Candidate, series: Series, now: datetime) -> Iterator[datetime]:
    """Yield the slots at which ``judge`` may change its answer for a candidate."""
    if candidate.obstacle:
        return
    product, grid = candidate.product, series.grid
    yield grid.ceil(candidate.reach.start)
    yield grid.ceil(candidate.reach.end)
    yield product.available.until(now, grid)
    ruled = [ruling for ruling in candidate.rulings.items if ruling.until > now]
    for stretch in (*(r.interval for r in ruled), *candidate.recent, *(candidate.held or ())):
        yield grid.ceil(stretch.start)
        yield grid.ceil(stretch.end)
    if product.official_after is not None:
        yield grid.end_of(grid.floor(now - product.official_after))
    blocked = {candidate.blocked_until} if candidate.blocked_until else set()
    for until in {now, *blocked, *(ruling.until for ruling in ruled)}:
        kept_from = product.kept_from(until)
        if kept_from is not None:
            yield grid.ceil(kept_from)


def why_not(verdicts: Sequence[Verdict]) -> str:
    """Return why nobody can be asked, a clause each: who may come first, who is not set up last."""
    ordered = sorted(verdicts, key=lambda v: (v.until is None, v.standing is Standing.UNCONFIGURED))
    clauses = (f"{v.candidate.name} {v.sentence}" for v in ordered)
    return "; ".join(clauses) or "no source of its route offers it"
