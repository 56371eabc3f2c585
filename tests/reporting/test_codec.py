"""What travels between tasks comes back equal, through real JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.candidate import Candidate
from gapfill.domain.coverage import Coverage, Graded
from gapfill.domain.gap import Gap
from gapfill.domain.incident_key import IncidentKey, IncidentKind
from gapfill.domain.interval import Interval
from gapfill.domain.invalid_values import Ahead, Flaw, Flaws
from gapfill.domain.plan import BackfillRequest, Missing, Plan, Unit, Unread
from gapfill.domain.series import Grade, State
from gapfill.domain.severity import Severity
from gapfill.domain.unit_planner import plan_units
from gapfill.errors import ErrorCode
from gapfill.orchestration.run_request import read_request
from gapfill.reporting.codec import from_json, request_from_json, request_to_json, to_json
from gapfill.services.certificate import Certificate, UnitOutcome
from gapfill.services.coverage_warnings import UnusableSource
from gapfill.services.detection import Report
from gapfill.services.failure import Failure
from gapfill.services.summary import RunStatus, Summary
from tests.orchestration.conftest import NOW

if TYPE_CHECKING:
    from gapfill.catalog import Catalog


def planned(known: Catalog) -> Plan:
    """Return a plan with units, slots that wait and slots that cannot be healed."""
    wishes = []
    for name, until in (("pvpc", datetime(2026, 3, 1, tzinfo=UTC)), ("weather_daily", NOW)):
        series = known.series[name]
        candidates = [Candidate(*found) for found in known.products_of(series)]
        start = series.grid.floor(until - timedelta(days=40))
        gap = Interval(start, start + timedelta(days=45))
        wishes.append(BackfillRequest(series, candidates, [Missing(gap, Severity.CRITICAL)]))
    return plan_units(wishes, NOW)


def test_a_plan_comes_back_equal(known: Catalog) -> None:
    """Units, waiting, unhealable, bill; instants with their zone."""
    plan = planned(known)
    assert plan.units
    assert plan.waiting
    back = from_json(Plan, json.loads(json.dumps(to_json(plan))))
    assert back == plan
    lost = replace(plan, unread=(Unread("other", "It is gone."),))
    assert from_json(Plan, json.loads(json.dumps(to_json(lost)))) == lost


def test_a_unit_shows_its_label_and_severity_in_words(known: Catalog) -> None:
    """The retry policy and the UI read them."""
    unit = planned(known).units[0]
    document = json.loads(json.dumps(to_json(unit)))
    assert document["severity"] == "critical"
    assert document["label"] == unit.label
    assert from_json(Unit, document) == unit


def test_a_certificate_comes_back_equal() -> None:
    """Numbers and words."""
    certificate = Certificate(
        "r/u", "pvpc a–b", "pvpc", "ree", 3, 24, 20, "official", UnitOutcome.PARTIAL, 1.5,
        error=ErrorCode.STORE_REFUSED,
    )  # fmt: skip
    document = json.loads(json.dumps(to_json(certificate)))
    assert (document["outcome"], document["error"]) == ("partial", "StoreRefused")
    assert from_json(Certificate, document) == certificate


def test_a_certificate_of_a_build_with_other_errors_can_be_read() -> None:
    """Earlier builds wrote the name of any class, such as of one of the InfluxDB store."""
    certificate = Certificate(
        "r/u", "pvpc a–b", "pvpc", "ree", 3, 24, 0, "", UnitOutcome.FAILED, 1.5
    )
    for name in ("Transient", "ValueError"):
        found = from_json(Certificate, to_json(certificate) | {"error": name})
        assert found == replace(certificate, error=ErrorCode.OTHER)
    refused = replace(certificate, refused=(Interval(NOW, NOW + timedelta(hours=3)),))
    assert from_json(Certificate, json.loads(json.dumps(to_json(refused)))) == refused


def test_an_order_comes_back_equal(known: Catalog) -> None:
    """Its series by name, its range with zone."""
    params = {"start_date": "2026-03-01", "end_date": "2026-03-02", "force": True}
    order = read_request(params, known, NOW)
    assert request_from_json(json.loads(json.dumps(request_to_json(order))), known) == order


INSTANTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - Hypothesis wants it naive and adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - the same
    timezones=st.just(UTC),
)
INTERVALS = st.tuples(INSTANTS, INSTANTS).filter(lambda p: p[0] < p[1]).map(lambda p: Interval(*p))
TEXTS = st.text(max_size=20)
COUNTS = st.integers(0, 100_000)
GAPS = st.builds(
    Gap,
    INTERVALS,
    COUNTS,
    st.sampled_from(Severity),
    st.sampled_from(State),
    st.none() | INSTANTS,
    TEXTS,
    st.none() | INSTANTS,
    st.lists(TEXTS, max_size=2).map(tuple),
    st.lists(TEXTS, max_size=2).map(tuple),
    st.booleans(),
)
COVERAGES = st.builds(
    Coverage,
    st.none() | INTERVALS,
    st.fixed_dictionaries(dict.fromkeys(State, COUNTS)),
    COUNTS,
    st.lists(GAPS, max_size=3).map(tuple),
    st.lists(st.builds(Graded, INTERVALS, st.sampled_from(Grade)), max_size=3).map(tuple),
    st.lists(INTERVALS, max_size=3).map(tuple),
    COUNTS,
    COUNTS,
)
BROKEN = st.builds(UnusableSource, TEXTS, TEXTS, st.lists(INTERVALS, max_size=2).map(tuple))
REPORTS = st.builds(
    Report,
    TEXTS,
    COVERAGES,
    st.none() | INSTANTS,
    st.none() | TEXTS,
    st.lists(TEXTS, max_size=2).map(tuple),
    st.lists(BROKEN, max_size=2).map(tuple),
    st.none()
    | st.builds(Flaws, COUNTS, COUNTS, st.none() | st.builds(Flaw, INSTANTS, TEXTS, TEXTS)),
    st.none() | st.builds(Ahead, COUNTS, INSTANTS),
)
KEYS = st.builds(IncidentKey, st.sampled_from(IncidentKind), TEXTS)
FAILURES = st.builds(Failure, TEXTS, st.none() | KEYS)
SUMMARIES = st.builds(
    Summary,
    st.sampled_from(RunStatus),
    COUNTS,
    COUNTS,
    st.floats(0, 1e6),
    *[COUNTS] * 7,
    st.dictionaries(TEXTS, st.lists(INTERVALS, max_size=3), max_size=3),
    st.lists(FAILURES, max_size=3),
)


@given(REPORTS)
def test_any_report_comes_back_equal(report: Report) -> None:
    """With states as keys, grades and severities in words, instants in UTC."""
    document = json.loads(json.dumps(to_json(report)))
    back = from_json(Report, document)
    assert back == report
    assert all(gap.interval.start.tzinfo is UTC for gap in back.coverage.gaps)
    assert all(type(gap.severity) is Severity for gap in back.coverage.gaps)
    assert all(isinstance(broken, UnusableSource) for broken in back.broken)
    assert (type(back.flaws), type(back.ahead)) == (type(report.flaws), type(report.ahead))
    words = {gap["severity"] for gap in document["coverage"]["gaps"]}
    assert words <= {"minor", "moderate", "critical"}


@given(SUMMARIES)
def test_any_summary_comes_back_equal(summary: Summary) -> None:
    """With the healed intervals by series."""
    assert from_json(Summary, json.loads(json.dumps(to_json(summary)))) == summary
