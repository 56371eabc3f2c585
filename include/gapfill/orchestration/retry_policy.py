"""Which failures are retried, how often and when: one action for each leaf of ``errors``.

| error | action |
|---|---|
| ``ConfigError``, ``RequestError``, ``AuthRejected``, ``MalformedPayload`` | fails at once |
| ``StoreRefused`` | fails at once; the unit's other requests were made |
| ``RateLimited`` | retried after the wait that the source asked for, up to ``LONGEST_S`` |
| ``SpanRefused`` | never gets here: the fill halves the span; fails at once if it does |
| ``SourceUnavailable``, other ``StoreError``, anything else | retried, each wait twice as long |

The number of retries depends on the severity of the unit's gaps: one for minor, three for
moderate, five for critical gaps; one for a task without a unit. ``retries`` of the operator is
the maximum.
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
"""Retries by the unit's severity (design, 8)."""

CEILING = max(RETRIES.values())
"""``retries`` of operators with units: a policy can allow fewer retries, never more."""

PLAIN = 1
"""Retries of a task without a unit."""

LONGEST_S = 600.0
"""No wait is longer than this: five of them fit into ``dagrun_timeout``."""

JITTER = 0.25
"""Waits are longer by up to this share, so that mapped tasks that failed together retry at
different times."""


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
            context: Context of the task, with its unit if it has one.
        """
        what = type(exception).__name__
        if isinstance(exception, _final()):
            return RetryDecision.fail(f"{what}: another try cannot succeed")
        severity = _severity(context)
        allowed = min(RETRIES.get(severity or "", PLAIN), max_tries)
        if try_number > allowed:
            return RetryDecision.fail(f"{what}: tried {try_number} times, no retry is left")
        delay = _delay(exception, try_number, _seed(context, try_number))
        reason = f"{what}: retry {try_number} of {allowed} in {delay:.0f} s"
        return RetryDecision.retry(timedelta(seconds=delay), reason)


def _final() -> tuple[type[Exception], ...]:
    """Return the errors that no retry can solve, only a person or a later cycle's answer."""
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
    """Return the seconds to wait, with a jitter by task instance, at most ``LONGEST_S``."""
    from gapfill.errors import RateLimited  # noqa: PLC0415 - parsing a DAG stays quick

    if isinstance(exception, RateLimited):
        seconds = exception.retry_after
    else:
        seconds = settings.retry_delay_s() * 2.0 ** (try_number - 1)
    share = crc32(seed.encode()) / 2**32
    return min(LONGEST_S, seconds * (1 + JITTER * share))
