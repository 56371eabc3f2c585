"""Which failure is tried again, how often and when: one action for each leaf of ``errors``.

| error | action |
|---|---|
| ``ConfigError``, ``RequestError``, ``AuthRejected``, ``MalformedPayload`` | fails at once |
| ``StoreRefused`` | fails at once; the unit's other requests were made |
| ``RateLimited`` | tried again after what the refusal asks, clamped |
| ``SpanRefused`` | never gets here: the fill halves the span; fails at once if it does |
| ``SourceUnavailable``, other ``StoreError``, anything else | tried again, waits double |

How often depends on the severity of the unit's gaps: minor once, moderate three times,
critical five times; a task without a unit once. ``retries`` of the operator is the ceiling.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zlib import crc32

from airflow.sdk import RetryDecision, RetryPolicy

from gapfill import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

RETRIES: Mapping[str, int] = {"minor": 1, "moderate": 3, "critical": 5}
"""Tries after the first, by the unit's severity (design, 8)."""

CEILING = max(RETRIES.values())
"""What operators of units have as ``retries``: a policy can end a task earlier, never later."""

PLAIN = 1
"""Tries after the first of a task without a unit."""

LONGEST_S = 600.0
"""No wait is longer than this: five of them fit into ``dagrun_timeout``."""

JITTER = 0.25
"""Waits differ by up to this part, so that mapped tasks that failed together part again."""


class BySeverity(RetryPolicy):
    """The policy of all tasks of Gapfill's DAGs."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        """Return whether and when a failed task is tried again.

        Args:
            exception: Why it failed.
            try_number: Which try has failed, from 1.
            max_tries: The operator's ``retries``.
            context: The task's, which holds its unit where it has one.
        """
        what = type(exception).__name__
        if isinstance(exception, _final()):
            return RetryDecision.fail(f"{what} does not pass by trying again")
        severity = _severity(context)
        allowed = min(RETRIES.get(severity or "", PLAIN), max_tries)
        if try_number > allowed:
            return RetryDecision.fail(f"{what}: tried {try_number} times, all it may be")
        delay = _delay(exception, try_number, _seed(context, try_number))
        reason = f"{what}: retry {try_number} of {allowed} in {delay:.0f} s"
        return RetryDecision.retry(timedelta(seconds=delay), reason)


def _final() -> tuple[type[Exception], ...]:
    """Return the errors that only a person, or another answer in a later cycle, can mend."""
    from gapfill import errors  # noqa: PLC0415 - parsing a DAG stays quick

    return (
        errors.ConfigError,
        errors.RequestError,
        errors.AuthRejected,
        errors.MalformedPayload,
        errors.SpanRefused,
        errors.StoreRefused,
    )


def _severity(context: Context | None) -> str | None:
    """Return the label of the unit's severity, ``None`` for a task without a unit."""
    arguments = getattr(context["task"], "op_kwargs", None) if context else None
    unit = (arguments or {}).get("unit")
    return str(unit["severity"]) if unit else None


def _seed(context: Context | None, try_number: int) -> str:
    if context is None:
        return str(try_number)
    instance = context["ti"]
    return f"{instance.run_id} {instance.task_id} {instance.map_index} {try_number}"


def _delay(exception: BaseException, try_number: int, seed: str) -> float:
    """Return the seconds to wait, jittered by the task instance, never above the longest."""
    from gapfill.errors import RateLimited  # noqa: PLC0415 - parsing a DAG stays quick

    if isinstance(exception, RateLimited):
        seconds = exception.retry_after
    else:
        seconds = settings.retry_delay_s() * 2.0 ** (try_number - 1)
    share = crc32(seed.encode()) / 2**32
    return min(LONGEST_S, seconds * (1 + JITTER * share))
