"""What one run saw of everything that can be an incident, from its reports and certificates.

A run tells only of what it looked at: a source that nobody asked is neither down nor up.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.incident import Kind, Sight
from gapfill.domain.interval import BEGINNING, Interval, intersect, iso
from gapfill.domain.series import State
from gapfill.domain.severity import Severity
from gapfill.services.source_sights import look_at_sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from gapfill.domain.gap import Gap
    from gapfill.domain.series import Series
    from gapfill.services.certificate import Certificate
    from gapfill.services.detect import Report
    from gapfill.services.site import Site

STORE = "gapfill_store"
"""Subject of incidents of the store: the connection that names it."""

PUBLICATION = timedelta(hours=25)
"""The longest day that is published at once: what lacks beyond it is more than lateness."""

NAMED = 3
"""Gaps and tries named in one line; what is left over is counted."""


class Late(NamedTuple):
    """A missing run that lies beyond every grace.

    Attributes:
        interval: That part of it.
        gap: The whole of it.
    """

    interval: Interval
    gap: Gap


def look(
    site: Site,
    before: Sequence[Report],
    after: Sequence[Report],
    certificates: Sequence[Certificate],
    healed: Mapping[str, Sequence[Interval]],
    *,
    asked_all: bool = True,
) -> list[Sight]:
    """Return what a run saw.

    Args:
        site: The installation.
        before: Reports over the whole history, before.
        after: The same, after.
        certificates: What its units returned.
        healed: Changed intervals by series.
        asked_all: Whether it was to ask for whatever lacks. A run with a range or a filter
            cannot say of a publisher that it is late, or of a slot that it was asked for.

    Raises:
        StoreError: If the store fails meanwhile.
    """
    unread = [report for report in after if report.error]
    if unread:
        what = f"{unread[0].series} could not be read: {str(unread[0].error).rstrip('.')}."
        return [store_failed(what)]
    sights = [Sight(Kind.STORE, STORE, is_there=False, what="Every series was read.")]
    sights += look_at_sources(site, certificates)
    first = {report.series for report in before if not report.error and report.newest is None}
    for report in after:
        series = site.catalog.series[report.series]
        own = [c for c in certificates if c.series == report.series]
        slots = sum(series.grid.count(run) for run in healed.get(report.series, ()))
        found = _series(site, series, report, own, slots, is_first=report.series in first)
        sights += [s for s in found if asked_all or s.kind is Kind.GAP or not s.is_there]
    return sights


def store_failed(what: str, tried: str = "") -> Sight:
    """Return the sight of a store that cannot be read or written."""
    return Sight(Kind.STORE, STORE, is_there=True, what=what, tried=tried)


def untold(
    failures: Sequence[str], certificates: Sequence[Certificate], seen: Sequence[Sight]
) -> list[str]:
    """Return the failures of a run that no other incident tells.

    A store that cannot be read explains all of them.
    """
    told = {sight.key for sight in seen if sight.is_there}
    if f"{Kind.STORE}:{STORE}" in told:
        return []
    explained = {
        f"{c.unit}: {c.note}"
        for c in certificates
        if c.error in _KINDS and f"{_KINDS[c.error]}:{c.source}" in told
    }
    return [failure for failure in failures if failure not in explained]


_KINDS = {"AuthRejected": Kind.CREDENTIALS, "SourceUnavailable": Kind.SOURCE}


def worth_telling(
    site: Site,
    before: Sequence[Report],
    healed: Mapping[str, Sequence[Interval]],
    *,
    everything: bool = False,
) -> dict[str, int]:
    """Return the healed slots that are news, by series.

    Those of gaps that were late and worse than minor: what comes in as it is published is
    no news.

    Args:
        site: The installation.
        before: Reports over the whole history, before.
        healed: Changed intervals by series.
        everything: Whether each healed slot is news, as for a run started by a person.
    """
    if everything:
        grids = {name: site.catalog.series[name].grid for name in healed}
        return {name: sum(map(grids[name].count, runs)) for name, runs in healed.items()}
    found: dict[str, int] = {}
    for report in before:
        series = site.catalog.series[report.series]
        late = [
            gap.interval
            for gap in _late(site, series, report)
            if series.severity_of(gap.interval) > Severity.MINOR
        ]
        runs = intersect(late, list(healed.get(report.series, ())))
        slots = sum(series.grid.count(run) for run in runs)
        if slots:
            found[report.series] = slots
    return found


def _late(site: Site, series: Series, report: Report) -> list[Late]:
    """Return the missing runs, each as far as it is late beyond every grace."""
    limit = _limit(site, series)
    whole = Interval(BEGINNING, limit)
    parts = [
        (gap.interval.intersection(whole), gap)
        for gap in report.coverage.gaps
        if gap.state is State.MISSING
    ]
    return [Late(part, gap) for part, gap in parts if part]


def _limit(site: Site, series: Series) -> datetime:
    """Return the first slot that may still be on its way."""
    if series.overdue is not None:
        return series.overdue.until(site.now, series.grid)
    configured = [c for c in site.candidates(series) if c.obstacle is None]
    graces = [c.product.grace.until(site.now, series.grid) for c in configured]
    return max(graces, default=BEGINNING + PUBLICATION)


def _series(
    site: Site,
    series: Series,
    report: Report,
    certificates: Sequence[Certificate],
    healed: int,
    *,
    is_first: bool,
) -> Iterator[Sight]:
    late = _late(site, series, report)
    tail = _tail(site, series, late)
    has_failed = any(c.outcome in ("failed", "deferred") for c in certificates)
    tried = _tried(certificates)
    if not (tail and has_failed):  # whoever failed is no publisher that is late
        what = _sentence(series, [tail]) if tail else _left(report)
        yield Sight(Kind.LATE, series.name, bool(tail), what, tried, healed=healed)
        late = [gap for gap in late if gap is not tail]
    bad = [g for g in late if series.severity_of(g.interval) is Severity.CRITICAL]
    yield _gap_sight(series, report, bad, tried, healed, is_first=is_first)
    asked = [c for c in certificates if c.calls or c.outcome == "failed"]
    has_records = any(c.slots_filled for c in certificates)
    if not late or has_records:
        what = "Nothing is late." if not late else "There were records."
        yield Sight(Kind.BARREN, series.name, is_there=False, what=what, healed=healed)
    elif asked:
        yield Sight(
            Kind.BARREN,
            series.name,
            is_there=True,
            what=_sentence(series, late),
            tried=tried,
            slot=late[-1].interval.start,
        )


def _tail(site: Site, series: Series, late: Sequence[Late]) -> Late | None:
    """Return the run that is the newest publication, and no more, where that is late."""
    if series.overdue is None or not late:
        return None
    newest = late[-1]
    is_tail = newest.interval.end == _limit(site, series)
    return newest if is_tail and newest.interval.duration <= PUBLICATION else None


def _gap_sight(
    series: Series,
    report: Report,
    bad: Sequence[Late],
    tried: str,
    healed: int,
    *,
    is_first: bool,
) -> Sight:
    if not bad:
        return Sight(Kind.GAP, series.name, is_there=False, what=_left(report), healed=healed)
    what = _sentence(series, bad)
    if is_first:
        what = f"First fill: {what}"
    waits = [late.gap.waiting for late in bad]
    until = None if None in waits else min(w for w in waits if w)
    reason = bad[-1].gap.reason.rstrip(".")
    if until:
        what += f" Waits until {iso(until)}{f': {reason}' if reason else ''}."
    return Sight(
        Kind.GAP,
        series.name,
        is_there=True,
        what=what,
        tried=tried,
        until=until,
        healed=healed,
        slot=bad[-1].interval.start,
    )


def _left(report: Report) -> str:
    """Return what still lacks in a series, in a sentence."""
    counts = report.coverage.counts
    named = (
        (counts[State.MISSING], "missing"),
        (counts[State.UNFILLABLE], "that no source has"),
    )
    left = ", ".join(f"{_slots(n)} {words}" for n, words in named if n)
    return f"Still {left}." if left else "Nothing is missing."


def _sentence(series: Series, late: Sequence[Late]) -> str:
    slots = sum(series.grid.count(part.interval) for part in late)
    spans = [str(part.interval) for part in late[-NAMED:]]
    more = f" and {len(late) - NAMED} more" if len(late) > NAMED else ""
    return f"{_slots(slots)} missing: {', '.join(spans)}{more}."


def _slots(n: int) -> str:
    return f"{n:,} slot{'s' if n != 1 else ''}"


def _tried(certificates: Sequence[Certificate]) -> str:
    """Return what was asked and answered, the failures first."""
    ordered = sorted(certificates, key=lambda c: c.outcome != "failed")
    said = [
        f"{c.source}: {c.outcome.replace('_', ' ')}{f' ({_short(c.note)})' if c.note else ''}"
        for c in ordered
    ]
    told = list(dict.fromkeys(said))
    more = f"; and {len(told) - NAMED} more" if len(told) > NAMED else ""
    return f"{'; '.join(told[:NAMED])}{more}." if told else ""


def _short(note: str) -> str:
    return note.rstrip(".")[:200]
