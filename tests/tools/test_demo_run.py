"""What the demo makes of its runs' own account."""

from __future__ import annotations

import pytest

from tools.demo.run import Run, problems_of

FIRST = {"units_failed": 0, "units_deferred": 1, "ree_records_recovered": 412, "calls": 10}
SECOND = {"units_failed": 0, "units_deferred": 0, "ree_records_recovered": 0, "calls": 5}
GOOD = Run("success", [], SECOND)


def problems(first: Run, second: Run = GOOD) -> list[str]:
    """Return what is wrong with two runs that healed 412 prices by 15 calls."""
    return list(problems_of([first, second], prices=412, calls=15))


def test_green_runs_whose_account_is_true_have_no_problem() -> None:
    """States, slots and calls agree with what the demo counted itself."""
    assert problems(Run("success", [], FIRST)) == []


@pytest.mark.parametrize(
    "run,words",
    [
        (Run("failed", [], FIRST), "A run of gap_detection is failed."),
        (Run("success", [], None), "A run of gap_detection left no summary."),
        (
            Run("success", [], {**FIRST, "units_failed": 1}),
            "A run's summary says units_failed 1, expected was 0.",
        ),
        (
            Run("success", [], {**FIRST, "units_deferred": 0}),
            "A run's summary says units_deferred 0, expected was 1 or more.",
        ),
        (
            Run("success", [], {**FIRST, "ree_records_recovered": 413}),
            "The runs' summaries say ree_records_recovered 413, expected was 412.",
        ),
        (
            Run("success", [], {**FIRST, "calls": 11}),
            "The runs' summaries say calls 16, expected was 15.",
        ),
    ],
)
def test_a_run_whose_account_is_false_is_told(run: Run, words: str) -> None:
    """Each in a sentence."""
    assert problems(run) == [words]


def test_what_is_left_over_by_the_second_run_is_told() -> None:
    """Only the first one may leave something to the next."""
    second = Run("success", [], {**SECOND, "units_deferred": 1})
    assert problems(Run("success", [], FIRST), second) == [
        "A run's summary says units_deferred 1, expected was 0."
    ]
