"""Carries out one unit: fetch, check, write, read back, request by request.

Each request is written before the next is sent, so a kill loses no more than one
answer, and a retry skips what stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from gapfill.domain.civil import local_date
from gapfill.domain.interval import Interval, iso, merge
from gapfill.domain.ledger import Entry, Outcome
from gapfill.errors import (
    AuthRejected,
    ConfigError,
    MalformedPayload,
    RateLimited,
    SourceError,
    SourceUnavailable,
    StoreError,
)
from gapfill.services.pace import Pace
from gapfill.services.ports import Block
from gapfill.sources.base import Answer, Ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from gapfill.domain.plan import Unit
    from gapfill.domain.product import Product, Source
    from gapfill.domain.reading import Reading
    from gapfill.domain.request import Request
    from gapfill.domain.series import Series
    from gapfill.services.ports import Caller
    from gapfill.services.site import Site

T = TypeVar("T")

PATIENCE_S = 65.0
"""A refusal of up to this long is waited out in place, holding the source's turn (design, 6)."""

WAITS = 3
"""So many refusals of one request are waited out before the source counts as blocked."""

DOWN = 2
"""After so many failures in a row to reach a source, units not yet begun are deferred."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a fill proved.

    Attributes:
        batch: Id of the fill, written beside each value.
        unit: Label of the unit.
        series: Catalogue name.
        source: Catalogue name.
        calls: API calls made.
        slots_asked: Slots the unit was to heal.
        slots_filled: Slots this batch wrote and read back.
        grade: Grade of the readings.
        outcome: ``filled``, ``partial``, ``stood``, ``not_yet``, ``no_data``, ``deferred`` or
            ``failed``.
        seconds: Real time taken.
        rejected: Values that were not believed, and not stored.
        note: What a person should know, in a sentence.
    """

    batch: str
    unit: str
    series: str
    source: str
    calls: int
    slots_asked: int
    slots_filled: int
    grade: str
    outcome: str
    seconds: float
    rejected: int = 0
    note: str = ""


@dataclass(slots=True)
class _Tally:
    filled: int = 0
    stood: int = 0
    rejected: int = 0
    not_yet: int = 0
    no_data: int = 0
    note: str = ""


def fill(site: Site, unit: Unit, run: str) -> Certificate:
    """Carry out one unit and return its certificate.

    Args:
        site: The installation.
        unit: What to do.
        run: Id of the run; with the unit's id it names the batch.

    Raises:
        SourceError: If the source failed; what was written before stands, and the
            ledger holds no verdict. After an answer of no use the unit's other
            requests are still made, after a source that cannot be reached not.
        StoreError: If the store failed, or what was written could not be read back.
        ConfigError: If the unit names what the catalogue no longer has.
    """
    return _Fill(site, unit, f"{run}/{unit.id}", run).carry_out()


def is_down(site: Site, run: str, source: str, *, tried_by: str | None = None) -> bool:
    """Tell whether a source could not be reached the last times that a run asked it.

    Args:
        site: The installation.
        run: Id of the run.
        source: Catalogue name.
        tried_by: A batch; if it is among those that failed, its own retries go on.

    Raises:
        StoreError: If the ledger cannot be read.
    """
    said = [
        (batch, outcome)
        for batch, outcome in site.store.outcomes(run, source)
        if outcome is not Outcome.DEFERRED
    ]
    ended = [outcome for _, outcome in said[-DOWN:]]
    return ended == [Outcome.UNREACHED] * DOWN and all(batch != tried_by for batch, _ in said)


