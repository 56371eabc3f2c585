"""Compares what the demo's store holds in the end with the truth, slot by slot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tools.demo.world import HOUR, runs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    Truth = Mapping[str, Mapping[datetime, Mapping[str, float | None]]]


class Stored(NamedTuple):
    """A row of the store.

    Attributes:
        slot: Start of the slot, UTC.
        values: Its values by field; a field without one is not there.
        grade: How good it says it is, ``None`` where it does not say.
        source: Where it says it came from, ``None`` where it does not say.
        kept: Source of each field that came from another one than the row.
    """

    slot: datetime
    values: Mapping[str, float]
    grade: int | None
    source: str | None
    kept: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a series must hold.

    Attributes:
        truth: By source, with its station where that matters: what it states for each slot,
            by field.
        grades: The best grade that each slot can have now; others can have no value.
        holes: Slots that lacked a value or had a worse one, and were to be healed.
        required: Fields without which a slot lacks.
        restored: Optional fields that slots must have, which lacked them.
        step: Length of a slot.
    """

    truth: Truth
    grades: Mapping[datetime, int]
    holes: Collection[datetime]
    required: Sequence[str]
    restored: Mapping[datetime, Sequence[str]]
    step: timedelta = HOUR


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the comparison found; all of it slots, in order.

    Attributes:
        missing: Slots that could have a value and have none.
        wrong: Slots that do not hold what the source they name states.
        graded: Slots whose grade is not the best there is now.
        bare: Slots that still lack a wanted field that could be had.
        invented: Rows that nobody could know of: not due yet, before the series, off the grid.
        double: Slots that are there more than once.
        unnamed: Healed slots that do not say where their value came from.
        healed: Slots of holes that are as they should be.
        step: Length of a slot.
    """

    missing: tuple[datetime, ...] = ()
    wrong: tuple[datetime, ...] = ()
    graded: tuple[datetime, ...] = ()
    bare: tuple[datetime, ...] = ()
    invented: tuple[datetime, ...] = ()
    double: tuple[datetime, ...] = ()
    unnamed: tuple[datetime, ...] = ()
    healed: frozenset[datetime] = frozenset()
    step: timedelta = HOUR

    def sentences(self) -> Iterator[str]:
        """Yield what is wrong, a sentence each; nothing where all is well."""
        named = {
            "are due and missing": self.missing,
            "do not hold what their source states": self.wrong,
            "have another grade than the best there is": self.graded,
            "lack a wanted field that can be had": self.bare,
            "hold a value that nobody could know": self.invented,
            "are there more than once": self.double,
            "were healed and do not say by whom": self.unnamed,
        }
        for words, slots in named.items():
            if slots:
                spans = [_span(start, end) for start, end in runs(slots, self.step)]
                more = f" and {len(spans) - 3} more stretches" if len(spans) > 3 else ""  # noqa: PLR2004 - as many as a line holds
                yield f"{len(slots):,} slots {words}: {', '.join(spans[:3])}{more}."


def compare(rows: Iterable[Stored], expected: Expected) -> Verdict:
    """Compare the store with the truth.

    Args:
        rows: Every row of the series, in any order.
        expected: What it must hold.
    """
    stored: dict[datetime, Stored] = {}
    double: set[datetime] = set()
    for row in rows:
        if row.slot in stored:
            double.add(row.slot)
        stored[row.slot] = row
    due = expected.grades
    here = {s: r for s, r in stored.items() if all(f in r.values for f in expected.required)}
    judged = {slot: row for slot, row in here.items() if slot in due}
    right = {slot for slot, row in judged.items() if _is_true(row, expected.truth)}
    best = {slot for slot, row in judged.items() if row.grade == due[slot]}
    whole = {
        slot
        for slot, row in judged.items()
        if set(expected.restored.get(slot, ())) <= set(row.values)
    }
    named = {slot for slot, row in judged.items() if row.source}
    holes = set(expected.holes)
    return Verdict(
        missing=_sorted(due.keys() - here.keys()),
        wrong=_sorted((judged.keys() - right) & (named | (judged.keys() - holes))),
        graded=_sorted(judged.keys() - best),
        bare=_sorted(judged.keys() - whole),
        invented=_sorted(stored.keys() - due.keys()),
        double=_sorted(double),
        unnamed=_sorted((holes & judged.keys()) - named),
        healed=frozenset(holes & right & best & named),
        step=expected.step,
    )


def _sorted(slots: Iterable[datetime]) -> tuple[datetime, ...]:
    return tuple(sorted(slots))


def _span(start: datetime, end: datetime) -> str:
    is_one_day = start.date() == end.date()
    return f"{start:%Y-%m-%d %H:%MZ}–{end:{'%H:%MZ' if is_one_day else '%Y-%m-%d %H:%MZ'}}"


def _is_true(row: Stored, truth: Truth) -> bool:
    """Tell whether each value is what the source that the row names for it states.

    What the row's own source states must be there, too; what it does not state may be kept
    from another source, or lack.
    """
    own = _stated(row.source, row.slot, truth)
    if any(value is not None and field not in row.values for field, value in own.items()):
        return False
    for field, value in row.values.items():
        stated = _stated(row.kept.get(field, row.source), row.slot, truth).get(field)
        if stated is None or not math.isclose(value, stated, abs_tol=1e-6):
            return False
    return set(row.kept) <= set(row.values)


def _stated(
    source: str | None,
    slot: datetime,
    truth: Truth,
) -> Mapping[str, float | None]:
    """Return what a source states for a slot; of one that is unknown, nothing."""
    name = source or ""
    known = truth.get(name) or truth.get(name.partition("/")[0], {})
    return known.get(slot, {})


def open_problems(
    status: Mapping[str, object],
    unfillable: Mapping[str, Sequence[tuple[str, str]]],
    waiting: Mapping[str, Sequence[tuple[str, str]]],
) -> Iterator[str]:
    """Yield how the account of what stays open differs from what has to, a sentence each.

    Args:
        status: The document of ``status --json``.
        unfillable: Stretches by series that must be called unfillable, and no others.
        waiting: Stretches by series that must be waited for, with an instant, and no others.
    """
    series = status["series"]
    for report in series if isinstance(series, list) else ():
        name = report["series"]
        found: dict[str, list[tuple[str, str]]] = {"unfillable": [], "missing": []}
        for gap in report["gaps"]:
            if gap["state"] == "missing" and not gap["waiting"]:
                yield f"{name} {gap['start']}–{gap['end']} is missing, and nobody is waited for."
                continue
            found.setdefault(gap["state"], []).append((gap["start"], gap["end"]))
        for state, wanted in (("unfillable", unfillable), ("missing", waiting)):
            expected = list(wanted.get(name, ()))
            if found.pop(state) != expected:
                words = "unfillable" if state == "unfillable" else "waited for"
                yield f"{name}: not exactly {_words(expected)} is said to be {words}."
        for state in found:
            yield f"{name} has slots in state {state}."


def _words(stretches: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{start}–{end}" for start, end in stretches) or "nothing"
