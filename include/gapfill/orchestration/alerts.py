"""Who speaks when a run fails, and what they say. Senders other than the log come later.

The gate's callback runs in its worker, with the sentence with which it failed. The DAG's
runs in the DAG processor, also where a task was killed and could say nothing; it speaks
only when the gate did not run, so that one failure makes one alert.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import BaseNotifier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

GATE = "gate"
"""Task that knows what the run came to."""

log = logging.getLogger(__name__)


class GapfillNotifier(BaseNotifier):
    """Tells the operator one sentence.

    Airflow renders a notifier's templates in place, so a used one would send the old
    text again: each alert is a new notifier, and its sentence is no template.

    Attributes:
        sentence: What is said; holds no secret.
    """

    template_fields: Sequence[str] = ()

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence

    def notify(self, context: Context) -> None:
        """Log the sentence as an error, whatever the context."""
        del context
        log.error("ALERT %s", self.sentence)


def alert(context: Mapping[str, Any]) -> None:
    """Speak for a failed task or run, where it is ours to speak; never raise.

    Args:
        context: Of Airflow's callback.
    """
    try:
        sentence = sentence_for(context)
        if sentence is not None:
            GapfillNotifier(sentence).notify(cast("Context", context))
    except Exception:  # the one boundary of callbacks: an alert never fails a run
        log.exception("The alert could not be sent")


def sentence_for(context: Mapping[str, Any]) -> str | None:
    """Return what is to be said, ``None`` where somebody else says it.

    A task's callback carries the exception, a run's only a reason and its last task.
    """
    instance = context.get("ti") or context.get("task_instance")
    task_id = getattr(instance, "task_id", None)
    run = getattr(context.get("dag_run"), "run_id", None) or context.get("run_id") or "a run"
    name = getattr(context.get("dag"), "dag_id", None) or getattr(instance, "dag_id", "gapfill")
    exception = context.get("exception")
    if exception is not None:
        return f"{name}, {run}: {exception}"
    if task_id == GATE:
        return None
    where = f" (last task {task_id})" if task_id else ""
    reason = str(context.get("reason") or "it failed").replace("_", " ")
    return (
        f"{name}, {run}: the run ended before its gate could say why: {reason}{where}. "
        "Open the first red task's log; what was written stands, the next run goes on."
    )