class _Fill:
    def __init__(self, site: Site, unit: Unit, batch: str, run: str) -> None:
        self.site = site
        self.unit = unit
        self.batch = batch
        self.run = run
        self.series = _known(site.catalog.series, unit.series, "series")
        self.source: Source = _known(site.catalog.sources, unit.source, "source")
        self.product: Product = _known(
            {p.name: p for p in self.source.products}, unit.product, "product"
        )
        self.station = next(
            (
                s
                for s in self.series.place.stations
                if s.source == unit.source and s.id == unit.station
            ),
            None,
        )
        self.tally = _Tally()
        self.pace = Pace(site, self.source, batch)
        self.started = site.monotonic()

    def carry_out(self) -> Certificate:
        refusal = self._refusal()
        if refusal:
            return self._certificate("deferred", refusal)
        with self.site.sources.turn(self.unit.source):
            refusal = self._refusal()
            if refusal:
                return self._certificate("deferred", refusal)
            self.pace.start()
            caller = self.site.sources.caller(self.unit.source, self.pace)
            useless: list[MalformedPayload] = []
            for request in self.unit.requests:
                try:
                    self._carry_out(request, caller)
                except RateLimited as exc:
                    return self._certificate("deferred", self._block(exc))
                except MalformedPayload as exc:
                    useless.append(exc)
        if useless:
            raise useless[0]
        return self._certificate(self._outcome(), self.tally.note)

    def _refusal(self) -> str | None:
        """Return why the unit is not begun: its source is blocked, or down in this run."""
        for block in self.site.store.blocks(self.site.now):
            if block.source == self.unit.source:
                return f"{self.source.title} is blocked until {iso(block.until)}: {block.reason}"
        if not is_down(self.site, self.run, self.unit.source, tried_by=self.batch):
            return None
        said = f"{self.source.title} could not be reached {DOWN} times in a row in this run"
        # No verdict, but so that another source stands in for these slots at once.
        self.site.store.note([self._entry(self.unit.interval, Outcome.DEFERRED, said)])
        return said

    def _block(self, exc: RateLimited) -> str:
        until = self.site.now + timedelta(seconds=exc.retry_after)
        self.site.store.block(Block(self.unit.source, until, str(exc)))
        return f"{exc} Deferred; asked again after {iso(until)}."

    def _carry_out(self, request: Request, caller: Caller) -> None:
        asked = self._still_to_ask(request)
        if not asked:
            self.tally.stood += _count(self.series, request.asked)
            return
        ask = Ask(
            self.series,
            self.product,
            self.station,
            Interval(asked[0], self.series.grid.end_of(asked[-1])),
            self.site.now,
        )
        answer = self._fetch(ask, caller)
        wanted = set(asked)
        readings = [reading for reading in answer.readings if reading.slot in wanted]
        self._write(readings)
        self._note(ask, asked, answer, readings)

    def _still_to_ask(self, request: Request) -> list[datetime]:
        """Return the asked slots that do not stand already, by this batch or a better source."""
        stands = {
            row.slot
            for row in self.site.store.read(self.series, request.interval)
            if all(name in row.values for name in self.series.required)
            and (row.batch == self.batch if self.unit.refresh else row.grade >= self.product.grade)
        }
        grid = self.series.grid
        return [s for run in request.asked for s in grid.slots(run) if s not in stands]

    def _fetch(self, ask: Ask, caller: Caller) -> Answer:
        """Ask, waiting out short refusals; a failure is noted and passed on."""
        for refusal in range(WAITS + 1):
            try:
                return caller.fetch(ask)
            except RateLimited as exc:
                if exc.retry_after > PATIENCE_S or refusal == WAITS:
                    raise
                self.site.sleep(exc.retry_after)
            except (SourceUnavailable, AuthRejected) as exc:
                # The unit ends here: another source may stand in for the rest of it as well.
                rest = Interval(ask.interval.start, self.unit.interval.end)
                self._failed(rest, Outcome.UNREACHED, exc)
                raise
            except SourceError as exc:
                self._failed(ask.interval, Outcome.FAILED, exc)
                raise
        message = "unreachable: the last refusal is raised above"
        raise AssertionError(message)

    def _failed(self, interval: Interval, outcome: Outcome, exc: SourceError) -> None:
        self.site.store.note([self._entry(interval, outcome, str(exc))])

    def _write(self, readings: Sequence[Reading]) -> None:
        if not readings:
            return
        self.site.store.write(self.series, readings, self.batch, replace_equal=self.unit.refresh)
        first, last = readings[0].slot, readings[-1].slot
        span = Interval(first, self.series.grid.end_of(last))
        rows = {row.slot: row for row in self.site.store.read(self.series, span)}
        lost = [r.slot for r in readings if r.slot not in rows or rows[r.slot].grade < r.grade]
        if lost:
            message = (
                f"{self.series.name}: {len(lost)} of {len(readings)} slots were written and could "
                f"not be read back, the first is {iso(lost[0])}; run it again."
            )
            raise StoreError(message)
        self.tally.filled += sum(rows[r.slot].batch == self.batch for r in readings)

    def _note(
        self, ask: Ask, asked: Sequence[datetime], answer: Answer, readings: Sequence[Reading]
    ) -> None:
        """Write to the ledger what the answer was, for each slot asked for."""
        had = {reading.slot for reading in readings}
        rejected = {r.slot for r in answer.rejected if r.slot not in had} & set(asked)
        lacking = [s for s in asked if s not in had and s not in rejected]
        partial: set[datetime] = set()
        if self.product.publishes_days and self.product.day_zone:
            zone = self.product.day_zone
            partial = {s for s in lacking if local_date(s, zone) in answer.days}
            lacking = [s for s in lacking if s not in partial]
        grace, grid, now = self.product.grace, self.series.grid, self.site.now
        early = {s for s in lacking if grace.instant(s, grid) > now}
        late = [s for s in lacking if s not in early]
        self.tally.not_yet += len(early)
        self.tally.no_data += len(late)
        self._report(answer)
        entries = [
            *self._entries(sorted(had), Outcome.FILLED, ""),
            *self._entries(sorted(rejected), Outcome.FAILED, "values that cannot be believed"),
            *self._entries(sorted(early), Outcome.NOT_YET, answer.evidence),
            *self._entries(sorted(partial), Outcome.NOT_YET, "a published day lacks it"),
            *self._entries(late, Outcome.NO_DATA, answer.evidence),
        ]
        self.site.store.note(entries or [self._entry(ask.interval, Outcome.FILLED, "")])

    def _report(self, answer: Answer) -> None:
        self.tally.rejected += len(answer.rejected)
        for first in answer.rejected[:1]:
            self.tally.note = (
                f"{len(answer.rejected)} values not stored; the first: {first.field} of "
                f"{iso(first.slot)} is {first.value!r}, which {first.reason}"
            )

    def _entries(self, slots: Sequence[datetime], outcome: Outcome, evidence: str) -> list[Entry]:
        runs = merge(Interval(s, self.series.grid.end_of(s)) for s in slots)
        return [self._entry(run, outcome, evidence) for run in runs]

    def _entry(self, interval: Interval, outcome: Outcome, evidence: str) -> Entry:
        return Entry(
            series=self.series.name,
            product=self.product.key,
            station=self.unit.station,
            interval=interval,
            outcome=outcome,
            asked_at=self.site.now,
            evidence=evidence,
            batch=self.batch,
        )

    def _outcome(self) -> str:
        tally = self.tally
        if tally.filled + tally.stood >= self.unit.slots:
            return "filled" if tally.filled else "stood"
        if tally.filled + tally.stood:
            return "partial"
        return "not_yet" if tally.not_yet else "no_data" if tally.no_data else "partial"

    def _certificate(self, outcome: str, note: str) -> Certificate:
        return Certificate(
            batch=self.batch,
            unit=self.unit.label,
            series=self.unit.series,
            source=self.unit.source,
            calls=self.pace.calls,
            slots_asked=self.unit.slots,
            slots_filled=self.tally.filled,
            grade=self.product.grade.label,
            outcome=outcome,
            seconds=round(self.site.monotonic() - self.started, 3),
            rejected=self.tally.rejected,
            note=note,
        )


def failed(unit: Unit, run: str, exc: Exception) -> Certificate:
    """Return the certificate of a unit that raised, for runs without Airflow's own account."""
    return Certificate(
        batch=f"{run}/{unit.id}",
        unit=unit.label,
        series=unit.series,
        source=unit.source,
        calls=0,
        slots_asked=unit.slots,
        slots_filled=0,
        grade="",
        outcome="failed",
        seconds=0.0,
        note=str(exc),
    )


def _known(items: Mapping[str, T], name: str, kind: str) -> T:
    if name not in items:
        message = f"The catalogue has no {kind} {name!r} any more; plan again."
        raise ConfigError(message)
    return items[name]


def _count(series: Series, runs: Iterable[Interval]) -> int:
    return sum(series.grid.count(run) for run in runs)
