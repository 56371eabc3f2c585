"""What tasks write to their logs."""

from __future__ import annotations

from gapfill.domain.coverage import Coverage, nothing
from gapfill.domain.gap import Gap
from gapfill.domain.plan import Plan, Unhealable, Waiting
from gapfill.domain.series import State
from gapfill.domain.severity import Severity
from gapfill.reporting import log_lines
from gapfill.services.detection import Report
from tests.domain.samples import at, span

DAY = span("2026-03-01", "2026-03-02")
DOCUMENT = {
    "dry_run": False,
    "status": "completed",
    "ree_records_recovered": 1000,
    "weather_records_recovered": 450,
    "slots_enriched": 16,
    "calls": 12,
    "duration_seconds": 3.2,
    "gaps_resolved": 2,
    "gaps_found": 5,
    "gaps_waiting": 0,
    "gaps_need_setup": 1,
    "gaps_unfillable": 2,
    "units_failed": 0,
    "units_deferred": 0,
    "failures": [],
}


def report(*gaps: Gap, unfillable: int = 0) -> Report:
    """Return what is known of a series with these gaps."""
    counts = dict.fromkeys(State, 0) | {
        State.MISSING: sum(gap.slots for gap in gaps if gap.state is State.MISSING),
        State.UNFILLABLE: unfillable,
    }
    return Report("pvpc", Coverage(DAY, counts, 24, gaps))


def test_the_log_of_a_survey_has_each_warning() -> None:
    """What ``status`` warns of, the run's log says too; each sentence once."""
    warning = "pvpc: 12 slots are outside the dates of every source that is set up."
    reports = [
        Report("pvpc", nothing(), warnings=(warning,)),
        Report("other", nothing(), warnings=(warning,)),
    ]
    assert list(log_lines.report_lines(reports)).count(warning) == 1


def test_a_run_says_one_total() -> None:
    """Slots that were healed, and those that only got optional fields."""
    assert log_lines.sentence(DOCUMENT) == (
        "completed: 1,450 slots healed, 16 enriched; 12 calls in 3 s; 2 of 5 gaps closed; "
        "1 gap in need of a source to be set up; 2 gaps that no source has."
    )


def test_a_gap_says_why_it_is_there() -> None:
    """Each cause has its own words."""
    gaps = (
        Gap(DAY, 24, Severity.CRITICAL, State.MISSING),
        Gap(DAY, 24, Severity.CRITICAL, State.MISSING, needs=("aemet_default", "siar_default")),
        Gap(DAY, 24, Severity.CRITICAL, State.MISSING, waiting=at("2026-03-09")),
        Gap(DAY, 24, Severity.CRITICAL, State.MISSING, waiting=at("2026-03-09"), is_down=True),
        Gap(DAY, 24, Severity.CRITICAL, State.UNFILLABLE),
    )
    head = "pvpc 2026-03-01T00:00Z–2026-03-02T00:00Z (critical, 24 slots, "
    assert [
        line.removeprefix(f"gap: {head}")
        for line in log_lines.report_lines([report(*gaps)])
        if head in line
    ] == [
        "missing)",
        "missing, needs aemet_default or siar_default)",
        "missing, waits until 2026-03-09T00:00Z)",
        "missing, source down, waits until 2026-03-09T00:00Z)",
        "unfillable, no source has it)",
    ]


def test_what_is_not_asked_for_is_listed_by_cause() -> None:
    """A key that is missing is not a source without data."""
    until = at("2026-03-09")
    plan = Plan(
        until,
        (),
        (
            Waiting("pvpc", DAY, 24, until, "ree", "ree has it later"),
            Waiting("pvpc", DAY, 24, until, "ree", "ree is blocked", is_down=True),
        ),
        (
            Unhealable("pvpc", DAY, 24, "esios is not configured", ("esios_default",)),
            Unhealable("pvpc", DAY, 24, "ree cannot be used", is_down=True),
            Unhealable("pvpc", DAY, 24, "ree said so twice"),
        ),
    )
    lines = [line.partition(": pvpc ")[0] for line in log_lines.plan_lines(plan)]
    assert lines[1:] == [
        "waits",
        "source down",
        "needs esios_default",
        "source down",
        "no source has it",
    ]


def test_the_first_line_of_a_run_is_no_all_clear_where_no_source_has_a_slot() -> None:
    """It says what is true of the gaps, and counts the slots."""
    first = next(iter(log_lines.report_lines([report(unfillable=24)])))
    assert first == "No gap that a source could fill: 0 complete, 24 unfillable"


def test_a_run_that_did_its_work_but_for_a_source_says_so() -> None:
    """It is not "could not do its work"."""
    document = DOCUMENT | {"status": "partial", "failures": ["siar_csv cannot be read: x."]}
    assert (
        log_lines.trouble(document)
        == "Not every source could be asked: siar_csv cannot be read: x."
    )
