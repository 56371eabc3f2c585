"""Texts of incidents: one message per kind and event, one line per subject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gapfill.alerts.incidents import Changes, Condition, Incident, Message, Tone
from gapfill.domain.formatting import count, total
from gapfill.domain.incident_key import IncidentKey, IncidentKind
from gapfill.domain.interval import iso

LONGEST = 1900
"""Maximum characters of a body: some services cut or refuse longer ones."""

TITLE = 200
"""Maximum characters of a title."""

LINES = 20
"""Subjects named in one message; the rest is counted."""

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
"""Titles of openings and reminders."""

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
    IncidentKind.RUN: "a run succeeded again",
}
"""Titles of closings."""

NEXT_STEP: Mapping[IncidentKind, str] = {
    IncidentKind.STORE: (
        "correct what the sentence names; no gap is known until the store can be read."
    ),
    IncidentKind.CREDENTIALS: "put a valid key into the connection named above.",
    IncidentKind.SOURCE: (
        "nothing, each run asks it again; if the problem lasts, see the source's status page."
    ),
    IncidentKind.QUOTA: (
        "nothing, the next runs ask it again; if the problem lasts, find out what else uses this "
        "key or address, or get more quota."
    ),
    IncidentKind.LATE: "nothing, each run asks again.",
    IncidentKind.GAP: (
        "each run asks again; `python -m gapfill explain {asked}` shows why it is missing."
    ),
    IncidentKind.NO_DATA: "`python -m gapfill explain {asked}` shows what each source answered.",
    IncidentKind.BROKEN: "correct what the sentence names; the other sources are used meanwhile.",
    IncidentKind.SETUP: (
        "set up one of the sources named above; for a source that you do not want, put "
        '"paused": true into the extra of its connection.'
    ),
    IncidentKind.RUN: (
        "read the log of its first failed task, correct the cause and clear the task."
    ),
}
"""The next step; ``{asked}`` is the first subject and a slot, for the ``explain`` command."""

GUIDE = "docs/how_to/alerts.md"
"""The page with details; its headings are the kinds."""


def compose(changes: Changes, now: datetime, link: str) -> list[Message]:
    """Return the messages of a step: openings, reminders, closings."""
    groups = (
        (changes.opened, "", OPENS, Tone.FAILURE, _opened, True),
        (changes.reminded, "still: ", OPENS, Tone.WARNING, _reminded, True),
        (changes.closed, "", CLOSES, Tone.SUCCESS, _closed, False),
    )
    messages: list[Message] = []
    for pairs, prefix, titles, tone, line, has_todo in groups:
        for kind, of_kind in _by_kind(pairs):
            subjects = ", ".join(condition.subject for condition, _ in of_kind)
            body = _capped([line(condition, incident, now) for condition, incident in of_kind])
            end = _end(of_kind[0][0], link) if has_todo else f"Run: {link}"
            title = f"Gapfill: {prefix}{titles[kind]}"
            title += "" if kind is IncidentKind.SETUP else f": {subjects}"
            message = _message(title, body, end, tone)
            if tone is Tone.WARNING:
                message = replace(message, about=tuple(condition.key for condition, _ in of_kind))
            messages.append(message)
    return messages


def dropped(
    lost: Sequence[tuple[IncidentKey, Incident]], now: datetime, link: str
) -> list[Message]:
    """Return the message about incidents of subjects that are no longer in the catalogue."""
    if not lost:
        return []
    lines = [
        f"{subject}: {OPENS[kind]}, open for {lasted(now - incident.opened)} "
        f"(since {iso(incident.opened)}), last: {_about(subject, incident)}"
        for (kind, subject), incident in lost
    ]
    names = ", ".join(dict.fromkeys(key.subject for key, _ in lost))
    end = (
        "What to do: nothing, if you removed it from the catalogue on purpose. Gapfill does not "
        "know whether its slots are missing, and sends no more messages about it.\n"
        f"Run: {link}"
    )
    title = f"Gapfill: not in the catalogue any more: {names}"
    return [_message(title, _capped(lines), end, Tone.INFO)]


def _message(title: str, body: str, end: str, tone: Tone) -> Message:
    """Return a message that no service cuts; its end, with the links, stays complete."""
    return Message(_cut(title, TITLE), f"{_cut(body, LONGEST - len(end))}\n{end}", tone)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def healed(slots: Mapping[str, int], link: str, enriched: int = 0) -> Message:
    """Return the short message of a run with healed slots that are worth a message.

    Args:
        slots: Number of healed slots, by series.
        link: URL of the run.
        enriched: Number of slots that got only optional fields.
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


def _capped(lines: Sequence[str]) -> str:
    more = [f"… and {len(lines) - LINES} more"] if len(lines) > LINES else []
    return "\n".join([*lines[:LINES], *more])


def _end(first: Condition, link: str) -> str:
    asked = f"{first.subject} {iso(first.slot)}" if first.slot else "SERIES SLOT"
    step = NEXT_STEP[first.kind].format(asked=asked)
    return f"What to do: {step} ({GUIDE}#{first.kind})\nRun: {link}"


def _about(subject: str, incident: Incident) -> str:
    """Return the latest sentence without the subject that it begins with."""
    return incident.what.removeprefix(f"{subject} ").removeprefix(f"{subject}, ")


def _subject(condition: Condition) -> str:
    """Return the beginning of a line; a sentence about the set-up already names its series."""
    return "" if condition.kind is IncidentKind.SETUP else f"{condition.subject}: "


def _runs(condition: Condition, incident: Incident) -> str:
    if condition.kind is not IncidentKind.NO_DATA:
        return ""
    return f" {incident.runs} runs in a row asked for it and got no record."


def _opened(condition: Condition, incident: Incident, _now: datetime) -> str:
    return (
        f"{_subject(condition)}{_about(condition.subject, incident)}{_runs(condition, incident)} "
        f"Seen at {iso(incident.opened)}.{_tried(incident)}"
    )


def _reminded(condition: Condition, incident: Incident, now: datetime) -> str:
    since = f"Open for {lasted(now - incident.opened)}, since {iso(incident.opened)}."
    return (
        f"{_subject(condition)}{_about(condition.subject, incident)}{_runs(condition, incident)} "
        f"{since}{_healed(incident)}{_tried(incident)}"
    )


def _closed(condition: Condition, incident: Incident, now: datetime) -> str:
    took = f"over after {lasted(now - incident.opened)} (since {iso(incident.opened)})."
    return " ".join(f"{_subject(condition)}{took} {incident.what}{_healed(incident)}".split())


def _healed(incident: Incident) -> str:
    if not incident.healed:
        return ""
    return f" {total(incident.healed)} meanwhile."


def _tried(incident: Incident) -> str:
    return f" Tried: {incident.tried}" if incident.tried else ""


def lasted(duration: timedelta) -> str:
    """Return a duration for people, in its two largest units."""
    minutes = max(0, round(duration.total_seconds() / 60))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{rest} min"
