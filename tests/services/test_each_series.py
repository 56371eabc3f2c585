"""Detection of many series: one that cannot be read, and a store that is away."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from gapfill.domain.series import State
from gapfill.errors import StoreError, StoreUnreachable
from gapfill.services.detection import detect
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    from gapfill.services.context import RunContext
    from gapfill.services.ports import Store

NAMES = ("a", "b", "c")
EACH = ["missing_by_field_each", "lower_grade_each", "newest_each", "flaws_each", "ahead_each"]


class Partly:
    """A store in which one read of one series fails.

    Attributes:
        method: The read.
        error: How it fails.
        whole: Whether the whole read fails.
        calls: The calls of each method.
    """

    def __init__(self, store: Store, method: str, error: StoreError, *, whole: bool) -> None:
        self._store = store
        self.method = method
        self.error = error
        self.whole = whole
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        found = getattr(self._store, name)

        def ask(*args: object, **kwargs: object) -> object:
            self.calls[name] += 1
            if name == self.method and self.whole:
                raise self.error
            answer = found(*args, **kwargs)
            return {**answer, "b": self.error} if name == self.method else answer

        return ask


def three(context: RunContext, method: str, error: StoreError, *, whole: bool) -> RunContext:
    """Return an installation of three empty series, one read of which fails."""
    pvpc = context.catalog.series["pvpc"]
    many = {name: replace(pvpc, name=name, tags={"geo": name}) for name in NAMES}
    store = cast("Store", Partly(context.store, method, error, whole=whole))
    return replace(context, catalog=replace(context.catalog, series=many), store=store)


@pytest.mark.parametrize("method", EACH)
def test_a_series_that_cannot_be_read_is_unknown_alone(context: RunContext, method: str) -> None:
    """Whichever read it is; the others have their states."""
    site = three(context, method, StoreError("Its table is damaged."), whole=False)
    selection = Selection(tuple(site.catalog.series.values()))
    a, b, c = detect(site, selection, closely=True)
    assert (a.error, b.error, c.error) == (None, "Its table is damaged.", None)
    assert b.coverage.counts[State.UNKNOWN] > 0
    assert (b.flaws, b.ahead, b.newest) == (None, None, None)
    assert a.coverage.counts[State.UNKNOWN] == 0
    assert a.coverage.counts == c.coverage.counts


def test_a_plan_leaves_out_the_series_that_cannot_be_read(context: RunContext) -> None:
    """And says so."""
    site = three(context, "missing_by_field_each", StoreError("Damaged."), whole=False)
    order = RunRequest(Selection(tuple(site.catalog.series.values())))
    plan = make_plan(site, order, detect_all(site, order))
    assert {unit.series for unit in plan.units} == {"a", "c"}
    assert [(one.series, one.error) for one in plan.unread] == [("b", "Damaged.")]


@pytest.mark.parametrize("method", ["ledger_snapshot", "missing_by_field_each"])
def test_a_store_that_is_away_is_asked_once(context: RunContext, method: str) -> None:
    """Not once for each series."""
    site = three(context, method, StoreUnreachable("It is away."), whole=True)
    reports = detect(site, Selection(tuple(site.catalog.series.values())))
    assert [report.error for report in reports] == ["It is away."] * 3
    calls = cast("Partly", site.store).calls
    assert calls[method] == 1
    assert sum(calls.values()) == (1 if method == "ledger_snapshot" else 2)
