"""The frozen catalogue, the clock of these tests, and stand-ins for what Airflow hands over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.catalogs import frozen
from tests.services.conftest import context, sources, time

if TYPE_CHECKING:
    from gapfill.catalog import Catalog
    from gapfill.services.context import RunContext

__all__ = ["context", "sources", "time"]

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@dataclass
class FakeInstance:
    """A task instance: what it pushed, and what others left.

    Attributes:
        pushed: What it pushed, by key.
        left: What other tasks left, by task id and key.
        states: States of the run's tasks.
        dag_id: Of its DAG.
        run_id: Of its run.
        try_number: Which try it is.
        max_tries: Tries after the first at most.
    """

    pushed: dict[str, Any] = field(default_factory=dict)
    left: dict[tuple[str, str], Any] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    dag_id: str = "gap_detection"
    run_id: str = "manual__1"
    try_number: int = 1
    max_tries: int = 1

    def xcom_push(self, key: str, value: object) -> None:
        """Keep what is pushed."""
        self.pushed[key] = value

    def xcom_pull(self, task_ids: str, *, key: str, map_indexes: int | None) -> Any:  # noqa: ANN401 - whatever is JSON
        """Return what a task left."""
        assert map_indexes is None
        return self.left.get((task_ids, key))

    def get_task_states(self, dag_id: str, *, run_ids: list[str]) -> dict[str, Any]:
        """Return the states of the one run."""
        assert dag_id == "gap_detection"
        return {run_ids[0]: self.states}


@pytest.fixture
def known() -> Catalog:
    """Return the frozen catalogue."""
    return frozen()


@pytest.fixture
def ti() -> FakeInstance:
    """Return a task instance that has done nothing yet."""
    return FakeInstance()


@pytest.fixture
def here(context: RunContext, monkeypatch: pytest.MonkeyPatch) -> RunContext:
    """Let tasks find the scripted site instead of this installation's."""
    from gapfill.orchestration import container

    monkeypatch.setattr(container, "make_context", lambda: context)
    return context
