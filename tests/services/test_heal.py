"""Healing in this process when a source is down: nobody waits, and others stand in."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gapfill.domain.ledger import Outcome
from gapfill.errors import (
    AuthRejected,
    MalformedPayload,
    RateLimited,
    SourceError,
    SourceUnavailable,
    StoreError,
)
from gapfill.reporting import documents
from gapfill.services.heal import Healed, heal
from gapfill.services.planning import RunRequest
from gapfill.services.ports import LedgerQuery
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    from gapfill.domain.plan import Plan, Unit
    from gapfill.services.certificate import Certificate
    from gapfill.services.context import RunContext
    from gapfill.sources.model import Answer, Ask
    from tests.services.conftest import FakeTime, Scripted

DAY = timedelta(days=1)


class Nobody:
    """Is told how it goes, and keeps nothing."""

    def planned(self, plan: Plan) -> None:
        """Forget it."""

    def began(self, unit: Unit) -> None:
        """Forget it."""

    def ended(self, certificate: Certificate) -> None:
        """Forget it."""


def healing(context: RunContext) -> Healed:
    """Heal everything."""
    return heal(
        context, RunRequest(Selection(tuple(context.catalog.series.values()))), "run", Nobody()
    )


def of_weeks(context: RunContext) -> RunContext:
    """Return the site with prices since 2026-01-20, in five units of REE or of ESIOS.

    Both are asked once a minute, and the archive of ESIOS gives 14 days at once, as REE does.
    """
    pvpc, ree, esios = (
        context.catalog.series["pvpc"],
        context.catalog.sources["ree"],
        context.catalog.sources["esios"],
    )
    since = {"pvpc": replace(pvpc, earliest=pvpc.earliest - 40 * DAY)}
    products = tuple(replace(product, span=14 * DAY) for product in esios.products)
    changed = {
        "ree": replace(ree, per_minute=1),
        "esios": replace(esios, per_minute=1, products=products),
    }
    sources = {**context.catalog.sources, **changed}
    return replace(context, catalog=replace(context.catalog, series=since, sources=sources))


class Dead:
    """Answers of sources of which some cannot be reached."""

    def __init__(self, sources: Scripted, *names: str) -> None:
        self.names = names
        self.answer = sources.otherwise
        sources.otherwise = self

    def __call__(self, ask: Ask) -> Answer:
        """Refuse for the dead, answer for the others."""
        if ask.product.source in self.names:
            message = f"{ask.product.source} refused the connection"
            raise SourceUnavailable(message, source=ask.product.source)
        return self.answer(ask)


def calls(sources: Scripted) -> Counter[str]:
    """Return how often each source was asked."""
    return Counter(ask.product.source for ask in sources.asked)


def test_another_source_stands_in_for_a_dead_one_at_once(
    context: RunContext, sources: Scripted
) -> None:
    """Also for the units that were not begun any more: all is healed in the same run."""
    Dead(sources, "ree")
    healed = healing(of_weeks(context))
    asked = Counter(certificate.outcome.value for certificate in healed.certificates)
    assert calls(sources)["ree"] == 2
    assert (asked["failed"], asked["deferred"]) == (2, 3)
    assert not any(report.is_missing for report in healed.after)
    assert healed.summary.units_failed == 2
    assert healed.summary.units_deferred == 0


def test_nobody_waits_for_a_source_that_is_dead(
    context: RunContext, sources: Scripted, time: FakeTime
) -> None:
    """Two calls to each source of the route tell; then the run is over."""
    Dead(sources, "ree", "esios")
    healed = healing(of_weeks(context))
    assert calls(sources) == {"ree": 2, "esios": 2}
    assert time.seconds < 243  # the pauses before the four calls, of a minute each
    assert healed.summary.ree_records_recovered == 0
    assert all(report.is_missing for report in healed.after)


def test_what_was_deferred_is_no_verdict(context: RunContext, sources: Scripted) -> None:
    """A source that is back is asked for it again, by the next run."""
    dead = Dead(sources, "ree", "esios")
    standing = of_weeks(context)
    healing(standing)
    outcomes = {entry.outcome for entry in context.store.entries("pvpc")}
    assert outcomes == {Outcome.UNREACHED, Outcome.DEFERRED}
    sources.otherwise = dead.answer
    later = replace(standing, now=context.now + timedelta(hours=3))
    healed = heal(
        later, RunRequest(Selection(tuple(later.catalog.series.values()))), "later", Nobody()
    )
    assert calls(sources)["esios"] == 2
    assert not any(report.is_missing for report in healed.after)


def test_a_hiccup_is_asked_again_in_the_next_round(context: RunContext, sources: Scripted) -> None:
    """One failure is no outage."""

    def hiccup(ask: Ask) -> Answer:
        raise SourceUnavailable("ree timed out", source=ask.product.source)

    sources.answers["ree"] = [hiccup]
    sources.obstacles["esios"] = "is paused"
    healed = healing(context)
    assert [c.outcome for c in healed.certificates] == ["failed", "filled"]
    assert not any(report.is_missing for report in healed.after)


@pytest.mark.parametrize("kind, times", [(MalformedPayload, 2), (AuthRejected, 1)])
def test_what_does_not_pass_by_itself_is_asked_once(
    context: RunContext, sources: Scripted, kind: type[SourceError], times: int
) -> None:
    """Each of two requests where the answer was of no use, one where the key was refused."""

    def useless(_ask: Ask) -> Answer:
        message = "ree sent HTML"
        raise kind(message, source="ree")

    sources.otherwise = useless
    sources.obstacles["esios"] = "is paused"
    healed = healing(context)
    assert calls(sources)["ree"] == times
    assert healed.summary.units_failed == 1


@pytest.mark.parametrize("force", [False, True])
def test_a_source_that_always_refuses_is_asked_three_times(
    context: RunContext, sources: Scripted, *, force: bool
) -> None:
    """In all five units and all rounds together; a block that is overridden changes nothing."""

    def refuse(ask: Ask) -> Answer:
        raise RateLimited("429", source=ask.product.source, retry_after=60)

    sources.otherwise = refuse
    sources.obstacles["esios"] = "is paused"
    many = of_weeks(context)
    selection = Selection(tuple(many.catalog.series.values()))
    healed = heal(many, RunRequest(selection, force=force), "run", Nobody())
    assert calls(sources) == {"ree": 3}
    assert {certificate.outcome for certificate in healed.certificates} == {"deferred"}
    assert context.store.ledger_snapshot(LedgerQuery(context.now, context.now)).blocks


def test_an_answer_between_refusals_begins_their_count_anew(
    context: RunContext, sources: Scripted
) -> None:
    """Two refusals before each of three answers are waited out."""

    def refuse(ask: Ask) -> Answer:
        raise RateLimited("429", source=ask.product.source, retry_after=1)

    answer = sources.otherwise
    sources.answers["ree"] = [refuse, refuse, answer] * 3
    sources.obstacles["esios"] = "is paused"
    healed = healing(of_weeks(context))
    assert not any(report.is_missing for report in healed.after)


class Stopped(Nobody):
    """Is told how it goes, until a signal comes."""

    def __init__(self, after: int) -> None:
        self.after = after

    def planned(self, plan: Plan) -> None:
        """Stop where nothing is to be begun."""
        super().planned(plan)
        if not self.after:
            raise KeyboardInterrupt

    def ended(self, certificate: Certificate) -> None:
        """Stop after so many units."""
        super().ended(certificate)
        self.after -= 1
        if not self.after:
            raise KeyboardInterrupt


def test_a_signal_between_units_leaves_what_was_written(context: RunContext) -> None:
    """Units that were not begun are left for a later run."""
    context = of_weeks(context)
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    healed = heal(context, order, "run", Stopped(2))
    assert isinstance(healed.error, KeyboardInterrupt)
    units = len(healed.plan.units)
    assert units > 2
    written = sum(c.slots_filled for c in healed.certificates)
    assert written > 0
    summary = healed.summary
    assert (summary.ree_records_recovered, summary.units_deferred) == (written, units - 2)
    assert (summary.gaps_found, summary.gaps_resolved) == (1, None)
    assert [one.sentence for one in summary.failures] == ["It was interrupted."]


def test_a_signal_before_anything_is_begun_is_no_certificate(context: RunContext) -> None:
    """What was planned is said, and that nothing was written."""
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    healed = heal(context, order, "run", Stopped(0))
    assert (healed.certificates, healed.summary.gaps_found) == ([], 1)
    assert (healed.summary.ree_records_recovered, healed.summary.gaps_resolved) == (0, None)


def test_a_signal_before_the_plan_knows_of_no_gaps(
    context: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then their numbers are not known, and never 0."""

    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(context.store, "verify", stop)
    healed = healing(context)
    assert (healed.summary.gaps_found, healed.summary.gaps_waiting) == (None, None)
    assert documents.healed(healed.summary, [], [], healed.plan, "stopped").waiting is None


@pytest.mark.parametrize("end", [KeyboardInterrupt(), StoreError("The connection was reset.")])
def test_what_an_unfinished_write_left_is_read_back(
    context: RunContext, monkeypatch: pytest.MonkeyPatch, end: BaseException
) -> None:
    """A signal or a reset came after the store had written and before it said so."""
    write = context.store.write

    def cut(*args: Any, **more: Any) -> int:  # noqa: ANN401 - whatever the store takes
        write(*args, **more)
        raise end

    monkeypatch.setattr(context.store, "write", cut)
    healed = healing(context)
    assert healed.error is end
    (batch,) = documents.batches(healed.certificates)
    held = context.store.slots_of([batch.batch])
    assert batch.slots == len(held[batch.batch]["pvpc"]) > 0
