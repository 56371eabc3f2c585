"""The pace that is learned from refusals, against servers that keep their limit to themselves."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.learned_rate import (
    CLEAR_S,
    SLOWEST,
    LearnedRate,
    from_facts,
    lowered,
    minutes_to_count,
    to_facts,
)
from gapfill.domain.rate_recovery import minutes_to_hold, raised
from gapfill.domain.rate_steps import PROBE_S, next_rate
from tests.domain.limiters import KINDS, Limiter, SlidingMinute, TokenBucket

MARGIN = 1.01
HOUR = 3600.0
START = 1_800_000_000.0


@dataclass
class Client:
    """Asks without a rest, at the pace that it learns.

    Attributes:
        server: Whose limit is hidden.
        ceiling: Calls a minute at most.
        wait_s: Seconds that a refusal asks for.
        known: What is learned.
        now: The clock.
        calls: When it called, refused or not.
        refusals: When it was refused.
        rates: Its pace at each call.
    """

    server: Limiter
    ceiling: float
    wait_s: float = 61.0
    known: LearnedRate | None = None
    now: float = START
    calls: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def count(self, since: float) -> int:
        """Count the calls since an instant."""
        return len(self.calls) - bisect_left(self.calls, since)

    def rate(self) -> float:
        """Return the pace to keep to, after a step if one is due."""
        if self.known is None:
            return self.ceiling
        hold = minutes_to_hold(self.known, self.ceiling, self.now)
        if hold is not None:
            calls = {hold: self.count(self.now - 60 * hold)}
            self.known = raised(self.known, self.ceiling, self.now, calls)
        return min(self.known.rate, self.ceiling)

    def call(self) -> None:
        """Wait for the pace, and call."""
        rate = self.rate()
        self.now += 60 / rate * MARGIN
        self.calls.append(self.now)
        self.rates.append(rate)
        if self.server.accepts(self.now):
            return
        self.refusals.append(self.now)
        earliest = self.known.refused_at - 1 if self.known else 0.0
        accepted = {
            minutes: self.count(max(self.now - 60 * minutes, earliest)) - 1
            for minutes in minutes_to_count(self.known, self.now)
        }
        self.known = lowered(self.known, self.ceiling, self.now, self.wait_s, accepted)
        self.now += max(self.wait_s, CLEAR_S)

    def work(self, hours: float) -> Phase:
        """Call for some hours, and return what came of it."""
        start, first = self.now, len(self.calls)
        while self.now < start + hours * HOUR:
            self.call()
        refusals = [at for at in self.refusals if at >= start]
        limit = min(self.server.limit, self.ceiling)
        return Phase(limit, start, self.calls[first:], self.rates[first:], refusals)


@dataclass
class Phase:
    """Some hours of calls under one limit."""

    limit: float
    start: float
    calls: list[float]
    rates: list[float]
    refusals: list[float]

    @property
    def right_at(self) -> float:
        """When the pace was first within ten per cent below the limit."""
        return next(
            at
            for at, rate in zip(self.calls, self.rates, strict=True)
            if 0.9 * self.limit <= rate / MARGIN <= self.limit + 1e-6 or rate == self.limit
        )

    @property
    def until_right(self) -> int:
        """Refusals until the pace was right."""
        return sum(at < self.right_at for at in self.refusals)

    @property
    def in_a_day(self) -> int:
        """The most refusals of any day after that."""
        later = [at for at in self.refusals if at >= self.right_at]
        return max(
            (bisect_left(later, at + 24 * HOUR) - n for n, at in enumerate(later)), default=0
        )

    def share(self, hours: float) -> float:
        """Return which part of the limit was used in the last hours."""
        since = self.calls[-1] - hours * HOUR
        calls = len(self.calls) - bisect_left(self.calls, since)
        return calls / (hours * 60) / self.limit


def follow(kind: type[Limiter], before: int, after: int, ceiling: int) -> None:
    """Work against a limit that changes, and see that it is found each time."""
    client = Client(kind(before), ceiling)
    phases = [client.work(6)]
    client.server.limit = after
    phases.append(client.work(26))
    for phase in phases:
        assert phase.until_right <= 3
        assert phase.in_a_day <= 3
        assert 0.9 <= phase.share(4) <= 1.005
    assert max(client.rates) <= ceiling


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("limit", range(1, 51))
def test_every_limit_is_found_with_three_refusals_and_again_when_it_changes(
    limit: int, kind: type[Limiter]
) -> None:
    """Then the pace is within ten per cent below it, with three refusals a day at most."""
    follow(kind, limit, (limit * 37 + 11) % 50 + 1, 60)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before,after", [(12, 1), (1, 9), (20, 7)])
def test_a_limit_far_below_the_assumed_rate_is_found(
    before: int, after: int, kind: type[Limiter]
) -> None:
    """AEMET's twenty a minute: forty to fifty in some clients, one in another."""
    follow(kind, before, after, 20)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("limit", [1, 4, 19])
def test_a_short_retry_after_does_not_mislead(limit: int, kind: type[Limiter]) -> None:
    """A minute is left alone, whatever the refusal says."""
    phase = Client(kind(limit), 20, wait_s=1.0).work(24)
    assert (phase.until_right <= 3, phase.in_a_day <= 3, phase.share(12) >= 0.9) == (True,) * 3


