"""Alerts: one message for a run that failed, and who says it.

``gate`` has ``alert`` as its failure callback, and so has the DAG. ``gate`` knows what
failed, so it speaks; the DAG's callback speaks only where ``gate`` did not run, as after a
time-out or a killed task. Messages are logged; other senders join here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.sdk import BaseNotifier

if TYPE_CHECKING:
    from airflow.sdk import Context

GATE = "gate"
"""Task id of the gate."""

LONGEST = 2000
"""Characters of a message at most; some senders refuse longer ones."""

log = logging.getLogger(__name__)


class GapfillNotifier(BaseNotifier):
    """Tells the operator of a failed run. Make a new one for each alert: Airflow renders in place."""

    def notify(self, context: Context) -> None:
        """Send the message of this context."""
        log.error("%s", message(context))


def alert(context: Context) -> None:
    """Tell of a failed run, if it is this callback's to tell; never fail the run by it."""
    try:
        if is_to_speak(context):
            GapfillNotifier()(context)
    except Exception:
        # Whatever a sender raises: the run's own result stands.
        log.exception("An alert could not be sent.")


def is_to_speak(context: Context) -> bool:
    """Tell whether the callback of this context is the one that speaks.

    A task's context has the exception, a DAG's has a reason and the task that ended last
    of those that failed: ``gate``, where it ran, which has spoken then.
    """
    if "reason" not in context:
        return True
    return context.get("reason") != "task_failure" or _task(context) != GATE


def message(context: Context) -> str:
    """Return what to tell the operator, without secrets: what failed, and what to do."""
    run, exception = context.get("run_id", "?"), context.get("exception")
    head = f"{_dag(context)}, run {run}:"
    if exception is not None:
        body = f"{exception} The next run tries again by itself what can be tried again."
    else:
        body = f"{_ended(context)} What was written stands, and the next run goes on from there."
    return f"{head} {body}"[:LONGEST]


def _ended(context: Context) -> str:
    """Return how a run ended before its gate, in a sentence."""
    reason, task = context.get("reason"), _task(context)
    if reason == "timed_out":
        return "it took too long and was stopped."
    if task is None:
        return f"it failed ({reason})."
    return f"task {task} failed or was killed; its log says why."


def _dag(context: Context) -> str:
    return context["dag"].dag_id if "dag" in context else "A DAG"


def _task(context: Context) -> str | None:
    instance = context.get("ti") or context.get("task_instance")
    return None if instance is None else str(instance.task_id)
