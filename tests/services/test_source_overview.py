"""What is known of each source, from the set-up and the requests of the last day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.services.context import RunContext
from gapfill.services.ports import Block
from gapfill.services.source_overview import SourceState, look_at_sources
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import frozen
from tests.services.conftest import NOW, FakeTime, Scripted

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill.services.source_overview import SourceOverview

HOUR = timedelta(hours=1)
SLOTS = Interval(datetime(2026, 3, 18, tzinfo=UTC), datetime(2026, 3, 19, tzinfo=UTC))


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    """Return a site whose only key is AEMET's."""
    store, time = SqliteStore(tmp_path / "store.db"), FakeTime()
    return RunContext(frozen(), store, Scripted(keyed={"aemet"}), NOW, time.sleep, time.monotonic)


def line(product: str, outcome: Outcome, ago_h: float, evidence: str = "") -> LedgerEntry:
    """Return a line of the ledger that was written some hours ago."""
    series = "pvpc" if product.startswith(("ree", "esios")) else "weather_hourly"
    return LedgerEntry(series, product, None, SLOTS, outcome, NOW - ago_h * HOUR, evidence)


def of(context: RunContext, source: str) -> SourceOverview:
    """Return what is known of a source."""
    return next(one for one in look_at_sources(context) if one.source == source)


def test_nothing_is_assumed_of_a_source_that_was_not_asked(context: RunContext) -> None:
    """Neither up nor down; an answer of yesterday's yesterday says nothing."""
    context.store.append_ledger([line("ree.pvpc", Outcome.FILLED, 25)])
    found = of(context, "ree")
    assert (found.state, found.last_answer, found.down_since) == (SourceState.NOT_ASKED, None, None)
    assert found.sentence == "REE apidatos was not asked in the last 24 hours"
    assert found.series == ("pvpc",)


def test_a_source_is_down_since_the_first_failure_after_its_last_answer(
    context: RunContext,
) -> None:
    """With the last error; earlier failures do not count."""
    context.store.append_ledger(
        [
            line("ree.pvpc", Outcome.UNREACHED, 9, "connection refused"),
            line("ree.pvpc", Outcome.NO_DATA, 6),
            line("ree.pvpc", Outcome.UNREACHED, 4, "connection refused"),
            line("ree.pvpc", Outcome.DEFERRED, 3, "down in this run"),
            line("ree.pvpc", Outcome.FAILED, 2, "HTTP 200, but not JSON"),
        ]
    )
    found = of(context, "ree")
    assert found.state is SourceState.DOWN
    assert (found.last_answer, found.down_since) == (NOW - 6 * HOUR, NOW - 4 * HOUR)
    assert found.sentence == (
        "REE apidatos has failed since 2026-03-20T08:00Z: HTTP 200, but not JSON; "
        "it answered last at 2026-03-20T06:00Z"
    )


@pytest.mark.parametrize(
    "outcome", [Outcome.FILLED, Outcome.NO_DATA, Outcome.UNPROVEN, Outcome.NOT_YET]
)
def test_an_answer_of_any_content_is_an_answer(context: RunContext, outcome: Outcome) -> None:
    """It ends the failures before it."""
    context.store.append_ledger(
        [line("ree.pvpc", Outcome.UNREACHED, 3), line("ree.pvpc", outcome, 1)]
    )
    found = of(context, "ree")
    assert (found.state, found.error, found.down_since) == (SourceState.UP, "", None)
    assert found.sentence == "REE apidatos answered at 2026-03-20T11:00Z"


def test_a_refusal_names_its_end_and_its_text(context: RunContext) -> None:
    """Also where the source answered before."""
    context.store.append_ledger([line("ree.pvpc", Outcome.FILLED, 1)])
    context.store.block(Block("ree", NOW + 2 * HOUR, "429 Too Many Requests."))
    found = of(context, "ree")
    assert (found.state, found.refused_until) == (SourceState.REFUSED, NOW + 2 * HOUR)
    assert found.sentence == (
        "REE apidatos is not asked until 2026-03-20T14:00Z: 429 Too Many Requests"
    )


def test_a_block_of_one_of_several_products_does_not_refuse_the_source(
    context: RunContext,
) -> None:
    """A subscription may be refused while the rest is served."""
    context.store.block(Block("aemet.daily", NOW + HOUR, "not this one"))
    assert of(context, "aemet").refused_until is None


def test_the_calls_of_a_day_are_counted_down_to_nothing(context: RunContext) -> None:
    """Of the last 24 hours, as the quota counts them."""
    quota = context.catalog.sources["siar"].per_day
    assert quota
    context.store.record_call("siar", NOW - 25 * HOUR, "run/a")
    for _ in range(3):
        context.store.record_call("siar", NOW - HOUR, "run/b")
    found = of(context, "siar")
    assert (found.calls, found.calls_left) == (3, quota - 3)


def test_a_source_without_its_key_names_what_it_needs(context: RunContext) -> None:
    """Each product that cannot be asked, with the connection."""
    found = of(context, "siar")
    assert found.state is SourceState.SETUP
    assert {one.needs for one in found.not_set_up} == {"siar_default"}
    assert found.sentence.startswith("SIAR is not configured")


def test_a_spent_quota_is_a_refusal(context: RunContext) -> None:
    """Although no block is noted."""
    quota = context.catalog.sources["open_meteo"].per_day
    assert quota
    for _ in range(quota):
        context.store.record_call("open_meteo", NOW - HOUR, "run/b")
    found = of(context, "open_meteo")
    assert (found.state, found.calls_left) == (SourceState.REFUSED, 0)
    assert found.sentence == "Open-Meteo is not asked: the calls of its day are spent"
