"""Incidents: conditions of runs become one message at the opening and one at the closing.

Pure: ``step`` takes the state, the conditions of one run and the clock, and returns the next
state. Messages wait in its outbox, so that a restart or a failing service repeats or loses none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gapfill.domain.incident_key import IncidentKey, IncidentKind

REMIND = timedelta(hours=23, minutes=30)
"""Time from a message to the next reminder: a day, with 30 minutes for cycles that start early."""

DELAY_GRACE = timedelta(hours=2)
"""Grace period after the promised time before a waiting gap raises an incident: one cycle."""

MOST = 100
"""Messages kept for a service that fails; the oldest are dropped first."""


REMINDS: Mapping[IncidentKind, timedelta] = {IncidentKind.SETUP: timedelta(days=6) + REMIND}
"""The time to the next reminder of the kinds for which it is not a day: a week."""

NEEDED: Mapping[IncidentKind, int] = {IncidentKind.NO_DATA: 6}
"""Consecutive runs that must observe a condition before its incident opens, if not one."""


class Tone(StrEnum):
    """Type of a message, in Apprise's words."""

    FAILURE = "failure"
    WARNING = "warning"
    INFO = "info"
    SUCCESS = "success"


@dataclass(frozen=True, slots=True)
class Condition:
    """What one run observed of one possible incident. Without a condition nothing changes.

    Attributes:
        kind: Kind of the incident.
        subject: Series, source, DAG or connection.
        is_there: Whether the problem exists now.
        what: A sentence: what is wrong, or the state after it ended.
        tried: What the run tried, in a sentence.
        opens: Whether it may open an incident; an open incident stays open in both cases.
        until: When it is expected to end by itself.
        healed: Slots of the subject that the run healed.
        slot: First slot of the newest missing run, for the ``explain`` command.
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
        """Return the key of the incident in the state."""
        return str(IncidentKey(self.kind, self.subject))


@dataclass(frozen=True, slots=True)
class Incident:
    """An open incident.

    Attributes:
        opened: When it opened.
        told: When its last message was made.
        what: The latest sentence.
        tried: What the last run tried.
        healed: Slots healed since it opened.
        runs: Consecutive runs that observed it.
    """

    opened: datetime
    told: datetime  # codespell:ignore told
    what: str
    tried: str = ""
    healed: int = 0
    runs: int = 1


@dataclass(frozen=True, slots=True)
class Message:
    """One message to the operator. It contains no secret.

    Attributes:
        title: Its subject, in one line.
        body: One line per subject, the next step, and links.
        tone: Its type.
        taken: Ids of the services that accepted it, while others have not.
        about: For a reminder, keys of its incidents; empty if an earlier release made it.
    """

    title: str
    body: str
    tone: Tone
    taken: tuple[str, ...] = ()
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incidents:
    """The state that is kept between runs.

    Attributes:
        incidents: Open incidents, by key.
        seen: Consecutive runs that observed a condition whose incident is not open yet, by key.
        promised: First expected time of a condition that waits, by key.
        outbox: Messages not sent yet, in order.
    """

    incidents: Mapping[str, Incident] = field(default_factory=dict)
    seen: Mapping[str, int] = field(default_factory=dict)
    promised: Mapping[str, datetime] = field(default_factory=dict)
    outbox: Sequence[Message] = ()


@dataclass(slots=True)
class Changes:
    """Changes of one step, by event: conditions with their incidents."""

    opened: list[tuple[Condition, Incident]] = field(default_factory=list)
    reminded: list[tuple[Condition, Incident]] = field(default_factory=list)
    closed: list[tuple[Condition, Incident]] = field(default_factory=list)


def step(
    state: Incidents, conditions: Iterable[Condition], now: datetime
) -> tuple[Incidents, Changes]:
    """Return the next state, with the same outbox, and the changes to report."""
    incidents, seen = dict(state.incidents), dict(state.seen)
    promised, changes = dict(state.promised), Changes()
    for condition in conditions:
        before = incidents.pop(condition.key, None)
        if not condition.is_there:
            seen.pop(condition.key, None)
            promised.pop(condition.key, None)
            if before:
                last = before.told  # codespell:ignore told
                changes.closed.append((condition, _updated(before, condition, last)))
        elif before:
            last = before.told  # codespell:ignore told
            is_due = now - last >= REMINDS.get(condition.kind, REMIND)
            after = _updated(before, condition, now if is_due else last)
            incidents[condition.key] = after
            if is_due:
                changes.reminded.append((condition, after))
        else:
            seen[condition.key] = seen.get(condition.key, 0) + 1
            if _opens(condition, seen[condition.key], promised, now):
                found = Incident(now, now, condition.what, condition.tried, condition.healed)
                found = replace(found, runs=seen.pop(condition.key))
                incidents[condition.key] = found
                changes.opened.append((condition, found))
    return Incidents(incidents, seen, promised, state.outbox), changes


def drop(
    state: Incidents, watched: Collection[str]
) -> tuple[Incidents, list[tuple[IncidentKey, Incident]]]:
    """Return the state without subjects that are no longer watched, and the incidents removed.

    These incidents are neither over nor open: nothing is known about a subject that is not in the
    catalogue. Each removed incident comes with its key.
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


def _opens(condition: Condition, runs: int, promised: dict[str, datetime], now: datetime) -> bool:
    """Return whether a condition opens its incident; record the time it is expected to wait."""
    if not condition.opens or runs < NEEDED.get(condition.kind, 1):
        return False
    if condition.until is None:
        return True
    return now >= promised.setdefault(condition.key, condition.until) + DELAY_GRACE


def _updated(before: Incident, condition: Condition, last: datetime) -> Incident:
    """Return an incident with its latest condition."""
    return Incident(
        before.opened,
        last,
        condition.what,
        condition.tried or before.tried,
        before.healed + condition.healed,
        before.runs + condition.is_there,
    )


def _is_replaced(old: Message, reminder: Message) -> bool:
    """Return whether an unsent message is an earlier reminder of the same incidents."""
    if old.tone is not Tone.WARNING:
        return False
    return old.about == reminder.about if old.about else old.title == reminder.title


def post(state: Incidents, messages: Iterable[Message]) -> Incidents:
    """Return the state with more messages to send; a new reminder replaces an unsent one."""
    outbox = list(state.outbox)
    for message in messages:
        if message.tone is Tone.WARNING:
            outbox = [old for old in outbox if not _is_replaced(old, message)]
        outbox.append(message)
    return replace(state, outbox=tuple(outbox[-MOST:]))
