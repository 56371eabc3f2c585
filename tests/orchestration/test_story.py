"""What tasks tell in their logs."""

from __future__ import annotations

from gapfill.domain.coverage import nothing
from gapfill.orchestration import story
from gapfill.services.detect import Report


def test_the_log_of_a_survey_has_each_warning() -> None:
    """What ``status`` warns of, the run's log says too."""
    warning = "pvpc: 12 slots lie outside the dates of every source that is set up."
    reports = [Report("pvpc", nothing(), warnings=(warning,)), Report("other", nothing())]
    assert list(story.survey_lines(reports)).count(warning) == 1
