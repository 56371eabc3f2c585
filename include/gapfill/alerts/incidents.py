"""Incidents: what runs saw, turned into one message at the opening and one at the closing.

Pure: ``step`` takes the state, what one run saw and the clock, and returns the next state.
Messages wait in its outbox, so that no restart and no failing sender repeats or forgets one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from gapfill.domain.incident_key import IncidentKey, IncidentKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

REMIND = timedelta(hours=23, minutes=30)
"""Time from a message to the next reminder: a day, less what cycles start early or late."""

PATIENCE = timedelta(hours=2)
"""Grace period after the promised time before a waiting gap raises an incident: one cycle."""

MOST = 100
"""Messages kept for a sender that fails; the oldest go first."""


REMINDS: Mapping[IncidentKind, timedelta] = {IncidentKind.SETUP: timedelta(days=6) + REMIND}
"""The same where it is not a day: a week."""

NEEDED: Mapping[IncidentKind, int] = {IncidentKind.NO_DATA: 6}
"""Number of runs in a row that must see it before it opens, where it is not one."""


class Tone(StrEnum):
    """How a message is meant, in Apprise's words."""

    FAILURE = "failure"
    WARNING = "warning"
    INFO = "info"
    SUCCESS = "success"


@dataclass(frozen=True, slots=True)
class Condition:
    """What one run saw of one possible incident; nothing seen, nothing changes.

    Attributes:
        kind: What is or is not wrong.
        subject: Series, source, DAG or connection.
        is_there: Whether it is wrong now.
        what: A sentence: what is wrong, or how it stands now that it is not.
        tried: What the run tried, in a sentence.
        opens: Whether it is reason enough to open an incident; an open one stays open anyway.
        until: When it is promised to pass by itself.
        healed: Slots of the subject that the run healed.
        slot: The first slot that is missing in the newest run of them, to ask ``explain`` for.
    """

    kind: IncidentKind
    subject: str
    is_there: bool
    what: str = ""
    tried: str = ""
    opens: bool = True
    until: datetime | None = None
    healed: int = 0
    slot: datetime | None = None

    @property
    def key(self) -> str:
        """Return what names the incident in the state."""
        return str(IncidentKey(self.kind, self.subject))


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident that is open.

    Attributes:
        opened: When it was opened.
        told: When the last message about it was made.
        what: The latest sentence.
        tried: What was tried last.
        healed: Slots healed since it was opened.
        runs: Runs in a row that saw it.
    """

    opened: datetime
    told: datetime
    what: str
    tried: str = ""
    healed: int = 0
    runs: int = 1


@dataclass(frozen=True, slots=True)
class Message:
    """One message to the operator, without secrets.

    Attributes:
        title: What it is about, in a line.
        body: A line per subject, what to do, and links.
        tone: How it is meant.
        taken: Ids of the services that have taken it, while others have not.
        about: Keys of the incidents of which it reminds; none in one of an earlier release.
    """

    title: str
    body: str
    tone: Tone
    taken: tuple[str, ...] = ()
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incidents:
    """What is remembered between runs.

    Attributes:
        incidents: Open ones, by key.
        seen: Runs in a row that saw what is not open yet, by key.
        promised: The first instant promised for what waits, by key.
        outbox: Messages not sent yet, in order.
    """

    incidents: Mapping[str, Incident] = field(default_factory=dict)
    seen: Mapping[str, int] = field(default_factory=dict)
    promised: Mapping[str, datetime] = field(default_factory=dict)
    outbox: Sequence[Message] = ()


@dataclass(slots=True)
class Changes:
    """What a step changed, by event: sights with their incidents."""

    opened: list[tuple[Condition, Incident]] = field(default_factory=list)
    reminded: list[tuple[Condition, Incident]] = field(default_factory=list)
    closed: list[tuple[Condition, Incident]] = field(default_factory=list)


def step(state: Incidents, sights: Iterable[Condition], now: datetime) -> tuple[Incidents, Changes]:
    """Return the next state, its outbox unchanged, and what is to be told.

    Args:
        state: So far.
        sights: What one run saw.
        now: The clock.
    """
    incidents, seen = dict(state.incidents), dict(state.seen)
    promised, changes = dict(state.promised), Changes()
    for sight in sights:
        before = incidents.pop(sight.key, None)
        if not sight.is_there:
            seen.pop(sight.key, None)
            promised.pop(sight.key, None)
            if before:
                changes.closed.append((sight, _updated(before, sight, before.told)))
        elif before:
            is_due = now - before.told >= REMINDS.get(sight.kind, REMIND)
            after = _updated(before, sight, now if is_due else before.told)
            incidents[sight.key] = after
            if is_due:
                changes.reminded.append((sight, after))
        else:
            seen[sight.key] = seen.get(sight.key, 0) + 1
            if _opens(sight, seen[sight.key], promised, now):
                found = Incident(now, now, sight.what, sight.tried, sight.healed)
                found = replace(found, runs=seen.pop(sight.key))
                incidents[sight.key] = found
                changes.opened.append((sight, found))
    return Incidents(incidents, seen, promised, state.outbox), changes


def drop(
    state: Incidents, watched: Collection[str]
) -> tuple[Incidents, list[tuple[IncidentKey, Incident]]]:
    """Return the state without what nobody looks at any more, and the incidents that it loses.

    They are neither over nor open: of what is not in the catalogue nothing is known. Each of
    those that were open comes with its key.

    Args:
        state: So far.
        watched: The series and sources of the catalogue.
    """
    keys = {
        text: IncidentKey.parse(text) for text in (*state.incidents, *state.seen, *state.promised)
    }
    unwatched = {text: key for text, key in keys.items() if key and not key.is_watched(watched)}
    lost = [(unwatched[k], v) for k, v in state.incidents.items() if k in unwatched]
    kept = Incidents(
        {k: v for k, v in state.incidents.items() if k not in unwatched},
        {k: v for k, v in state.seen.items() if k not in unwatched},
        {k: v for k, v in state.promised.items() if k not in unwatched},
        state.outbox,
    )
    return kept, lost


def _opens(sight: Condition, runs: int, promised: dict[str, datetime], now: datetime) -> bool:
    """Tell whether what was seen is to be told, noting what it is promised to wait for."""
    if not sight.opens or runs < NEEDED.get(sight.kind, 1):
        return False
    if sight.until is None:
        return True
    return now >= promised.setdefault(sight.key, sight.until) + PATIENCE


def _updated(before: Incident, sight: Condition, told: datetime) -> Incident:
    """Return an incident with what was seen of it last."""
    return Incident(
        before.opened,
        told,
        sight.what,
        sight.tried or before.tried,
        before.healed + sight.healed,
        before.runs + sight.is_there,
    )


def _is_replaced(old: Message, reminder: Message) -> bool:
    """Tell whether an unsent message is an earlier reminder of the same incidents."""
    if old.tone is not Tone.WARNING:
        return False
    return old.about == reminder.about if old.about else old.title == reminder.title


def post(state: Incidents, messages: Iterable[Message]) -> Incidents:
    """Return the state with more messages to be sent; an unsent reminder is replaced by a newer."""
    outbox = list(state.outbox)
    for message in messages:
        if message.tone is Tone.WARNING:
            outbox = [old for old in outbox if not _is_replaced(old, message)]
        outbox.append(message)
    return replace(state, outbox=tuple(outbox[-MOST:]))
