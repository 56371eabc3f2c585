"""Folds old lines of the ledger into one summary row for each run of slots.

Pure, and without loss for every later decision. A row of answers that exclude a product keeps the
time of each answer. Every other row keeps its slots and the newest time. Folding can be repeated,
also over rows together with the lines that they were made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from gapfill.domain.interval import Interval
from gapfill.domain.ledger import LedgerEntry, answers_of, excludes


class _Subject(NamedTuple):
    """What a row is about: only lines with the same subject are folded together."""

    series: str
    product: str
    station: str | None
    field: str | None
    outcome: str
    kind: str


WORK = 100_000
"""Maximum number of answers in the rows made at once: about half a second of work, and less
than two megabytes. Lines that overlap a lot have more answers in rows than there are lines."""


def fold(entries: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """Return the summary rows of lines and of earlier rows.

    Cost grows with ``work_of``.
    """
    return [row for own in _by_subject(entries) for row in _rows(own)]


def work_of(entries: Iterable[LedgerEntry]) -> int:
    """Return how many answers ``fold`` looks at, over all stretches of slots; quick itself."""
    work = 0
    for own in _by_subject(entries):
        changes: dict[datetime, int] = {}
        for entry in own:
            weight = len(entry.folded) or 1
            for edge, change in (entry.interval.start, weight), (entry.interval.end, -weight):
                changes[edge] = changes.get(edge, 0) + change
        active = 0
        for edge in sorted(changes):
            active += changes[edge]
            work += active
    return work


def affordable(rows: Sequence[LedgerEntry], lines: Sequence[LedgerEntry]) -> int:
    """Return how many of the first lines can be folded with rows, within the work of a clean-up."""
    count = len(lines)
    while count > 1 and work_of([*rows, *lines[:count]]) > WORK:
        count = whole_answers(lines[: count // 2])
    return count


def is_affordable(rows: Sequence[LedgerEntry]) -> bool:
    """Return whether rows leave enough of the work of a clean-up to be folded with new lines."""
    return work_of(rows) <= WORK // 2


def _by_subject(entries: Iterable[LedgerEntry]) -> Iterable[list[LedgerEntry]]:
    by_subject: dict[_Subject, list[LedgerEntry]] = {}
    for entry in entries:
        subject = _Subject(
            entry.series,
            entry.product,
            entry.station,
            entry.field,
            entry.outcome,
            entry.evidence_kind,
        )
        by_subject.setdefault(subject, []).append(entry)
    return by_subject.values()


def _rows(entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    ordered = sorted(entries, key=lambda e: e.interval.start)
    return _with_times(ordered) if excludes(ordered[0]) else _runs(ordered)


def _runs(entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Return a row for each run of slots, with the newest answer."""
    rows: list[LedgerEntry] = []
    for entry in entries:
        last = rows[-1] if rows else None
        if last is None or entry.interval.start > last.interval.end:
            rows.append(_row(entry, entry.interval, (entry.asked_at,)))
            continue
        newest = max(last, entry, key=_age)
        end = max(last.interval.end, entry.interval.end)
        rows[-1] = _row(newest, Interval(last.interval.start, end), (newest.asked_at,))
    return rows


def _with_times(entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Return a row for each run of slots with the same answers, with the time of each."""
    edges = sorted({e.interval.start for e in entries} | {e.interval.end for e in entries})
    rows: list[LedgerEntry] = []
    active: list[LedgerEntry] = []
    position = 0
    for start, end in pairwise(edges):
        active = [e for e in active if e.interval.end > start]
        while position < len(entries) and entries[position].interval.start == start:
            active.append(entries[position])
            position += 1
        if not active:
            continue
        times = tuple(answer.asked_at for answer in answers_of(active))
        newest = max(active, key=_age)
        row = _row(newest, Interval(start, end), times)
        if rows and _continues(rows[-1], row):
            row = replace(row, interval=Interval(rows[-1].interval.start, end))
            rows.pop()
        rows.append(row)
    return rows


def _continues(row: LedgerEntry, following: LedgerEntry) -> bool:
    """Return whether the slots after a row have the same answers."""
    return row.interval.end == following.interval.start and (row.folded, row.evidence) == (
        following.folded,
        following.evidence,
    )


def _age(entry: LedgerEntry) -> tuple[datetime, str]:
    """Return the key by which the newest of several answers is the same in any order."""
    return entry.asked_at, entry.evidence


def _row(newest: LedgerEntry, interval: Interval, times: tuple[datetime, ...]) -> LedgerEntry:
    return replace(newest, interval=interval, folded=times, batch="")


def holds(rows: Sequence[LedgerEntry], others: Sequence[LedgerEntry]) -> bool:
    """Return whether rows of ``fold`` have all answers of other rows, so that these can go."""
    return _sorted(fold([*rows, *others])) == _sorted(rows)


def _sorted(rows: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    return sorted(rows, key=repr)


def whole_answers(lines: Sequence[LedgerEntry]) -> int:
    """Return how many of the first lines do not end within the lines of one moment.

    Lines of one moment are folded together, because only then two equal answers count as two.
    All lines, if they are of one moment.
    """
    last = lines[-1].asked_at
    whole = len(lines)
    while whole and lines[whole - 1].asked_at == last:
        whole -= 1
    return whole or len(lines)
