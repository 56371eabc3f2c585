"""What a candidate can do for a slot, and why.

Planning, waiting times, ``unfillable`` and ``explain`` all use ``evaluate``. Its result changes
only at a few slots (``edges``), so the first slot of a run decides for the whole run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.candidate import ASKABLE, NOWHERE, WAITS, Candidate, Eligibility
from gapfill.domain.grid import DAY
from gapfill.domain.interval import BEGINNING, END_OF_TIME, covers, iso
from gapfill.domain.ledger import JUST_NOW, LAST_CHANCE, RECENT, Exclusion
from gapfill.domain.local_time import local_date

if TYPE_CHECKING:
    from gapfill.domain.series import Grade, Series


class Assessment(NamedTuple):
    """What a candidate can do for a slot, and why.

    Attributes:
        eligibility: What it can do.
        until: When that may change; ``None`` if it will not, or if the slot can be asked for now.
            With ``GONE``: the time of the next possible request, if the slot is gone by then.
        candidate: The candidate.
        exclusion: The exclusion in the ledger.
        field: The field that is missing, if it is about one field.
        is_unreached: Whether it was unreachable or refused its key in the last two hours.
        is_key_refused: Whether it refused its key in the last two hours.
        reason: Why the store refuses the slot, the problem in its files, or why other candidates
            are asked first.
    """

    eligibility: Eligibility
    until: datetime | None
    candidate: Candidate
    exclusion: Exclusion | None = None
    field: str | None = None
    is_unreached: bool = False
    is_key_refused: bool = False
    reason: str = ""

    @property
    def sentence(self) -> str:
        """Return the assessment as text for people."""
        return _SENTENCES[self.eligibility](self)


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


def _say_gone(assessment: Assessment) -> str:
    product = assessment.candidate.product
    if product.last == 1:
        return "has no history, only the reading of now"
    kept = product.last * product.resolution if product.last else product.window
    keeps = f"keeps only the last {_length(kept)}"
    if assessment.until is None:
        return keeps
    return f"{keeps} and may not be asked again before {iso(assessment.until)}"


def _say_ruled(assessment: Assessment) -> str:
    ruling = assessment.exclusion
    if ruling is None:
        return "has answered without a usable value"
    if not ruling.count:
        said = f"has answered without it ({ruling.evidence}), which does not prove that it has none"
    else:
        times = "once" if ruling.count == 1 else f"{ruling.count} times"
        said = f"has answered {times} without a usable value ({ruling.evidence})"
    return f"{said}; will be asked again at {iso(ruling.until)}"


def _say_reach(assessment: Assessment) -> str:
    reach, zone = assessment.candidate.reach, assessment.candidate.product.day_zone or "UTC"
    if reach is NOWHERE:
        return "has no data for any date"
    if assessment.reason:
        return assessment.reason
    if assessment.candidate.held is not None:
        return "has no row for it in its files"
    first, last = local_date(reach.start, zone), local_date(reach.end - _MOMENT, zone)
    return f"has data only from {first}" + (f" to {last}" if reach.end < END_OF_TIME else "")


def _instant(assessment: Assessment) -> str:
    return iso(assessment.until) if assessment.until else "an unknown time"


def _length(window: timedelta | None) -> str:
    hours = window / _HOUR if window else 0
    if hours < 1:
        return f"{hours * 60:.3g} min"
    return f"{hours:g} h" if hours <= _HOURS_READ_WELL else f"{hours / 24:g} d"


def _say_no_field(assessment: Assessment) -> str:
    if assessment.field in assessment.candidate.never:
        return f"never reports {assessment.field}"
    return f"has no {assessment.field}"


def _say_recent(assessment: Assessment) -> str:
    if assessment.field in assessment.candidate.never:
        return f"never reports {assessment.field}; other sources are asked first"
    if assessment.field:
        return f"answered without {assessment.field}; other sources are asked first"
    if assessment.is_key_refused:
        key = f"the key of connection {assessment.candidate.source.connection}"
        return f"refused {key} within the last 2 h: put a valid key there; {_OTHERS_FIRST}"
    if assessment.reason:
        return assessment.reason
    what = "could not be reached" if assessment.is_unreached else "failed or had no value"
    return f"{what} within the last 2 h; other sources are asked first"


def _say_obstacle(assessment: Assessment) -> str:
    obstacle = assessment.candidate.obstacle
    if assessment.reason:
        return assessment.reason
    return obstacle.sentence if obstacle else "is not configured"


_OTHERS_FIRST = "other sources are asked first"
_IN_VAIN = "failed or had no value at the last request; another station is asked first"
_HOUR = timedelta(hours=1)
_MOMENT = timedelta(microseconds=1)
_HOURS_READ_WELL = 72

_SENTENCES: Mapping[Eligibility, Callable[[Assessment], str]] = {
    Eligibility.SERVES: lambda _: "can serve it now",
    Eligibility.RECENT: _say_recent,
    Eligibility.NOT_OUT: lambda v: f"has it from {_instant(v)}",
    Eligibility.BLOCKED: lambda v: f"is blocked until {_instant(v)}: {v.candidate.block_reason}",
    Eligibility.QUOTA_SPENT: lambda _: "has used all its calls of the last 24 h",
    Eligibility.ASKED: _say_ruled,
    Eligibility.RULED_OUT: _say_ruled,
    Eligibility.GONE: _say_gone,
    Eligibility.OUT_OF_REACH: _say_reach,
    Eligibility.OTHER_STEP: lambda v: (
        f"has a value every {_length(v.candidate.product.resolution)}"
    ),
    Eligibility.NO_BETTER: lambda v: (
        f"has grade {v.candidate.product.grade.label}, which is not better"
    ),
    Eligibility.NO_FIELD: _say_no_field,
    Eligibility.LATER_STATION: lambda _: (
        "is asked only for values that the station before it does not have"
    ),
    Eligibility.UNCONFIGURED: _say_obstacle,
    Eligibility.PAUSED: _say_obstacle,
    Eligibility.BROKEN: _say_obstacle,
    Eligibility.REFUSED: lambda v: f"is not asked: {v.reason}",
}


def in_turn(
    assessments: Sequence[Assessment],
    series: Series,
    slot: datetime,
    now: datetime,
    field: str | None,
) -> list[Assessment]:
    """Return assessments in which a later station waits for the earlier ones of its product.

    A later station is farther from the place, and its value would stay. So it is asked only for
    values that an earlier station cannot have, reports as "no data" or answered without; not
    while the earlier station has failed or is late. Two hours after the slot was due, or just
    before the slot is lost, it no longer waits for a station whose answer had no value.
    """
    held: set[str] = set()
    found: list[Assessment] = []
    given_up = [_is_given_up(assessment.candidate, series, slot, now) for assessment in assessments]
    fresh = [v for v, is_over in zip(assessments, given_up, strict=True) if not is_over]
    for assessment, is_over in zip(assessments, given_up, strict=True):
        candidate = assessment.candidate
        key, is_open = candidate.product.key, assessment.eligibility in (*ASKABLE, *WAITS)
        has_said = assessment.eligibility is Eligibility.ASKED
        if is_open and key in held:
            found.append(Assessment(Eligibility.LATER_STATION, None, candidate))
        elif assessment.eligibility is Eligibility.SERVES and is_over and _serves(fresh, key):
            found.append(assessment._replace(eligibility=Eligibility.RECENT, reason=_IN_VAIN))
        else:
            has_said = has_said or bool(field and candidate.came_without(slot, field))
            if is_open and not has_said and not is_over:
                held.add(key)
            found.append(assessment)
    return found


def _serves(assessments: Sequence[Assessment], key: str) -> bool:
    return any(
        v.candidate.product.key == key and v.eligibility is Eligibility.SERVES for v in assessments
    )


def _is_given_up(candidate: Candidate, series: Series, slot: datetime, now: datetime) -> bool:
    """Return whether a station had no value for a late slot, or failed and the slot soon ends."""
    product = candidate.product
    if candidate.station is None or not covers(candidate.in_vain, slot):
        return False
    is_late = product.available.instant(slot, series.grid) + RECENT <= now
    is_silent = is_late and covers(candidate.silent, slot)
    return is_silent or not product.keeps(slot, now + LAST_CHANCE)


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


def why_not(assessments: Sequence[Assessment]) -> str:
    """Return why no product can be asked, one clause each, the soonest possible first."""
    last = (Eligibility.UNCONFIGURED, Eligibility.PAUSED)
    ordered = sorted(assessments, key=lambda v: (v.until is None, v.eligibility in last))
    clauses = (f"{v.candidate.name} {v.sentence}" for v in ordered)
    return "; ".join(clauses) or "no source of its route offers it"


def needs_of(assessments: Sequence[Assessment]) -> tuple[str, ...]:
    """Return the missing set-up that could serve: connections by name, then settings.

    A product could not serve if another product of the same data is excluded.
    """
    without = {
        v.candidate.product.published for v in assessments if v.eligibility is Eligibility.RULED_OUT
    }
    obstacles = [
        v.candidate.obstacle
        for v in assessments
        if v.eligibility is Eligibility.UNCONFIGURED
        and v.candidate.obstacle
        and v.candidate.product.published not in without
    ]
    needs = {obstacle.needs for obstacle in obstacles}
    return tuple(sorted(needs, key=lambda name: (name.isupper(), name)))
