"""What travels between tasks comes back equal, through real JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval
from gapfill.domain.plan import Plan, Unit, Wish, plan_units
from gapfill.domain.route import Candidate
from gapfill.domain.severity import Severity
from gapfill.orchestration.params import read_order
from gapfill.orchestration.wire import from_json, order_from_json, order_to_json, to_json
from gapfill.services.fill import Certificate
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
        wishes.append(Wish(series, candidates, [(gap, Severity.CRITICAL)]))
    return plan_units(wishes, NOW)


def test_a_plan_comes_back_equal(known: Catalog) -> None:
    """Units, waiting, unhealable, bill; instants with their zone."""
    plan = planned(known)
    assert plan.units
    assert plan.waiting
    back = from_json(Plan, json.loads(json.dumps(to_json(plan))))
    assert back == plan


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
        "r/u", "pvpc a–b", "pvpc", "ree", 3, 24, 20, "official", "partial", 1.5
    )
    assert from_json(Certificate, json.loads(json.dumps(to_json(certificate)))) == certificate


def test_an_order_comes_back_equal(known: Catalog) -> None:
    """Its series by name, its range with zone."""
    params = {"start_date": "2026-03-01", "end_date": "2026-03-02", "force": True}
    order = read_order(params, known, NOW)
    assert order_from_json(json.loads(json.dumps(order_to_json(order))), known) == order
