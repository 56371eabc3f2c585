"""One action for each leaf of the errors' tree, as often as the severity allows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gapfill import errors

pytestmark = pytest.mark.airflow

DOWN = errors.SourceUnavailable("ree timed out", source="ree")


def evaluate(exc: Exception, try_number: int, severity: str | None = "critical") -> Any:  # noqa: ANN401 - Airflow's decision
    """Ask the policy about a failed try."""
    from gapfill.orchestration.retry_policy import BySeverity

    kwargs = {"unit": {"severity": severity}} if severity else {}
    instance = SimpleNamespace(run_id="r", task_id="backfill_ree", map_index=3)
    context: Any = {"task": SimpleNamespace(op_kwargs=kwargs), "ti": instance}
    return BySeverity().evaluate(exc, try_number, 5, context)


@pytest.mark.parametrize(
    "severity,retries", [("minor", 1), ("moderate", 3), ("critical", 5), (None, 1)]
)
def test_a_source_that_is_down_is_tried_as_often_as_the_severity_says(
    severity: str | None, retries: int
) -> None:
    """Minor once, moderate three times, critical five times; a task without unit once."""
    actions = [evaluate(DOWN, n, severity).action.value for n in range(1, 7)]
    assert actions == ["retry"] * retries + ["fail"] * (6 - retries)


@pytest.mark.parametrize(
    "exc",
    [
        errors.ConfigError("no key"),
        errors.RequestError("no such series"),
        errors.AuthRejected("403", source="ree"),
        errors.MalformedPayload("HTML", source="ree"),
    ],
)
def test_what_does_not_pass_by_itself_fails_at_once(exc: Exception) -> None:
    """Only a person, or another answer, can mend it."""
    assert evaluate(exc, 1).action.value == "fail"


def test_waits_grow_and_are_clamped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as long each time, jittered by at most a quarter, never above ten minutes."""
    monkeypatch.setenv("GAPFILL_RETRY_DELAY", "30")
    waits = [evaluate(DOWN, n).retry_delay.total_seconds() for n in (1, 2, 3)]
    assert all(30 * 2**n <= wait <= 37.5 * 2**n for n, wait in enumerate(waits))
    monkeypatch.setenv("GAPFILL_RETRY_DELAY", "5000")
    assert evaluate(errors.StoreError("locked"), 1).retry_delay.total_seconds() == 600


def test_a_refusal_waits_as_long_as_it_asks() -> None:
    """Jittered, so that units that were refused together part again; clamped."""
    refused = errors.RateLimited("429", source="ree", retry_after=80)
    assert 80 <= evaluate(refused, 1).retry_delay.total_seconds() <= 100
    refused = errors.RateLimited("429", source="ree", retry_after=86400)
    assert evaluate(refused, 1).retry_delay.total_seconds() == 600


def test_the_operators_retries_are_the_ceiling() -> None:
    """As Airflow has it; a policy can only end a task earlier."""
    from gapfill.orchestration.retry_policy import BySeverity

    task = SimpleNamespace(op_kwargs={"unit": {"severity": "critical"}})
    instance = SimpleNamespace(run_id="r", task_id="backfill_ree", map_index=3)
    context: Any = {"task": task, "ti": instance}
    assert BySeverity().evaluate(DOWN, 2, 2, context).action.value == "retry"
    assert BySeverity().evaluate(DOWN, 3, 2, context).action.value == "fail"


def test_every_leaf_of_the_errors_has_an_action() -> None:
    """A new one must be thought of here."""
    leaves = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type)
        and issubclass(kind, errors.GapfillError)
        and not any(sub.__module__ == errors.__name__ for sub in kind.__subclasses__())
    }
    assert leaves == {
        "ConfigError",
        "RequestError",
        "SourceUnavailable",
        "RateLimited",
        "AuthRejected",
        "MalformedPayload",
        "SpanRefused",
        "StoreRefused",
        "StoreUnreachable",
    }


def test_a_mistyped_delay_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty seconds."""
    monkeypatch.setenv("GAPFILL_RETRY_DELAY", "soon")
    assert 30 <= evaluate(DOWN, 1).retry_delay.total_seconds() <= 37.5
