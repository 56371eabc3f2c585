"""What a candidate can do for a slot, and why, as a value and as a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from gapfill.domain.candidate import NOWHERE, Candidate, Eligibility
from gapfill.domain.interval import iso
from gapfill.domain.ledger import Exclusion

_OTHERS_FIRST = "other sources are asked first"
_HOUR = timedelta(hours=1)
_HOURS_READ_WELL = 72


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
    candidate = assessment.candidate
    if candidate.reach is NOWHERE:
        return "has no data for any date"
    if assessment.reason:
        return assessment.reason
    if candidate.held is not None:
        return "has no row for it in its files"
    return f"has data only {candidate.dates}"


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
