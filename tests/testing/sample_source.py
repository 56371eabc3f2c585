"""A small source that keeps the contract, and copies of it with one fault each."""

# ruff: noqa: D102 - the docstring of each class says what its method does wrong

from __future__ import annotations

import json
import logging
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.errors import ConfigError, RateLimited, SourceError, SourceUnavailable
from gapfill.sources.http.client import ApiCall
from gapfill.sources.http.hook import ApiHook
from gapfill.sources.json_reader import Node
from gapfill.sources.model import Answer, HttpRequest, RawRow, check, malformed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gapfill.sources.json_reader import Payload
    from gapfill.sources.model import Ask

HOUR = timedelta(hours=1)

FACTS = """title: Sample
connection: NAME_default
host: https://api.example
per_minute: 60
products:
  hourly:
    quantity: weather
    resolution: PT1H
    grade: modelled
    span: P7D
    needs_key: true
    available: {lag: PT1H}
    grace: {lag: P1D}
"""


class SampleHook(ApiHook):
    """Asks for hours, and keeps the contract."""

    default_conn_name = "sample_default"
    hook_name = "Sample"
    source = "sample"
    public_host = "https://api.example"
    probe = HttpRequest("/hours")

    def fetch(self, ask: Ask) -> Answer:
        """Return the readings of the asked slots."""
        payload = self.call(self.api_call(ask), ask)
        return self.parse(ask, payload)

    def api_call(self, ask: Ask) -> ApiCall:
        """Return the call for the asked hours, with the key in a header."""
        dates = (("from", ask.interval.start.isoformat()), ("to", ask.interval.end.isoformat()))
        return ApiCall(HttpRequest("/hours", dates), headers={"Authorization": self.key})

    def parse(self, ask: Ask, payload: Payload) -> Answer:
        """Return what an answer holds."""
        rows = [
            RawRow(datetime.fromisoformat(node["time"].text()).astimezone(UTC), self.values(node))
            for node in Node.load(ask, payload)["hours"].items()
        ]
        allowed = ask.interval
        return check(ask, rows, allowed, f"HTTP 200: {len(rows)} rows", latest=ask.now - HOUR)

    def values(self, node: Node) -> dict[str, object]:
        """Return the values of a row."""
        return {
            "temperature": node.within("temp"),
            "humidity": node.within("hum"),
        }


class _ByHand(SampleHook):
    """Builds readings without any check, from the rows as they come."""

    def parse(self, ask: Ask, payload: Payload) -> Answer:
        rows: Any = payload.document
        if not (isinstance(rows, dict) and "hours" in rows):
            raise malformed(ask, "it has no hours")
        found = {
            datetime.fromisoformat(row["time"]): {"temperature": row["temp"]}
            for row in rows["hours"]
            if row.get("temp") is not None
        }
        readings = self.readings(ask, found)
        return Answer(tuple(readings), evidence="HTTP 200")

    def readings(self, ask: Ask, found: dict[datetime, dict[str, float]]) -> list[Reading]:
        """Return readings of the values by slot."""
        return [
            Reading(slot, values, ask.product.grade, ask.origin)
            for slot, values in sorted(found.items())
        ]


class IgnoresTheDate(SampleHook):
    """Requests the same each day."""

    def api_call(self, _ask: Ask) -> ApiCall:
        return ApiCall(HttpRequest("/hours"), headers={"Authorization": self.key})


class IgnoresTheEnd(SampleHook):
    """Requests from the first slot on, and not until when."""

    def api_call(self, ask: Ask) -> ApiCall:
        params = (("from", ask.interval.start.isoformat()),)
        return ApiCall(HttpRequest("/hours", params), headers={"Authorization": self.key})


class Shifts(_ByHand):
    """Takes the end of an hour for its start."""

    def readings(self, ask: Ask, found: dict[datetime, dict[str, float]]) -> list[Reading]:
        moved = {slot + HOUR: values for slot, values in found.items()}
        kept = {slot: values for slot, values in moved.items() if slot in ask.interval}
        return super().readings(ask, kept)


class Repeats(_ByHand):
    """Fills a slot without a row with the value before it."""

    def readings(self, ask: Ask, found: dict[datetime, dict[str, float]]) -> list[Reading]:
        last = next(iter(found.values()), {})
        filled = {}
        for slot in ask.series.grid.slots(ask.interval):
            last = filled[slot] = found.get(slot, last)
        return super().readings(ask, filled)


class GivesASlotTwice(_ByHand):
    """Gives the last reading twice."""

    def readings(self, ask: Ask, found: dict[datetime, dict[str, float]]) -> list[Reading]:
        known = super().readings(ask, found)
        return [*known, *known[-1:]]


