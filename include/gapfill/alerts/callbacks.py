"""Alerts: one message for a run that failed, and who says it.

``gate`` has ``alert`` as its failure callback, and so has the DAG. The gate's runs in its
worker, with the sentence with which it failed, which it also leaves under ``PROBLEM``. The
DAG's runs in the DAG processor, also where a task was killed and could say nothing; it
speaks where the gate has left no sentence, so that one failure makes one alert. Every alert
is logged. What is sent to people are incidents (``incidents``): the gate tells those of its
run, red or green; the run's callback tells that it failed before its gate.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBLEM = "problem"
"""XCom key of the sentence with which a task refused to go on."""

CAUSE = "cause"
"""XCom key of the name of its error."""

GATE = "gate"
"""Task id of the task that knows what a run came to."""

LONGEST = 2000
"""Characters of a message at most; some senders refuse longer ones."""

log = logging.getLogger(__name__)


def alert(context: Any) -> None:  # noqa: ANN401 - of a task or of a run, which are two types
    """Send an alert for a failed task or run unless another callback already did; never raise.

    Args:
        context: Of Airflow's callback.
    """
    try:
        sentence = sentence_for(context)
        if sentence is not None:
            log.error("ALERT %s", sentence)
            if context.get("reason") is not None:
                _tell(context, sentence)
    except Exception:  # the one boundary of callbacks: an alert never fails a run
        log.exception("The alert could not be sent")


def _tell(context: Mapping[str, Any], sentence: str) -> None:
    """Tell people of a run that ended before its gate could."""
    from gapfill.alerts import state  # noqa: PLC0415 - parsing a DAG stays quick

    dag_id, run_id = _names(context)
    state.update_incidents([state.run_condition(dag_id, sentence)], state.run_link(dag_id, run_id))


def _names(context: Mapping[str, Any]) -> tuple[str, str]:
    """Return the DAG's id and the run's, or what stands for them."""
    instance = context.get("ti") or context.get("task_instance")
    run = getattr(context.get("dag_run"), "run_id", None) or context.get("run_id") or "a run"
    name = getattr(context.get("dag"), "dag_id", None) or getattr(instance, "dag_id", "gapfill")
    return str(name), str(run)


def sentence_for(context: Mapping[str, Any]) -> str | None:
    """Return what is to be said, ``None`` where somebody else says it.

    A task's context carries the exception, except where the task was lost and the DAG
    processor calls for it: then the run's callback comes, too. A run's carries a reason,
    and the task that failed last: the gate, where it ran.
    """
    instance = context.get("ti") or context.get("task_instance")
    task_id = getattr(instance, "task_id", None)
    name, run = _names(context)
    exception, reason = context.get("exception"), context.get("reason")
    if reason == "task_failure" and task_id == GATE and _has_spoken(instance):
        return None
    if reason is None and exception is None:
        return None
    if reason is None:
        said = f"{exception} {_AGAIN}"
    else:
        said = f"{_end_of(str(reason), task_id)} What was written stands. {_AGAIN}"
    return f"{name}, {run}: {said}"[:LONGEST]


_AGAIN = "The next run asks again by itself whatever can be asked again."


def _end_of(reason: str, task_id: str | None) -> str:
    """Return how a run ended that did not reach its gate, in a sentence."""
    if reason == "timed_out":
        return "it took longer than it may and was stopped."
    if task_id is None:
        return f"it ended before its gate ({reason.replace('_', ' ')})."
    if task_id == GATE:
        return "its gate was killed before it could say what failed; the log of summarize says it."
    return f"task {task_id} failed or was killed before the gate; its log says why."


def _has_spoken(instance: Any) -> bool:  # noqa: ANN401 - Airflow's own
    """Tell whether the gate itself had the time to say what failed.

    Where that cannot be read, nobody is taken to have spoken: twice is better than never.
    """
    try:
        return instance.xcom_pull(GATE, key=PROBLEM, map_indexes=None) is not None
    except ImportError:
        return True  # dag.test(): nobody to ask, and one process, of which no task dies alone
    except Exception:  # whatever Airflow raises where it cannot be reached
        log.exception("Whether the gate has spoken cannot be read")
        return False
