"""Find the hour of each row of archive 70: by order in a whole day, else by its label.

A day of 24 hours has one form of labels, ``00-01`` to ``23-24``. Where the clock changes
there are two: by the **clock** (spring skips 02-03, autumn has it twice) and **running**
(spring ends with 22-23, autumn with 24-25). The source has used the clock in spring and
running labels in autumn, but does not document that. So a label counts only if every form
that fits all labels of the day gives it the same hour.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

Labels = Sequence[int | None]

_LABEL = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_DAY = 24
_CHANGED = 2  # the hour that the clock skips in spring and shows twice in autumn
_SHORT, _LONG = 23, 25
_CLOCK = {
    _SHORT: (0, 1, *range(3, 24)),
    _DAY: tuple(range(24)),
    _LONG: (0, 1, 2, *range(2, 24)),
}
_RUNNING = {hours: tuple(range(hours)) for hours in (_SHORT, _DAY, _LONG)}
_SEEN = {_SHORT: _CLOCK, _DAY: _CLOCK, _LONG: _RUNNING}


def hour_of(label: str) -> int | None:
    """Return the first hour of a label such as ``00-01``, ``None`` for one of another form."""
    match = _LABEL.fullmatch(label.strip())
    if match is None or (int(match[2]) - int(match[1])) % _DAY != 1:
        return None
    return int(match[1])


def positions(labels: Labels, hours: int) -> list[int | None] | None:
    """Return for each row how many hours after midnight it starts.

    Args:
        labels: First hour of each row's label, in order; ``None`` for one of another form.
        hours: How many hours the day has.

    Returns:
        ``None`` for a row with an ambiguous label; ``None`` in place of the list if all
        labels are ambiguous, or are of another day.
    """
    forms = (_CLOCK[hours], _RUNNING[hours])
    if any(_is_whole(labels, form) for form in forms):
        return list(range(hours))
    known = Counter(label for label in labels if label is not None)
    if 2 * known.total() <= len(labels):
        return None
    fitting = [form for form in dict.fromkeys(forms) if _fits(known, form)]
    meanings = [_read(labels, form) for form in fitting]
    if not meanings or any(meaning != meanings[0] for meaning in meanings):
        return None
    if _SEEN[hours][hours] not in fitting and _missing(known, fitting[0]) > 1:
        return None
    return meanings[0]


def _is_whole(labels: Labels, form: Sequence[int]) -> bool:
    """Return whether labels are those of a whole day; a label of an unknown form may be any."""
    return len(labels) == len(form) and all(
        label in {None, hour} for label, hour in zip(labels, form, strict=True)
    )


def _fits(known: Counter[int], form: Sequence[int]) -> bool:
    """Return whether all labels are of a form.

    A label may come twice, because an answer may repeat rows. But 02-03 twice without
    24-25 means the clock's two hours if no other hour is missing.
    """
    if not known.keys() <= set(form):
        return False
    is_clock = len(form) > len(set(form))
    twins = known[_CHANGED] > 1 and _missing(known, _CLOCK[_LONG]) <= 1
    return is_clock or len(form) < _LONG or _DAY in known or not twins


def _missing(known: Counter[int], form: Sequence[int]) -> int:
    return (Counter(form) - known).total()


def _read(labels: Labels, form: Sequence[int]) -> list[int | None]:
    """Return the position of each label in a form; ``None`` if it has more than one."""
    twins = [n for n, label in enumerate(labels) if label == _CHANGED]
    has_twins = form.count(_CHANGED) > 1
    is_in_order = [x for x in labels if x is not None] == sorted(x for x in labels if x is not None)
    places: list[int | None] = []
    for n, label in enumerate(labels):
        if label is None or (has_twins and label == _CHANGED and len(twins) != 2):  # noqa: PLR2004 - two of them
            places.append(None)
        elif has_twins and label == _CHANGED:
            places.append(_CHANGED + twins.index(n) if is_in_order else None)
        else:
            places.append(form.index(label))
    return places
