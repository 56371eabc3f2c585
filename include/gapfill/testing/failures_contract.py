"""Tests of a source with failing calls, and of the way it calls."""

from __future__ import annotations

import pytest

from gapfill.errors import RateLimited
from gapfill.sources.model import Answer
from gapfill.testing import faults
from gapfill.testing.local_api import Recorded
from gapfill.testing.source_bench import SourceBench
from gapfill.testing.source_case import SourceCase, brief


class FailuresContract(SourceCase):
    """Failures are errors; the key stays secret; calls are counted."""

    def test_an_empty_answer_is_a_value_with_evidence(self, bench: SourceBench) -> None:
        """The ledger keeps the evidence of "no data"."""
        bench.api.answer_with(*self.before_answer(bench.api.url), self.empty)
        said = bench.fetch(self.ask())
        assert isinstance(said, Answer), f"The API has nothing, and the source returned {said!r}."
        assert not said.readings
        assert said.evidence, "An empty answer needs evidence: the status and a few words."

    @pytest.mark.parametrize("name", faults.FAILURES)
    def test_a_failure_is_not_no_data(self, bench: SourceBench, name: str) -> None:
        """At the first call and at the one for the data."""
        fault = faults.FAILURES[name]
        step = fault.step or Recorded(200, self.answer[: len(self.answer) // 2])
        before = self.before_answer(bench.api.url)
        for steps in [(step,), (*before, step)][: len(before) + 1]:
            bench.api.answer_with(*steps)
            said = bench.fetch(self.ask(), self.timeout_s if fault.is_silent else 10)
            assert isinstance(said, fault.error), (
                f"After {name} the source returned {brief(said)}, not {fault.error.__name__}."
            )
            if name == "429" and isinstance(said, RateLimited):
                assert said.retry_after >= faults.RETRY_AFTER_S, "Retry-After is ignored."

    def test_each_refusal_is_its_error(self, bench: SourceBench) -> None:
        """With the body that the API sends."""
        for name, (refusal, error) in self.refusals.items():
            bench.api.answer_with(*self.before_answer(bench.api.url), refusal)
            said = bench.fetch(self.ask())
            assert isinstance(said, error), f"{name} became {brief(said)}, not {error.__name__}."

    @pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500])
    def test_the_key_is_in_no_error_and_no_log(self, bench: SourceBench, status: int) -> None:
        """Not even if the server repeats the request in its answer."""
        body = self.answer if status == faults.OK else b'{"error": "refused"}'
        for echoes in (False, True):
            bench.api.answer_with(Recorded(status, body, echoes=echoes))
            said = bench.fetch(self.ask())
            printed = [*bench.lines, repr(said), *faults.chain(said), bench.tested()]
            for form in faults.forms(self.key, self.login):
                leaks = [line.replace(form, "KEY") for line in printed if form in line]
                assert not leaks, f"A secret of the connection is in {leaks[0]!r}."

    def test_a_body_is_decoded_once(self, bench: SourceBench) -> None:
        """By the ``json`` of Python; ``Payload.document`` keeps what it decoded."""
        for recorded in (Recorded(200, self.answer), self.empty):
            bench.api.answer_with(*self.before_answer(bench.api.url), recorded)
            bench.fetch(self.ask())
            bodies = {body.decode("utf-8", "replace").strip() for body in bench.api.sent}
            times = sum(text.strip() in bodies for text in bench.decoded)
            assert times <= len(bench.api.sent), (
                f"{len(bench.api.sent)} bodies were decoded {times} times: hand the Payload on."
            )

    def test_it_makes_no_more_calls_than_it_says(self, bench: SourceBench) -> None:
        """``before_call`` counts each, for rate and quota. The source does not retry."""
        product, source = self.ask().product, bench.source
        for steps in (
            (*self.before_answer(bench.api.url), Recorded(200, self.answer)),
            (Recorded(429, b"{}", {"Retry-After": "1"}),),
            (Recorded(500, b"{}"),),
        ):
            bench.api.answer_with(*steps)
            bench.fetch(self.ask())
            made = len(bench.api.received)
            assert made <= product.hops + source.opening_calls, (
                f"It made {made} calls, and source.yaml has hops: {product.hops}."
            )
            assert made == bench.calls, f"It made {made} calls, and counted {bench.calls}."
