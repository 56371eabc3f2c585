"""Base of the tests of a source: its recorded answers, the request, and the running source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from gapfill.catalog import SHIPPED
from gapfill.domain.interval import Interval, iso
from gapfill.domain.local_time import parse_instant
from gapfill.domain.reading import Reading
from gapfill.domain.series import Station
from gapfill.errors import GapfillError, SourceError
from gapfill.sources.model import Answer, Ask
from gapfill.testing.local_api import LocalApi, Recorded
from gapfill.testing.source_bench import SourceBench, facts_of

OTHER_DAYS = timedelta(days=14)
"""Distance to other days, whose requests must not accept the answer."""

MORE_DAYS = timedelta(days=2)
"""Extra length of a longer request: it ends on another day in each time zone."""


class SourceCase:
    """Tests of one product of a source; a subclass sets the attributes and overrides methods.

    Attributes:
        source: Name of the source.
        product: Name of the product in ``source.yaml``.
        catalog: File with the series; the shipped one by default.
        series: Name of the requested series.
        start: First slot, ISO 8601 with its offset.
        end: End of the last slot.
        now: The clock; the source has every slot by then.
        answer: Body of the answer for these slots, as the API sends it: a value for each slot.
        values: By slot and field, values of the answer in the series' units, calculated by
            hand. Two slots at least, with different values: they show a shift.
        empty: The answer of the API if it has nothing for these slots.
        refusals: Recorded refusals, by any name, each with its expected error.
        key: Password of the connection.
        login: Its login; ``None`` for none.
        extra: Its extra.
        timeout_s: Seconds that the source waits for an API that does not answer.
    """

    source: ClassVar[str]
    product: ClassVar[str]
    catalog: ClassVar[Path] = SHIPPED
    series: ClassVar[str] = "weather_hourly"
    start: ClassVar[str]
    end: ClassVar[str]
    now: ClassVar[str]
    answer: ClassVar[bytes]
    values: ClassVar[Mapping[str, Mapping[str, float]]]
    empty: ClassVar[Recorded]
    refusals: ClassVar[Mapping[str, tuple[Recorded, type[SourceError]]]] = {}
    key: ClassVar[str] = "contract-key-Zx81qvT7"
    login: ClassVar[str | None] = None
    extra: ClassVar[Mapping[str, object]] = {}
    timeout_s: ClassVar[float] = 0.4

    def set_value(self, document: Any, slot: datetime, field: str, value: object) -> None:  # noqa: ANN401 - any JSON
        """Replace the value of a slot and field in the decoded answer, in place.

        Args:
            document: The decoded answer.
            slot: The slot.
            field: A field of the series in ``values``.
            value: The new value, of any JSON type.
        """
        raise NotImplementedError

    def drop_row(self, document: Any, slot: datetime) -> None:  # noqa: ANN401 - any JSON
        """Remove a slot from the decoded answer, as in an API without such a row."""
        raise NotImplementedError

    def before_answer(self, _url: str) -> Sequence[Recorded]:
        """Return the answers of the calls before the one for the data, such as for a link."""
        return ()

    def station(self) -> Station | None:
        """Return the station, for a product that has stations."""
        return None

    @pytest.fixture
    def bench(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[SourceBench]:
        """The source with a connection to a local API."""
        _, source = facts_of(self.source, self.catalog)
        given = {"password": self.key, "login": self.login, "extra": dict(self.extra)}
        with LocalApi((Recorded(500, b""),)) as api:
            yield SourceBench(source, api, monkeypatch, given)

    def ask(self) -> Ask:
        """Return the request of the recorded answer; override it for another place."""
        series, source = facts_of(self.source, self.catalog)
        interval = Interval(parse_instant(self.start), parse_instant(self.end))
        product = next((p for p in source.products if p.name == self.product), None)
        assert product is not None, f"source.yaml of {self.source} has no product {self.product!r}."
        now = parse_instant(self.now)
        return Ask(series[self.series], product, self.station(), interval, now)

    def decode(self, body: bytes) -> Any:  # noqa: ANN401 - any JSON
        """Return the decoded answer for ``set_value`` and ``drop_row``; JSON by default."""
        return json.loads(body)

    def encode(self, document: Any) -> bytes:  # noqa: ANN401 - any JSON
        """Return the body of a changed answer."""
        return json.dumps(document).encode()

    def other_asks(self) -> list[Ask]:
        """Return requests for the same number of slots of an earlier and of a later day."""
        ask = self.ask()
        return [
            replace(
                ask,
                interval=Interval(ask.interval.start + days, ask.interval.end + days),
                now=max(ask.now, ask.now + days),
            )
            for days in (-OTHER_DAYS, OTHER_DAYS)
        ]

    def longer_ask(self) -> Ask | None:
        """Return a request for further days; ``None`` if the product's span allows no more."""
        ask = self.ask()
        longer = Interval(ask.interval.start, ask.interval.end + MORE_DAYS)
        is_allowed = ask.product.fits(longer.start, longer.end)
        return replace(ask, interval=longer, now=ask.now + MORE_DAYS) if is_allowed else None

    def slots(self) -> list[datetime]:
        """Return the requested slots."""
        ask = self.ask()
        return list(ask.series.grid.slots(ask.interval))

    def said(
        self, bench: SourceBench, body: bytes, ask: Ask | None = None
    ) -> Answer | GapfillError:
        """Return the source's answer to a body, or the error that it raises."""
        bench.api.answer_with(*self.before_answer(bench.api.url), Recorded(200, body))
        return bench.fetch(ask or self.ask())

    def recorded(self, bench: SourceBench) -> Answer:
        """Return the source's answer to the recorded body."""
        said = self.said(bench, self.answer)
        assert isinstance(said, Answer), f"The recorded answer was refused: {said}"
        assert not said.rejected, f"Of the recorded answer, {said.rejected[0].said}."
        return said

    def readings(self, bench: SourceBench) -> dict[datetime, dict[str, float]]:
        """Return the values of the recorded answer by slot."""
        return by_slot(self.recorded(bench))


def usable(said: Answer | GapfillError) -> Answer | None:
    """Return an answer, ``None`` for an allowed refusal."""
    if isinstance(said, Answer):
        return said
    assert isinstance(said, SourceError), f"The answer was refused by {brief(said)}"
    return None


def by_slot(answer: Answer) -> dict[datetime, dict[str, float]]:
    """Return the values of readings by slot."""
    return {reading.slot: dict(reading.values) for reading in answer.readings}


def check_values(ask: Ask, reading: Reading) -> None:
    """Fail for a value that must not reach a store."""
    for name, value in reading.values.items():
        known = ask.series.field(name)
        assert known is not None, f"The series {ask.series.name} has no field {name!r}."
        assert known.is_reading(value), (
            f"{name} of {iso(reading.slot)} is {value}, not a finite number from {known.minimum:g} "
            f"to {known.maximum:g} {known.unit}: let gapfill.sources.model.check drop it."
        )


def brief(said: Answer | GapfillError) -> str:
    """Return a summary of an answer or error, for the message of a test."""
    if isinstance(said, GapfillError):
        return f"{type(said).__name__}: {said}"
    return f"an answer of {len(said.readings)} readings with the evidence {said.evidence!r}"
