"""The status of the sources: read once per phase, and new in the next one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from gapfill.alerts.conditions import evaluate_conditions, worth_telling
from gapfill.domain.interval import Interval
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.plan import Unread
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade, State
from gapfill.errors import RateLimited, StoreError
from gapfill.services import source_status
from gapfill.services.context import RunContext
from gapfill.services.detection import detect
from gapfill.services.heal import heal
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.ports import Block, LedgerQuery, LedgerSnapshot
from gapfill.services.selection import Selection
from gapfill.sources.model import Answer
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import frozen
from tests.services.conftest import NOW, FakeTime, Scripted
from tests.services.test_heal import Nobody

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gapfill.services.ports import Store
    from gapfill.sources.model import Ask

HOUR = timedelta(hours=1)
SINCE = datetime(2026, 3, 17, tzinfo=UTC)
NAMES = ("weather_a", "weather_b", "weather_c")


def measured(ask: Ask) -> Answer:
    """Answer every slot asked for with all that the product gives."""
    given = (*ask.series.required, *ask.product.gives)
    values = {field.name: 20.0 for field in ask.series.fields if field.name in given}
    slots = ask.series.grid.slots(ask.interval)
    readings = (Reading(slot, values, ask.product.grade, ask.origin) for slot in slots)
    return Answer(tuple(readings), evidence="HTTP 200")


class Counting:
    """A store that counts the calls of its methods, and cannot read the ledgers of some series."""

    def __init__(self, store: SqliteStore, unreadable: str = "") -> None:
        self.store = store
        self.unreadable = unreadable
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        """Return a method of the store, and count it as called."""
        self.calls[name] += 1
        return getattr(self.store, name)

    def ledger_snapshot(self, inquiry: LedgerQuery) -> LedgerSnapshot:
        """Fail where a series is asked for whose ledger is damaged."""
        self.calls["ledger_snapshot"] += 1
        if self.unreadable in {series.name for series in inquiry.series}:
            message = f"the ledger of {self.unreadable} is damaged"
            raise StoreError(message)
        return self.store.ledger_snapshot(inquiry)


def weather_site(path: Path, unreadable: str = "") -> tuple[RunContext, Counting]:
    """Return a site of three series of hourly weather without 2026-03-18T10:00Z."""
    known, time = frozen(), FakeTime()
    one = replace(known.series["weather_hourly"], earliest=SINCE)
    series = {name: replace(one, name=name, tags={"place": name}) for name in NAMES}
    known = replace(known, series=series)
    store = Counting(SqliteStore(path / "store.db"), unreadable)
    values = {field.name: 20.0 for field in one.fields}
    slots = [SINCE + n * HOUR for n in range(85) if n != 34]
    for each in series.values():
        readings = [Reading(slot, values, Grade.OFFICIAL, "siar/J17") for slot in slots]
        store.store.write(each, readings, "seed")
    sources = Scripted(keyed={"aemet", "siar", "openweathermap"})
    context = RunContext(known, cast("Store", store), sources, NOW, time.sleep, time.monotonic)
    return context, store


def whole_order(context: RunContext) -> RunRequest:
    """Return the order for everything."""
    return RunRequest(Selection(tuple(context.catalog.series.values())))


def blocked(path: Path) -> None:
    """Block SIAR for three hours, as another process does."""
    store = SqliteStore(path / "store.db")
    store.block(Block("siar", NOW + 3 * HOUR, "HTTP 429"))
    store.close()


def unreached(path: Path) -> None:
    """Note that SIAR could not be reached for the missing hour, as another process does."""
    store = SqliteStore(path / "store.db")
    hole = Interval(SINCE + 34 * HOUR, SINCE + 35 * HOUR)
    said = LedgerEntry("weather_b", "siar.hourly", "J17", hole, Outcome.UNREACHED, NOW, "timed out")
    store.append_ledger([replace(said, series=name) for name in NAMES])
    store.close()


def test_each_phase_reads_the_status_of_all_series_once(tmp_path: Path) -> None:
    """Detection, plan, what a run saw, and what of it is news: one read each."""
    context, store = weather_site(tmp_path)
    order = whole_order(context)
    reports = detect_all(context, order)
    assert store.calls == {
        "ledger_snapshot": 1,
        "missing_by_field_each": 1,
        "lower_grade_each": 1,
    }
    store.calls.clear()
    assert len(make_plan(context, order, reports).units) == 3
    assert store.calls == {"ledger_snapshot": 1, "missing_optional_each": 1}
    healed = {report.series: [report.coverage.gaps[0].interval] for report in reports}
    store.calls.clear()
    evaluate_conditions(context, reports, reports, [], healed)
    assert store.calls == {"ledger_snapshot": 1, "load_limits": 1}
    store.calls.clear()
    worth_telling(context, reports, healed)
    assert store.calls == {"ledger_snapshot": 1}


def test_a_close_look_shares_the_status_of_its_detection(tmp_path: Path) -> None:
    """The last expected slot follows from what was read already."""
    context, store = weather_site(tmp_path)
    reports = detect(context, whole_order(context).selection, closely=True)
    assert [report.ahead for report in reports] == [None, None, None]
    names = ("missing_by_field", "lower_grade", "flaws", "ahead")
    each = {f"{name}_each": 1 for name in names}
    assert store.calls == {"ledger_snapshot": 1, "unfinished": 1, **each}


@pytest.mark.parametrize("happens", [blocked, unreached])
def test_a_plan_knows_what_another_process_noted_since_the_detection(
    tmp_path: Path, happens: Callable[[Path], None]
) -> None:
    """A block, and a line of the ledger: another source is asked."""
    context, _ = weather_site(tmp_path)
    order = whole_order(context)
    reports = detect_all(context, order)
    assert [u.source for u in make_plan(context, order, reports).units] == ["siar"] * 3
    happens(tmp_path)
    assert [u.source for u in make_plan(context, order, reports).units] == ["openweathermap"] * 3


def test_the_next_round_knows_what_the_fills_of_this_one_noted(tmp_path: Path) -> None:
    """SIAR refuses for an hour: the second round asks another source for all three series."""
    context, _ = weather_site(tmp_path)

    def refuse(ask: Ask) -> Answer:
        raise RateLimited("SIAR has used all its day", retry_after=3600, source=ask.product.source)

    sources = cast("Scripted", context.sources)
    sources.answers["siar"] = [refuse]
    sources.otherwise = measured
    healed = heal(context, whole_order(context), "run", Nobody())
    assert [ask.product.source for ask in sources.asked] == ["siar", *["openweathermap"] * 3]
    assert not any(report.is_missing for report in healed.after)


def test_a_ledger_that_cannot_be_read_leaves_the_other_series_known(tmp_path: Path) -> None:
    """Reading them together fails as a whole, so each is read alone."""
    context, store = weather_site(tmp_path, unreadable="weather_b")
    reports = detect_all(context, whole_order(context))
    assert [report.error for report in reports] == [
        None,
        "the ledger of weather_b is damaged",
        None,
    ]
    assert [report.coverage.counts[State.UNKNOWN] for report in reports] == [0, 85, 0]
    assert store.calls["ledger_snapshot"] == 4
    plan = make_plan(context, whole_order(context), reports)
    assert plan.unread == (Unread("weather_b", "the ledger of weather_b is damaged"),)
    assert sorted({unit.series for unit in plan.units}) == ["weather_a", "weather_c"]


def test_very_many_series_are_read_in_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that no more than those of a group are in memory; each has its own ledger."""
    context, store = weather_site(tmp_path)
    unreached(tmp_path)
    monkeypatch.setattr(source_status, "TOGETHER", 2)
    status = context.status(list(context.catalog.series.values()))
    assert store.calls["ledger_snapshot"] == 2
    hole = Interval(SINCE + 34 * HOUR, SINCE + 35 * HOUR)
    for series in context.catalog.series.values():
        found = {c.product.key: c.recent for c in status.candidates(series)}
        assert found["siar.hourly"] == (hole,)
        assert found["aemet.observations"] == ()


def test_a_plan_of_no_reports_asks_nothing_of_the_store(tmp_path: Path) -> None:
    """The page plans those series that could be read, which may be none."""
    context, store = weather_site(tmp_path)
    assert make_plan(context, whole_order(context), []).units == ()
    assert store.calls == {}
