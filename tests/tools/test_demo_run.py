"""What the demo makes of a run's own account."""

from __future__ import annotations

import pytest

from tools.demo_run import Run

SUMMARY = {"status": "completed", "ree_records_recovered": 412, "calls": 10}


def test_a_green_run_whose_account_is_true_has_no_problem() -> None:
    """State, slots and calls agree with what the demo counted itself."""
    assert list(Run("success", [], SUMMARY).problems(healed=412, calls=10)) == []


@pytest.mark.parametrize(
    "run,words",
    [
        (Run("failed", [], SUMMARY), "The run of gap_detection is failed."),
        (Run("success", [], None), "The run of gap_detection left no summary."),
        (
            Run("success", [], {**SUMMARY, "status": "partial"}),
            "The run's summary says status partial, expected was completed.",
        ),
        (
            Run("success", [], {**SUMMARY, "ree_records_recovered": 413}),
            "The run's summary says ree_records_recovered 413, expected was 412.",
        ),
        (
            Run("success", [], {**SUMMARY, "calls": 11}),
            "The run's summary says calls 11, expected was 10.",
        ),
    ],
)
def test_a_run_whose_account_is_false_is_told(run: Run, words: str) -> None:
    """Each in a sentence."""
    assert list(run.problems(healed=412, calls=10)) == [words]
