"""The cluster's judge finds what is wrong, and nothing where all is well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tools.airflow_api import Task
from tools.cluster.check import Point, Story, find_healed, most_in_a_minute, store_problems

WORKERS = ("worker-1", "worker-2")
FIRST = datetime(2025, 6, 1, tzinfo=UTC)
SLOTS = [FIRST + timedelta(hours=n) for n in range(3)]
TRUTH = dict(zip(SLOTS, (100.0, 110.0, 120.0), strict=True))
HIDDEN = {SLOTS[1]}
LATER = FIRST + timedelta(hours=3)


def tried(index: int, number: int, host: str, state: str) -> Task:
    """Return a try of a unit."""
    return Task("backfill_ree", index, "", state, number, 1.0, host)


ALONE = [
    tried(0, 1, "worker-1", "failed"),
    tried(0, 2, "worker-1", "success"),
    tried(1, 1, "worker-2", "success"),
]
"""Both workers did something, but the lost unit stayed where it was."""


IN_VAIN = [
    tried(0, 1, "worker-1", "failed"),
    tried(0, 2, "worker-2", "failed"),
    tried(0, 3, "worker-1", "success"),
]
"""The worker that took over never came to an end."""


def good_story() -> Story:
    """Return what happens where all is well."""
    return Story(
        runs=["failed", "success"],
        tries=[
            [
                tried(0, 1, "worker-1", "failed"),
                tried(0, 2, "worker-2", "success"),
                tried(1, 1, "worker-1", "success"),
            ],
            [],
        ],
        lost=[("backfill_ree", 0, 1)],
        victim="worker-1",
        was_down=True,
        calls={"ree": [n * 6.06 for n in range(30)], "esios": []},
    )


def test_a_good_story_has_no_problem() -> None:
    """The first run may be red: what counts is what stands after the next cycle."""
    assert list(good_story().problems(WORKERS)) == []


@pytest.mark.parametrize(
    "change, said",
    [
        ({"lost": []}, "No worker was killed in mid-unit"),
        ({"tries": [ALONE]}, "No other worker took over the unit that worker-1 has left"),
        ({"was_down": False}, "The database was not stopped"),
        ({"runs": ["success", "failed"]}, "The last run is failed"),
        ({"runs": []}, "The last run is missing"),
        ({"calls": {"ree": [0.0] * 11}}, "ree was called 11 times in a minute; 10 is all"),
        ({"calls": {"esios": [n * 7.0 for n in range(9)]}}, "esios was called 9 times"),
        ({"left": [17]}, "Processes would not end: [17]"),
        ({"tries": [IN_VAIN]}, "Not all workers carried out units: worker-2 did none"),
    ],
)
def test_each_thing_that_went_wrong_is_said(change: dict[str, object], said: str) -> None:
    """One sentence for one problem."""
    story = good_story()
    for name, value in change.items():
        setattr(story, name, value)
    problems = list(story.problems(WORKERS))
    assert len(problems) == 1
    assert said in problems[0]


@pytest.mark.parametrize(
    "instants, most",
    [([], 0), ([5.0], 1), ([0.0, 60.0], 1), ([0.0, 59.9], 2), ([70.0, 0.0, 30.0, 65.0], 3)],
)
def test_a_minute_slides(instants: list[float], most: int) -> None:
    """Any sixty seconds count, not those of the clock, and their end is the next minute's."""
    assert most_in_a_minute(instants) == most


def test_only_the_try_of_the_killed_worker_is_lost() -> None:
    """A later try of the same unit is not, nor one of the next run."""
    story = good_story()
    lost = [task for task in story.tries[0] if story.is_lost(0, task)]
    assert [(task.index, task.tries) for task in lost] == [(0, 1)]
    assert not story.is_lost(1, story.tries[0][0])


def point(number: int, source: str | None = None, price: float | None = None) -> Point:
    """Return a true point, or one with another price."""
    value = TRUTH[SLOTS[number]] if price is None else price
    return Point(SLOTS[number], value, value / 1000, source)


def test_a_healed_store_has_no_problem() -> None:
    """What others wrote has no source, what was healed has one."""
    points = [point(0), point(1, "ree"), point(2)]
    assert list(store_problems(points, TRUTH, HIDDEN)) == []
    assert find_healed(points, TRUTH, HIDDEN) == HIDDEN


@pytest.mark.parametrize(
    "points, said",
    [
        ([point(0), point(2)], "are missing"),
        ([point(0), point(1, "ree"), point(1, "ree"), point(2)], "are there more than once"),
        ([point(0), point(1, "ree", 99.0), point(2)], "do not hold the true price"),
        ([point(0, "ree"), point(1, "ree"), point(2)], "of others were written over"),
        ([point(0), point(1), point(2)], "were healed and do not say by whom"),
        (
            [point(0), point(1, "ree"), point(2), Point(LATER, 1.0, 0.001, "ree")],
            "hold a price that nobody could know",
        ),
        ([point(0), point(1, "ree"), Point(SLOTS[2], 120.0, 0.9, None)], "not hold the true"),
        ([point(0), point(1, "ree"), Point(SLOTS[2], None, 0.12, None)], "not hold the true"),
    ],
)
def test_each_fault_of_the_store_is_said(points: list[Point], said: str) -> None:
    """One sentence for one fault, with the number of slots."""
    (problem,) = store_problems(points, TRUTH, HIDDEN)
    assert problem.startswith("1 slots ")
    assert said in problem