def test_a_limit_above_the_ceiling_is_never_met() -> None:
    """The ceiling of the catalogue holds, without a refusal."""
    client = Client(SlidingMinute(50), 20)
    phase = client.work(24)
    assert (phase.refusals, set(phase.rates), client.known) == ([], {20}, None)


def test_a_sliding_minute_is_known_from_its_first_refusal() -> None:
    """Ten calls went through in half a minute: the limit is between five and ten."""
    client = Client(SlidingMinute(10), 20)
    client.work(0.02)
    assert client.known is not None
    assert 5 <= client.known.rate <= 10
    assert len(client.refusals) == 1


def test_a_refusal_of_the_first_call_halves_the_rate() -> None:
    """Nothing is known of the limit; somebody else may use the key."""
    known = lowered(None, 20, START, 61, dict.fromkeys(minutes_to_count(None, START), 0))
    assert (known.rate, known.refused, known.held) == (10, 0, 0)


def test_refusals_without_a_call_in_between_are_one() -> None:
    """A source that refuses everything for an hour does not bring the pace to nothing."""
    known = lowered(None, 20, START, 61, {1.0: 0})
    for n in range(1, 60):
        known = lowered(known, 20, START + 61 * n, 61, {1.0: 0})
    assert known.rate == 10


def test_a_full_queue_halves_the_rate_once() -> None:
    """It says nothing about a rate, so nothing is counted."""
    known = lowered(None, 600, START, 15, {})
    again = lowered(known, 600, START + 90, 15, {})
    assert (known.rate, again.rate) == (300, 300)


def test_a_rate_that_was_right_for_long_is_halved() -> None:
    """The limit fell, and the calls before say nothing of the new one."""
    known = LearnedRate(8, 8, 9, since=START, refused_at=START)
    at = START + 5 * HOUR
    after = lowered(known, 20, at, 61, {1.0: 8, 64.0: 8 * 64})
    assert (after.rate, after.refused, after.held) == (4, 8, 0)


def test_a_failed_probe_costs_one_refusal_and_nothing_else() -> None:
    """The settled rate goes on, and is not probed again before eight hours."""
    settled = LearnedRate(10, 10, 11, since=START, refused_at=START)
    at = START + PROBE_S
    probing = raised(settled, 20, at, {})
    assert (probing.rate, probing.is_probe) == (11, True)
    after = lowered(probing, 20, at + 60, 61, {1.0: 10})
    assert (after.rate, after.held, after.refused) == (10, 10, 11)
    assert minutes_to_hold(after, 20, at + PROBE_S) is None
    assert minutes_to_hold(after, 20, at + PROBE_S + 200) == 0


def test_a_source_that_is_hardly_asked_recovers_by_a_step_in_eight_hours() -> None:
    """One call proves nothing, but time passes."""
    known = LearnedRate(1, 0, 20, since=START, refused_at=START)
    assert raised(known, 20, START + HOUR, {3.0: 1}).rate == 1
    assert raised(known, 20, START + PROBE_S, {3.0: 1}).rate == 2


def test_a_state_is_a_set_of_facts() -> None:
    """What one process learned is what the next one knows; no instant is in the future."""
    known = LearnedRate(3.5, 3, 4, START, START + 61, 1.0, START - 9, START - 8, START)
    assert from_facts(to_facts(known), START + HOUR) == known
    assert from_facts({}, START) is None
    early = from_facts(to_facts(known), START - HOUR)
    assert early == replace(known, since=START - HOUR, refused_at=START - HOUR)


rates = st.floats(0.5, 60)


@given(
    known=st.none()
    | st.builds(
        LearnedRate,
        rates,
        st.floats(0, 60),
        st.floats(0, 60),
        st.floats(START - 1e6, START),
        st.floats(START - 1e6, START),
        st.sampled_from([0.0, 1.0]),
    ),
    ceiling=st.integers(1, 60),
    calls=st.integers(0, 4000),
    wait=st.floats(0, 900),
)
def test_no_refusal_raises_the_rate_above_what_it_was_or_the_ceiling(
    known: LearnedRate | None, ceiling: int, calls: int, wait: float
) -> None:
    """Whatever was remembered, and however many calls are counted."""
    accepted = {h: min(calls, int(60 * h)) for h in minutes_to_count(known, START)}
    after = lowered(known, ceiling, START, wait, accepted)
    before = min(known.rate, ceiling) if known else ceiling
    assert min(SLOWEST, ceiling) <= after.rate <= max(before, min(SLOWEST, ceiling))
    assert after.refused_at >= START + CLEAR_S


@given(rate=rates, refused=st.floats(0, 60))
def test_steps_stay_below_what_was_refused(rate: float, refused: float) -> None:
    """And go up, unless the rate is near enough."""
    after = next_rate(rate, refused)
    assert after >= rate
    if refused > rate:
        assert after < refused


def test_a_bucket_of_tokens_costs_no_more() -> None:
    """It lets a burst through first, which a count takes for the limit."""
    phase = Client(TokenBucket(7), 20).work(24)
    assert len(phase.refusals) <= 6
    assert 6.3 <= 7 * phase.share(12) <= 7