class Drops(_ByHand):
    """Loses the last row."""

    def readings(self, ask: Ask, found: dict[datetime, dict[str, float]]) -> list[Reading]:
        return super().readings(ask, found)[:-1]


class TakesAnotherDay(_ByHand):
    """Puts the rows into the asked slots, whatever their time is."""

    def readings(self, ask: Ask, found: dict[datetime, dict[str, float]]) -> list[Reading]:
        slots = ask.series.grid.slots(ask.interval)
        return super().readings(ask, dict(zip(slots, found.values(), strict=False)))


class AnswersAnotherDayWithNothing(_ByHand):
    """Takes the answer of another day for "no data"."""

    def readings(self, ask: Ask, found: dict[datetime, dict[str, float]]) -> list[Reading]:
        asked = {slot: values for slot, values in found.items() if slot in ask.interval}
        return super().readings(ask, asked)


class ChangesAPart(_ByHand):
    """Counts the rows from the first asked slot."""

    def readings(self, ask: Ask, found: dict[datetime, dict[str, float]]) -> list[Reading]:
        if not any(slot in ask.interval for slot in found):
            raise malformed(ask, "it is of another day")
        slots = ask.series.grid.slots(ask.interval)
        return super().readings(ask, dict(zip(slots, found.values(), strict=False)))


class StoresAnything(_ByHand):
    """Believes each value."""


class ChecksTheRequiredFieldsOnly(SampleHook):
    """Believes any humidity, which the series has too."""

    def parse(self, ask: Ask, payload: Payload) -> Answer:
        answer = super().parse(ask, payload)
        rows: Any = payload.document
        found = {datetime.fromisoformat(row["time"]): row.get("hum") for row in rows["hours"]}
        readings = [
            Reading(r.slot, {**r.values, "humidity": found[r.slot]}, r.grade, r.source)
            for r in answer.readings
        ]
        return Answer(tuple(readings), evidence=answer.evidence)


class StoresHoursToCome(_ByHand):
    """Takes a forecast for a reading."""


class UsesAnotherUnit(SampleHook):
    """Stores kelvin."""

    def values(self, node: Node) -> dict[str, object]:
        value = node.within("temp")
        other = value + 20 if isinstance(value, float) else value
        return {"temperature": other, "humidity": node.within("hum")}


class ClaimsABetterGrade(_ByHand):
    """Says that a model is an observation."""

    def readings(self, ask: Ask, found: dict[datetime, dict[str, float]]) -> list[Reading]:
        known = super().readings(ask, found)
        return [Reading(r.slot, r.values, Grade.OBSERVED, r.source) for r in known]


class NamesAnotherOrigin(_ByHand):
    """Gives readings another source."""

    def readings(self, ask: Ask, found: dict[datetime, dict[str, float]]) -> list[Reading]:
        known = super().readings(ask, found)
        return [Reading(r.slot, r.values, r.grade, "somebody") for r in known]


class GivesNoEvidence(_ByHand):
    """Says nothing about an empty answer."""

    def parse(self, ask: Ask, payload: Payload) -> Answer:
        return Answer(super().parse(ask, payload).readings)


class HidesRefusals(SampleHook):
    """Takes a 429 for "no data"."""

    def fetch(self, ask: Ask) -> Answer:
        try:
            return super().fetch(ask)
        except RateLimited as exc:
            return Answer(evidence=str(exc))


class HidesOutages(SampleHook):
    """Takes an API that cannot be reached for "no data"."""

    def fetch(self, ask: Ask) -> Answer:
        try:
            return super().fetch(ask)
        except SourceUnavailable as exc:
            return Answer(evidence=str(exc))


class HidesPages(SampleHook):
    """Takes an answer that cannot be read for "no data"."""

    def fetch(self, ask: Ask) -> Answer:
        try:
            return super().fetch(ask)
        except SourceError as exc:
            return Answer(evidence=str(exc))


class LogsTheKey(SampleHook):
    """Has its key among the parameters, which are logged."""

    def api_call(self, ask: Ask) -> ApiCall:
        call = super().api_call(ask)
        request = HttpRequest("/hours", (*call.request.params, ("key", self.key)))
        return ApiCall(request, headers=call.headers)


class RaisesTheKey(SampleHook):
    """Has its key in an error, and logs nothing."""

    def fetch(self, ask: Ask) -> Answer:
        try:
            return super().fetch(ask)
        except SourceUnavailable as exc:
            message = f"{self.key} did not work"
            raise ConfigError(message) from exc


class CausesTheKey(SampleHook):
    """Has its key in the cause of an error."""

    def fetch(self, ask: Ask) -> Answer:
        try:
            return super().fetch(ask)
        except SourceUnavailable as exc:
            raise malformed(ask, "it failed") from ValueError(exc, self.key)


