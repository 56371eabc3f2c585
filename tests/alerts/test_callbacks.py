"""Who speaks when a run fails, what is said, and that it never fails anything."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.airflow

DAG = SimpleNamespace(dag_id="gap_detection")
AGAIN = "The next run repeats the requests that can be repeated."
STANDS = f"All values that it wrote remain. {AGAIN}"


@pytest.fixture(autouse=True)
def _imported() -> None:
    """Let Airflow set up its logging before a test's own is."""
    import gapfill.alerts.state  # noqa: F401


def of_task(exception: Exception | None) -> dict[str, Any]:
    """Return the context of the gate's own callback."""
    return {
        "dag": DAG,
        "run_id": "manual__1",
        "ti": SimpleNamespace(task_id="gate"),
        "exception": exception,
    }


def of_run(reason: str, task_id: str | None, said: str | None = "it failed") -> dict[str, Any]:
    """Return the context of the DAG's callback, whose last task may be unknown.

    Args:
        reason: Why the run failed.
        task_id: The task that failed last.
        said: The sentence that it left.
    """

    def pull(_task_id: str, *, key: str, map_indexes: None) -> str | None:
        assert (key, map_indexes) == ("problem", None)
        if said == "lost":
            message = "no supervisor to ask"
            raise RuntimeError(message)
        return said

    known = {"ti": SimpleNamespace(task_id=task_id, xcom_pull=pull)} if task_id else {}
    return {"dag": DAG, "run_id": "manual__1", "reason": reason, **known}


KILLED = (
    "gap_detection, manual__1: its gate was killed before it could report the failure; "
    "read the log "
    f"of summarize. {STANDS}"
)


@pytest.mark.parametrize(
    "context,sentence",
    [
        (
            of_task(RuntimeError("1 unit failed: pvpc: REE timed out.")),
            f"gap_detection, manual__1: 1 unit failed: pvpc: REE timed out. {AGAIN}",
        ),
        (of_task(None), None),
        (of_run("task_failure", "gate"), None),
        (of_run("task_failure", "gate", None), KILLED),
        (of_run("task_failure", "gate", "lost"), KILLED),
        (
            of_run("task_failure", "summarize"),
            (
                "gap_detection, manual__1: task summarize failed or was killed before the gate; "
                f"read its log. {STANDS}"
            ),
        ),
        (
            of_run("timed_out", "gate"),
            (
                "gap_detection, manual__1: Airflow stopped it because it exceeded its time "
                f"limit. {STANDS}"
            ),
        ),
        (
            of_run("all_tasks_deadlocked", None),
            f"gap_detection, manual__1: it ended before its gate (all tasks deadlocked). {STANDS}",
        ),
    ],
)
def test_one_callback_speaks(context: dict[str, Any], sentence: str | None) -> None:
    """The gate where it could say what failed, else the run."""
    from gapfill.alerts.callbacks import sentence_for

    assert sentence_for(context) == sentence


def test_each_alert_is_told_once_with_its_own_words(caplog: pytest.LogCaptureFixture) -> None:
    """A notifier that is used again would send the old ones."""
    from gapfill.alerts.callbacks import alert

    caplog.set_level(logging.ERROR, "gapfill")
    alert(of_task(RuntimeError("first.")))
    alert(of_task(RuntimeError("second.")))
    alert(of_run("task_failure", "gate"))
    assert [record.getMessage() for record in caplog.records] == [
        f"ALERT gap_detection, manual__1: first. {AGAIN}",
        f"ALERT gap_detection, manual__1: second. {AGAIN}",
    ]


def test_an_alert_that_cannot_be_sent_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a sender raises."""
    from gapfill.alerts import callbacks as alerts
    from gapfill.alerts import state

    def refuse(*_: object) -> None:
        message = "no network"
        raise OSError(message)

    monkeypatch.setattr(state, "update_incidents", refuse)
    alerts.alert(of_run("timed_out", "gate"))
    assert "The alert could not be sent" in caplog.text


def test_a_message_is_never_longer_than_senders_take() -> None:
    """Two thousand characters at most."""
    from gapfill.alerts.callbacks import sentence_for

    assert len(sentence_for(of_task(RuntimeError("x" * 5000))) or "") == 2000
