"""Keeps the state of incidents between runs in an Airflow Variable, and sends their messages.

The state is saved before a message is sent, and a message leaves the outbox when it is sent: a
process that is killed in between repeats one message at most, and loses none. Nothing here fails a
run. Gates take turns across all machines, in their pool (``pools``). The callback of a run is not
a task and holds no pool: a lock file separates it from the gates on its machine. Only a callback
on another machine, in the same second, may repeat a message.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from airflow.sdk import Variable
from airflow.sdk.configuration import conf
from filelock import FileLock

from gapfill import settings
from gapfill.alerts.incidents import Condition, Incidents, drop, post, step
from gapfill.alerts.messages import compose, dropped, healed
from gapfill.alerts.notifier import GapfillNotifier, NotSentError
from gapfill.clock import read_clock
from gapfill.domain.incident_key import IncidentKind
from gapfill.errors import ConfigError
from gapfill.reporting.codec import Json, from_json, to_json

VARIABLE = "gapfill_incidents"
"""Airflow Variable with the state as JSON; deleting it forgets every open incident."""

REFUSALS = 2
"""Messages that a service may refuse in one run; after that, the rest waits for the next run."""

LOCK_S = 60
"""Seconds to wait for another run of this machine; sending takes seconds."""

log = logging.getLogger(__name__)


def update_incidents(
    conditions: Sequence[Condition],
    link: str,
    news: Mapping[str, int] | None = None,
    watched: Collection[str] | None = None,
    enriched: int = 0,
) -> None:
    """Update the incident state from a run's observations and send pending messages; never raise.

    Args:
        conditions: The conditions that the run observed.
        link: URL of the run.
        news: Healed slots that are worth a message, by series.
        watched: The series and sources of the catalogue, ``None`` if the catalogue was not read.
        enriched: Slots of the run that only got optional fields.
    """
    try:
        folder = settings.lock_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "incidents.lock", timeout=LOCK_S):
            _update(conditions, link, news or {}, watched, enriched)
    except Exception:  # the one boundary of alerts: an alert never fails a run
        log.exception("The incidents could not be saved or reported; the next run tries again")


def _update(
    conditions: Sequence[Condition],
    link: str,
    news: Mapping[str, int],
    watched: Collection[str] | None,
    enriched: int,
) -> None:
    now = read_clock()
    before = _load()
    kept, lost = drop(before, watched) if watched is not None else (before, [])
    state, changes = step(kept, conditions, now)
    messages = [*dropped(lost, now, link), *compose(changes, now, link)]
    said = {s.subject for s, _ in changes.closed if s.kind in (IncidentKind.GAP, IncidentKind.LATE)}
    rest = {name: slots for name, slots in news.items() if name not in said}
    if rest:  # the message of a closing already counts its healed slots
        messages.append(healed(rest, link, enriched))
    state = post(state, messages)
    if state != before:
        _save(state)
    _deliver(state)


def _deliver(state: Incidents) -> None:
    """Send pending messages, in order, to each service that has not accepted them.

    A service that refuses two messages is down and gets no more in this run. One refusal is not
    enough, so that a message that a service never accepts does not block the others.
    """
    refusals: Counter[str] = Counter()
    for message in state.outbox:
        down = {name for name, times in refusals.items() if times >= REFUSALS}
        notifier = GapfillNotifier(message, down)
        try:
            notifier.notify({})
        except ConfigError as exc:
            log.warning("%r was not sent, the next run tries again: %s", message.title, exc)
            return
        except NotSentError as exc:
            log.warning("%r: %s; the next run tries those again", message.title, exc)
        refusals.update(notifier.refused)
        missing = notifier.refused | notifier.waiting
        left = [replace(message, taken=tuple(sorted(notifier.taken)))] if missing else []
        if left != [message]:
            outbox = [n for m in state.outbox for n in (left if m is message else [m])]
            state = replace(state, outbox=tuple(outbox))
            _save(state)


def _load() -> Incidents:
    """Return the saved state; an empty one if it cannot be understood."""
    text = Variable.get(VARIABLE, default=None)
    if not text:
        return Incidents()
    try:
        return from_json(Incidents, json.loads(text))
    except (ValueError, TypeError):
        log.warning("The Variable %s cannot be understood; starting with an empty state", VARIABLE)
        return Incidents()


def _save(state: Incidents) -> None:
    Variable.set(VARIABLE, json.dumps(to_json(state)))


def seen(document: Mapping[str, Any]) -> list[Condition]:
    """Return the conditions in the summary of a run."""
    return [from_json(Condition, condition) for condition in document["sights"]]


def run_condition(dag_id: str, problem: str | None) -> Condition:
    """Return the condition of a run: failed with a problem, or, without one, succeeded."""
    return Condition(IncidentKind.RUN, dag_id, problem is not None, problem or "")


def to_documents(conditions: Sequence[Condition]) -> list[Json]:
    """Return conditions as plain JSON."""
    return [to_json(condition) for condition in conditions]


def run_link(dag_id: str, run_id: str) -> str:
    """Return the URL of a run in the Airflow UI."""
    base = conf.get("api", "base_url", fallback="") or "http://localhost:8080"
    return f"{base.rstrip('/')}/dags/{quote(dag_id)}/runs/{quote(run_id)}"
