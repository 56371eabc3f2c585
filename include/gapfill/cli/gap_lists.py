"""What is missing, in lists by cause: to ask now, source down, needs set-up, waiting, no source."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from gapfill.cli.layout import COLOURS, capped, sentence
from gapfill.domain.cause import Cause
from gapfill.domain.formatting import count, needed, short, span, without
from gapfill.domain.gap import Gap
from gapfill.domain.plan import Plan, Unhealable, Waiting
from gapfill.domain.series import Series, State
from gapfill.services.detection import Report

if TYPE_CHECKING:
    from rich.console import Console

_WORST_STATE = (State.UNKNOWN, State.MISSING, State.UNFILLABLE)

_GAPS: Mapping[Cause, str] = {
    Cause.ASKABLE: "a source can be asked now",
    Cause.DOWN: "source down",
    Cause.WAITING: "waiting for a source",
    Cause.NONE: "no source has it",
    Cause.UNREAD: "not readable",
}
_LEFT: Mapping[Cause, str] = {
    Cause.DOWN: "Source down",
    Cause.WAITING: "Waiting",
    Cause.NONE: "No source has it",
}

STEP = 80
"""A command at the end of a reason is shorter."""

DASH = " – "
"""Between the bounds of a gap: in a list there is room for spaces."""


def worst_first(gaps: Sequence[Gap]) -> list[Gap]:
    """Return gaps by state, severity, length and newness."""
    newest = sorted(gaps, key=lambda g: g.interval.start, reverse=True)
    return sorted(
        newest, key=lambda g: (_WORST_STATE.index(g.state), -g.severity, -g.interval.duration)
    )


def show_gaps(out: Console, series: Series, report: Report) -> None:
    """Print the gaps of a series, a list for each cause, worst first."""
    for cause in Cause:
        of_cause = [gap for gap in report.coverage.gaps if gap.cause is cause]
        for needs in dict.fromkeys(gap.needs if cause is Cause.SETUP else () for gap in of_cause):
            gaps = [gap for gap in of_cause if cause is not Cause.SETUP or gap.needs == needs]
            _show_group(out, series, report, gaps, needs)


def _show_group(
    out: Console, series: Series, report: Report, gaps: Sequence[Gap], needs: Sequence[str]
) -> None:
    what = _GAPS.get(gaps[0].cause) or needed(needs)
    out.print(f"\n{series.name}, {count(len(gaps), 'gap')}, {what}:", soft_wrap=True)
    if report.error:
        sentence(out, report.error)

    def show(gap: Gap) -> None:
        parts = [count(gap.slots, "slot"), gap.severity.label, gap.state.value]
        partial = without(gap.fields, series.required)
        parts += [partial] if partial else []
        line = f"  {span(gap.interval, DASH)}  {', '.join(parts)}"
        out.print(Text(line, COLOURS[gap.severity]), soft_wrap=True)
        why = _why(gap)
        if why:
            sentence(out, why)

    capped(out, worst_first(gaps), show)


def _why(gap: Gap) -> str:
    """Return why a gap is there, beside what the heading of its list says."""
    if gap.waiting:
        return f"waits until {short(gap.waiting)}: {brief(gap.reason)}"
    return brief(gap.reason)


def show_left(out: Console, plan: Plan) -> None:
    """Print what is not asked for and why, a list for each cause."""
    left: list[Waiting | Unhealable] = [*plan.waiting, *plan.unhealable]
    for cause in Cause:
        of_cause = [item for item in left if item.cause is cause]
        for needs in dict.fromkeys(_needs(item) for item in of_cause):
            head = _LEFT.get(cause) or f"N{needed(needs)[1:]}"
            out.print(f"\n{head}:", soft_wrap=True)
            capped(out, [i for i in of_cause if _needs(i) == needs], lambda i: _show_left(out, i))


def _needs(item: Waiting | Unhealable) -> tuple[str, ...]:
    return item.needs if isinstance(item, Unhealable) and item.cause is Cause.SETUP else ()


def _show_left(out: Console, item: Waiting | Unhealable) -> None:
    line = f"  {item.series} {span(item.interval, DASH)}, {count(item.slots, 'slot')}"
    out.print(line, soft_wrap=True)
    until = f"until {short(item.until)}: " if isinstance(item, Waiting) else ""
    sentence(out, f"{until}{brief(item.reason)}")


def brief(reason: str) -> str:
    """Return the first of many assessments; ``explain`` prints all of them.

    A next step behind a reason, such as ``gapfill retype pvpc``, is never cut.
    """
    head, mark, step = reason.rpartition(": gapfill ")
    if mark and len(step) < STEP:
        return f"{textwrap.shorten(head, 160, placeholder=' …')}{mark}{step}"
    return textwrap.shorten(reason, 160, placeholder=" … (explain says it all)")