class WarnsWithTheKey(SampleHook):
    """Logs its headers on the lowest level."""

    def api_call(self, ask: Ask) -> ApiCall:
        call = super().api_call(ask)
        logging.getLogger("sample").debug("Sending %s", dict(call.headers))
        return call


class PrintsTheKey(SampleHook):
    """Prints how it authenticates, as Basic authentication has it."""

    def api_call(self, ask: Ask) -> ApiCall:
        print(b64encode(f":{self.key}".encode()))  # noqa: T201 - the fault
        return super().api_call(ask)


class TestsWithTheKey(SampleHook):
    """Has its key in what a test of the connection says."""

    def test_connection(self) -> tuple[bool, str]:
        is_there, said = super().test_connection()
        return is_there, f"{said} with {self.key}"


class DecodesTwice(SampleHook):
    """Decodes the body before the parser does."""

    def parse(self, ask: Ask, payload: Payload) -> Answer:
        try:
            json.loads(payload.body)
        except ValueError:
            raise malformed(ask, "it is no JSON") from None
        return super().parse(ask, payload)


class CallsTwice(SampleHook):
    """Makes a call more than it says."""

    def fetch(self, ask: Ask) -> Answer:
        self.call(self.api_call(ask), ask)
        return super().fetch(ask)


class Retries(SampleHook):
    """Calls again after a failure, at once."""

    def fetch(self, ask: Ask) -> Answer:
        try:
            return super().fetch(ask)
        except SourceUnavailable:
            return super().fetch(ask)


class CountsNoCall(SampleHook):
    """Calls without telling whoever keeps the pace."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as the base
        super().__init__(*args, **options | {"before_call": None})


FAULTS: dict[type[SampleHook], Sequence[str]] = {
    IgnoresTheDate: ["test_another_day_is_another_request"],
    IgnoresTheEnd: ["test_another_day_is_another_request"],
    Shifts: ["test_each_value_is_in_its_own_slot", "test_no_row_is_dropped"],
    Repeats: ["test_a_missing_row_stays_missing"],
    GivesASlotTwice: ["test_a_slot_comes_once_in_order_and_was_asked"],
    Drops: ["test_no_row_is_dropped"],
    TakesAnotherDay: ["test_the_answer_of_another_day_is_refused"],
    AnswersAnotherDayWithNothing: ["test_the_answer_of_another_day_is_refused"],
    ChangesAPart: ["test_a_part_of_the_slots_has_the_same_values"],
    StoresAnything: [
        f"test_a_value_that_cannot_be_believed_is_not_stored[{name}]"
        for name in ("NaN", "infinity", "huge", "very small", "text", "a list", "true")
    ],
    ChecksTheRequiredFieldsOnly: [
        f"test_a_value_that_cannot_be_believed_is_not_stored[{name}]" for name in ("huge", "text")
    ],
    StoresHoursToCome: ["test_no_hour_to_come_is_stored"],
    UsesAnotherUnit: ["test_each_value_is_in_its_own_slot"],
    ClaimsABetterGrade: ["test_readings_have_the_grade_and_origin_of_the_product"],
    NamesAnotherOrigin: ["test_readings_have_the_grade_and_origin_of_the_product"],
    GivesNoEvidence: ["test_an_empty_answer_is_a_value_with_evidence"],
    HidesRefusals: ["test_a_failure_is_not_no_data[429]", "test_each_refusal_is_its_error"],
    HidesOutages: [
        f"test_a_failure_is_not_no_data[{name}]"
        for name in ("500", "502", "503", "timeout", "reset", "cut")
    ],
    HidesPages: [
        f"test_a_failure_is_not_no_data[{name}]"
        for name in (
            *("400", "401", "403", "404", "half", "page", "no body", "empty object", "null"),
        )
    ],
    LogsTheKey: ["test_the_key_is_in_no_error_and_no_log[200]"],
    RaisesTheKey: ["test_the_key_is_in_no_error_and_no_log[500]"],
    CausesTheKey: ["test_the_key_is_in_no_error_and_no_log[500]"],
    WarnsWithTheKey: ["test_the_key_is_in_no_error_and_no_log[200]"],
    PrintsTheKey: ["test_the_key_is_in_no_error_and_no_log[200]"],
    TestsWithTheKey: ["test_the_key_is_in_no_error_and_no_log[404]"],
    DecodesTwice: ["test_a_body_is_decoded_once"],
    CallsTwice: ["test_it_makes_no_more_calls_than_it_says"],
    Retries: ["test_it_makes_no_more_calls_than_it_says"],
    CountsNoCall: ["test_it_makes_no_more_calls_than_it_says"],
}
"""Each fault with the tests of the contract that must catch it."""
