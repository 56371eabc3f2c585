"""A detection of which one read fails, whichever it is: unknown, and never the rest for all."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
import sqlalchemy as sa

from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade, State
from gapfill.errors import StoreError
from gapfill.reporting import documents
from gapfill.services.detection import Report, detect, unread
from gapfill.services.selection import Selection
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.fault_proxy import Fault, FaultProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill.domain.series import Series
    from gapfill.services.context import RunContext
    from gapfill.services.ports import Store

DAY = Interval(datetime(2026, 3, 9, 23, tzinfo=UTC), datetime(2026, 3, 10, 23, tzinfo=UTC))
AHEAD = datetime(2035, 1, 1, tzinfo=UTC)
READS = [
    "ledger_snapshot",
    "missing_by_field_each",
    "lower_grade_each",
    "newest_each",
    "flaws_each",
    "ahead_each",
    "unfinished",
]
OF_THE_ISLANDS = ["of_source_each", "read"]


class Failing:
    """A store that raises where it is asked for the wrong thing.

    Attributes:
        asked: What it was asked for, in order.
        name: Method that fails, ``None`` for none.
    """

    def __init__(self, store: Store) -> None:
        self.asked: list[str] = []
        self.name: str | None = None
        self._store = store

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        found = getattr(self._store, name)

        def ask(*args: object, **kwargs: object) -> object:
            self.asked.append(name)
            if name == self.name:
                message = f"The store gave up at {name}."
                raise StoreError(message)
            return found(*args, **kwargs)

        return ask


def islands(context: RunContext) -> Series:
    """Return PVPC of the Canary Islands, of which early prices are looked for as well."""
    pvpc = context.catalog.series["pvpc"]
    place = replace(pvpc.place, name="tenerife", zone="Atlantic/Canary", stations=())
    tags = {"market": "pvpc", "geo": "8742"}
    return replace(pvpc, place=place, tags=tags, params={"geo_id": "8742"})


def filled(store: Store, series: Series) -> None:
    """Store a day of which twelve hours are final, six provisional, and six missing."""
    for first, count, grade in ((0, 12, Grade.OFFICIAL), (12, 6, Grade.PROVISIONAL)):
        slots = [DAY.start + n * timedelta(hours=1) for n in range(first, first + count)]
        readings = [Reading(slot, {"price_eur_mwh": 9.0}, grade, "ree") for slot in slots]
        store.write(series, readings, "run/a")
    store.write(series, [Reading(AHEAD, {"price_eur_mwh": 9.0}, Grade.OFFICIAL, "ree")], "run/b")


def looked_at(context: RunContext, selection: Selection) -> Report:
    """Return what ``status`` finds of one series."""
    (report,) = detect(context, selection, closely=True)
    return report


def is_unknown(context: RunContext, report: Report) -> bool:
    """Tell whether a report of the day says of all of it that nothing is known."""
    document = documents.plain(documents.status(context.catalog, [report], context.now))
    slots = document["series"][0]["slots"]
    assert (report.newest, report.flaws, report.ahead) == (None, None, None)
    assert report.coverage.coverage is None
    expected = {
        "complete": 0,
        "provisional": 0,
        "missing": 0,
        "pending": 0,
        "unfillable": 0,
        "unknown": 24,
    }
    return bool(document["state"] == "unknown" and slots == expected)


@pytest.mark.parametrize("name", READS)
def test_whichever_read_fails_nothing_is_known(context: RunContext, name: str) -> None:
    """No provisional hour counts as complete, and none as there or missing."""
    series = context.catalog.series["pvpc"]
    filled(context.store, series)
    store = Failing(context.store)
    context = replace(context, store=cast("Store", store))
    selection = Selection((series,), DAY.start, DAY.end)
    well = looked_at(context, selection)
    assert (well.coverage.counts[State.COMPLETE], well.coverage.counts[State.PROVISIONAL]) == (
        12,
        6,
    )
    assert list(dict.fromkeys(store.asked)) == READS
    store.name = name
    report = looked_at(context, selection)
    assert report.error == f"The store gave up at {name}."
    assert is_unknown(context, report)


@pytest.mark.parametrize("name", OF_THE_ISLANDS)
def test_whichever_read_for_another_clock_fails_nothing_is_known(
    context: RunContext, name: str
) -> None:
    """Early prices are no small matter of a warning."""
    series = islands(context)
    filled(context.store, series)
    store = Failing(context.store)
    context = replace(context, store=cast("Store", store))
    context = replace(context, catalog=replace(context.catalog, series={"pvpc": series}))
    selection = Selection((series,), DAY.start, DAY.end)
    assert looked_at(context, selection).error is None
    assert {*store.asked} == {*READS, *OF_THE_ISLANDS}
    store.name = name
    report = looked_at(context, selection)
    assert report.error == f"The store gave up at {name}."
    assert is_unknown(context, report)


class Statements:
    """What SQLite is asked, and which of it fails.

    Attributes:
        begun: Statements so far.
        failing: Number of the one that fails, from 1 on; 0 for none.
    """

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.failing = 0

    def execute(self, _cursor: object, statement: str, *_: object) -> None:
        """Count a statement, before it is executed."""
        self.begun.append(statement)
        if len(self.begun) == self.failing:
            message = "disk I/O error"
            raise sqlite3.OperationalError(message)


@pytest.fixture
def statements() -> Iterator[Statements]:
    """Count the statements of every file, and let none fail yet."""
    made = Statements()
    sa.event.listen(sa.Engine, "do_execute", made.execute)
    yield made
    sa.event.remove(sa.Engine, "do_execute", made.execute)


def test_whichever_statement_of_a_file_fails_nothing_is_known(
    context: RunContext, statements: Statements
) -> None:
    """A read of the port may be several of them."""
    series = context.catalog.series["pvpc"]
    filled(context.store, series)
    selection = Selection((series,), DAY.start, DAY.end)
    for _ in range(2):  # at first it looks at the tables too
        statements.begun.clear()
        assert looked_at(context, selection).error is None
    known = [*statements.begun]
    assert len(known) > len(READS)
    for number, statement in enumerate(known, 1):
        statements.begun.clear()
        statements.failing = number
        report = looked_at(context, selection)
        assert "disk I/O error" in str(report.error), statement
        assert is_unknown(context, report), statement


@pytest.mark.server
def test_whichever_request_to_a_server_fails_nothing_is_known(
    context: RunContext, tmp_path: Path
) -> None:
    """Likewise."""
    series = context.catalog.series["pvpc"]
    backend = InfluxBackend(tmp_path)
    filled(backend.open(), series)
    proxy = FaultProxy(backend.engine.url)
    selection = Selection((series,), DAY.start, DAY.end)

    def look() -> Report:
        access = replace(backend.engine.access(backend.bucket), url=proxy.url)
        store = type(backend.open())(access)
        proxy.paths.clear()
        report = looked_at(replace(context, store=store), selection)
        store.close()
        return report

    well = look()
    assert (well.error, well.coverage.counts[State.PROVISIONAL]) == (None, 6)
    requests = len(proxy.paths)
    assert requests > len(READS) - 2
    for number in range(requests):
        proxy.fault = Fault(401, b'{"code":"unauthorized"}', after=number)
        report = look()
        assert "check the token" in str(report.error), number
        assert is_unknown(context, report), number
    proxy.close()
    backend.close()


def test_a_store_that_cannot_be_read_is_said_once(context: RunContext) -> None:
    """A sentence for each reason, with the series that it is of."""
    pvpc = context.catalog.series["pvpc"]
    empty = detect(context, Selection((pvpc,)))[0]
    reports = [
        replace(empty, series=name, error=error)
        for name, error in (
            ("a", "It is gone."),
            ("b", None),
            ("c", "Locked."),
            ("d", "It is gone."),
        )
    ]
    assert unread(reports) == [
        "a, d could not be read: It is gone.",
        "c could not be read: Locked.",
    ]
