"""The words of incidents: one message per kind and event, one line per subject."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gapfill.alerts.incidents import Message, Tone
from gapfill.domain.formatting import count, total
from gapfill.domain.incident_key import IncidentKind
from gapfill.domain.interval import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from gapfill.alerts.incidents import Changes, Condition, Incident
    from gapfill.domain.incident_key import IncidentKey

LONGEST = 1900
"""Characters of a body at most: some senders cut or refuse longer ones."""

TITLE = 200
"""Characters of a title at most."""

LINES = 20
"""Subjects named in one message; what is left over is counted."""

OPENS: Mapping[IncidentKind, str] = {
    IncidentKind.STORE: "the store cannot be reached",
    IncidentKind.CREDENTIALS: "credentials are refused",
    IncidentKind.SOURCE: "a source is down",
    IncidentKind.QUOTA: "a source may not be asked",
    IncidentKind.LATE: "a publisher is late",
    IncidentKind.GAP: "a critical gap is open",
    IncidentKind.NO_DATA: "repeated requests returned no data",
    IncidentKind.BROKEN: "a source cannot be used",
    IncidentKind.SETUP: "missing slots need a source to be set up",
    IncidentKind.RUN: "a run failed",
}
"""What a title says at the opening and in reminders."""

CLOSES: Mapping[IncidentKind, str] = {
    IncidentKind.STORE: "the store answers again",
    IncidentKind.CREDENTIALS: "credentials are accepted again",
    IncidentKind.SOURCE: "a source answers again",
    IncidentKind.QUOTA: "a source may be asked again",
    IncidentKind.LATE: "nothing is late any more",
    IncidentKind.GAP: "no critical gap is open any more",
    IncidentKind.NO_DATA: "requests return data again",
    IncidentKind.BROKEN: "a source can be used again",
    IncidentKind.SETUP: "no missing slot needs a source to be set up",
    IncidentKind.RUN: "a run went well again",
}
"""What a title says at the closing."""

NEXT_STEP: Mapping[IncidentKind, str] = {
    IncidentKind.STORE: (
        "mend what the sentence names; nothing is known of any gap until it is read."
    ),
    IncidentKind.CREDENTIALS: "put a valid key into the connection that is named.",
    IncidentKind.SOURCE: "nothing, each run asks it again; if it lasts, see its status page.",
    IncidentKind.QUOTA: (
        "nothing, it is asked again by itself; if it lasts, look at what else uses this key or "
        "address, or get more quota."
    ),
    IncidentKind.LATE: "nothing, each run asks again.",
    IncidentKind.GAP: (
        "each run asks again; `python -m gapfill explain {asked}` says why it is missing."
    ),
    IncidentKind.NO_DATA: "`python -m gapfill explain {asked}` says what each source answered.",
    IncidentKind.BROKEN: "correct what the sentence names; other sources are asked meanwhile.",
    IncidentKind.SETUP: "set up one of those that are named; a source that is not wanted gets "
    '"paused": true in the extra of its connection.',
    IncidentKind.RUN: "read the log of its first red task, mend what it names and clear it.",
}
"""The next step of a person; ``{asked}`` is the first subject and the slot to ask for."""

GUIDE = "docs/how_to/alerts.md"
"""The page that says more; its headings are the kinds."""


def compose(changes: Changes, now: datetime, link: str) -> list[Message]:
    """Return the messages of a step: openings, reminders, closings.

    Args:
        changes: Of the step.
        now: The clock.
        link: URL of the run.
    """
    groups = (
        (changes.opened, "", OPENS, Tone.FAILURE, _opened, True),
        (changes.reminded, "still: ", OPENS, Tone.WARNING, _reminded, True),
        (changes.closed, "", CLOSES, Tone.SUCCESS, _closed, False),
    )
    messages: list[Message] = []
    for pairs, prefix, titles, tone, line, has_todo in groups:
        for kind, of_kind in _by_kind(pairs):
            subjects = ", ".join(sight.subject for sight, _ in of_kind)
            body = _body(of_kind, line, now)
            end = _end(of_kind[0][0], link) if has_todo else f"Run: {link}"
            title = f"Gapfill: {prefix}{titles[kind]}"
            title += "" if kind is IncidentKind.SETUP else f": {subjects}"
            message = _message(title, body, end, tone)
            if tone is Tone.WARNING:
                message = replace(message, about=tuple(sight.key for sight, _ in of_kind))
            messages.append(message)
    return messages


def dropped(
    lost: Sequence[tuple[IncidentKey, Incident]], now: datetime, link: str
) -> list[Message]:
    """Return the message of incidents that nobody looks at any more; none for none.

    Args:
        lost: Key and incident of each.
        now: The clock.
        link: URL of the run.
    """
    if not lost:
        return []
    lines = [
        f"{subject}: {OPENS[kind]}, open for {lasted(now - incident.opened)} "
        f"(since {iso(incident.opened)}), last: {_about(subject, incident)}"
        for (kind, subject), incident in lost[:LINES]
    ]
    if len(lost) > LINES:
        lines.append(f"… and {len(lost) - LINES} more")
    names = ", ".join(dict.fromkeys(key.subject for key, _ in lost))
    end = (
        "What to do: nothing, if it was taken out of the catalogue on purpose. Whether it is "
        f"whole is not known, and nothing more is told of it.\nRun: {link}"
    )
    title = f"Gapfill: not in the catalogue any more: {names}"
    return [_message(title, "\n".join(lines), end, Tone.INFO)]


def _message(title: str, body: str, end: str, tone: Tone) -> Message:
    """Return a message that no sender cuts; its end, with the links, stays whole."""
    return Message(_cut(title, TITLE), f"{_cut(body, LONGEST - len(end))}\n{end}", tone)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def healed(slots: Mapping[str, int], link: str, enriched: int = 0) -> Message:
    """Return the short message of a run that healed something worth telling.

    Args:
        slots: How many it healed, by series.
        link: URL of the run.
        enriched: How many slots only got optional fields.
    """
    lines = [f"{name}: {count(n, 'slot')}" for name, n in list(slots.items())[:LINES]]
    body = "\n".join([*lines, f"Run: {link}"])
    return Message(f"Gapfill: {total(sum(slots.values()), enriched)}", body, Tone.SUCCESS)


def _by_kind(
    pairs: Sequence[tuple[Condition, Incident]],
) -> Iterator[tuple[IncidentKind, list[tuple[Condition, Incident]]]]:
    for kind in IncidentKind:
        of_kind = [pair for pair in pairs if pair[0].kind is kind]
        if of_kind:
            yield kind, of_kind


def _body(
    pairs: Sequence[tuple[Condition, Incident]],
    line: Callable[[Condition, Incident, datetime], str],
    now: datetime,
) -> str:
    lines = [line(sight, incident, now) for sight, incident in pairs[:LINES]]
    if len(pairs) > LINES:
        lines.append(f"… and {len(pairs) - LINES} more")
    return "\n".join(lines)


def _end(first: Condition, link: str) -> str:
    asked = f"{first.subject} {iso(first.slot)}" if first.slot else "SERIES SLOT"
    step = NEXT_STEP[first.kind].format(asked=asked)
    return f"What to do: {step} ({GUIDE}#{first.kind})\nRun: {link}"


def _about(subject: str, incident: Incident) -> str:
    """Return the latest sentence without the subject at its beginning, which stands before it."""
    return incident.what.removeprefix(f"{subject} ").removeprefix(f"{subject}, ")


def _subject(sight: Condition) -> str:
    """Return what a line begins with; the sentence of what is not set up names its series."""
    return "" if sight.kind is IncidentKind.SETUP else f"{sight.subject}: "


def _runs(sight: Condition, incident: Incident) -> str:
    if sight.kind is not IncidentKind.NO_DATA:
        return ""
    return f" {incident.runs} runs in a row asked for it and had no record."


def _opened(sight: Condition, incident: Incident, _now: datetime) -> str:
    return (
        f"{_subject(sight)}{_about(sight.subject, incident)}{_runs(sight, incident)} "
        f"Seen at {iso(incident.opened)}.{_tried(incident)}"
    )


def _reminded(sight: Condition, incident: Incident, now: datetime) -> str:
    since = f"Open for {lasted(now - incident.opened)}, since {iso(incident.opened)}."
    return (
        f"{_subject(sight)}{_about(sight.subject, incident)}{_runs(sight, incident)} "
        f"{since}{_healed(incident)}{_tried(incident)}"
    )


def _closed(sight: Condition, incident: Incident, now: datetime) -> str:
    took = f"over after {lasted(now - incident.opened)} (since {iso(incident.opened)})."
    return " ".join(f"{_subject(sight)}{took} {incident.what}{_healed(incident)}".split())


def _healed(incident: Incident) -> str:
    if not incident.healed:
        return ""
    return f" {total(incident.healed)} meanwhile."


def _tried(incident: Incident) -> str:
    return f" Tried: {incident.tried}" if incident.tried else ""


def lasted(duration: timedelta) -> str:
    """Return a duration for people, in its two greatest units."""
    minutes = max(0, round(duration.total_seconds() / 60))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{rest} min"
