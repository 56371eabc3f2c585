"""Which of the stations of a product is asked for a slot: the first one, then the next ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gapfill.domain.assessment import Assessment
from gapfill.domain.candidate import ASKABLE, WAITS, Candidate, Eligibility
from gapfill.domain.interval import covers
from gapfill.domain.ledger import LAST_CHANCE, RECENT
from gapfill.domain.series import Series

_IN_VAIN = "failed or had no value at the last request; another station is asked first"


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
