"""The failure callback of ``gate`` and of the DAG: one alert for a failed run.

The callback of ``gate`` runs in the worker. Its sentence is that of the error with which the gate
failed; the gate also stores it under the XCom key ``PROBLEM``. The callback of the DAG runs in the
DAG processor, also if a task was killed before it could report anything. It sends an alert only if
the gate stored no sentence, so that one failure makes one alert. Every alert is logged. People get
messages about incidents (``incidents``): the gate reports those of its run, failed or not; the
callback of the DAG reports that a run failed before its gate.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

PROBLEM = "problem"
"""XCom key of the sentence with which a task failed."""

CAUSE = "cause"
"""XCom key of the code of that error."""

GATE = "gate"
"""Id of the task that decides whether a run failed."""

LONGEST = 2000
"""Characters of a message at most; some senders refuse longer ones."""

log = logging.getLogger(__name__)


def alert(context: Any) -> None:  # noqa: ANN401 - of a task or of a run, which are two types
    """Send an alert for a failed task or run unless another callback already did; never raise."""
    try:
        sentence = sentence_for(context)
        if sentence is not None:
            log.error("ALERT %s", sentence)
            if context.get("reason") is not None:
                _report(context, sentence)
    except Exception:  # the one boundary of callbacks: an alert never fails a run
        log.exception("The alert could not be sent")


def _report(context: Mapping[str, Any], sentence: str) -> None:
    """Report a run that ended before its gate could."""
    from gapfill.alerts import state  # noqa: PLC0415 - parsing a DAG stays quick

    dag_id, run_id = _names(context)
    state.update_incidents([state.run_condition(dag_id, sentence)], state.run_link(dag_id, run_id))


def _names(context: Mapping[str, Any]) -> tuple[str, str]:
    """Return the ids of the DAG and of the run, or a general name if one is unknown."""
    instance = context.get("ti") or context.get("task_instance")
    run = getattr(context.get("dag_run"), "run_id", None) or context.get("run_id") or "a run"
    name = getattr(context.get("dag"), "dag_id", None) or getattr(instance, "dag_id", "gapfill")
    return str(name), str(run)


def sentence_for(context: Mapping[str, Any]) -> str | None:
    """Return the sentence of the alert, ``None`` if another callback sends it.

    The context of a task has the exception. If the task was lost, the DAG processor calls without
    one, and the callback of the DAG follows. The context of a run has a reason and the task that
    failed last: the gate, if it ran.
    """
    instance = context.get("ti") or context.get("task_instance")
    task_id = getattr(instance, "task_id", None)
    name, run = _names(context)
    exception, reason = context.get("exception"), context.get("reason")
    if reason == "task_failure" and task_id == GATE and _has_reported(instance):
        return None
    if reason is None and exception is None:
        return None
    if reason is None:
        said = f"{exception} {_AGAIN}"
    else:
        said = f"{_end_of(str(reason), task_id)} All values that it wrote remain. {_AGAIN}"
    return f"{name}, {run}: {said}"[:LONGEST]


_AGAIN = "The next run repeats the requests that can be repeated."


def _end_of(reason: str, task_id: str | None) -> str:
    """Return a sentence about the end of a run that did not complete its gate."""
    if reason == "timed_out":
        return "Airflow stopped it because it exceeded its time limit."
    if task_id is None:
        return f"it ended before its gate ({reason.replace('_', ' ')})."
    if task_id == GATE:
        return "its gate was killed before it could report the failure; read the log of summarize."
    return f"task {task_id} failed or was killed before the gate; read its log."


def _has_reported(instance: Any) -> bool:  # noqa: ANN401 - Airflow's own
    """Return whether the gate itself reported the failure.

    ``False`` if that cannot be read: two alerts are better than none.
    """
    try:
        return instance.xcom_pull(GATE, key=PROBLEM, map_indexes=None) is not None
    except ImportError:
        return True  # dag.test(): one process without an API server; no task dies alone
    except Exception:  # any error of an Airflow that cannot be reached
        log.exception("Cannot read whether the gate reported the failure; sending the alert")
        return False
