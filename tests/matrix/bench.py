"""One door under test: the real sandbox, the real hooks, the embedded store, a clock of its own."""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from gapfill import catalog
from gapfill.domain.interval import Interval, intersect
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.errors import GapfillError
from gapfill.orchestration.retry_policy import BySeverity
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection
from gapfill_sandbox.account import scrambled
from gapfill_sandbox.registry import APIS
from tests.filling import fill
from tests.matrix.doors import KEY, LOGIN, NOW, Door
from tests.services.scenes import with_one_station_each

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta
    from pathlib import Path

    import pytest

    from gapfill.domain.plan import Unit
    from gapfill.domain.reading import Row
    from gapfill.domain.series import Series
    from gapfill.services.certificate import Certificate
    from gapfill.services.context import RunContext
    from gapfill_sandbox import Sandbox
    from gapfill_sandbox.journal import JournalEntry
    from tests.services.conftest import FakeTime

SECRETS = (
    KEY,
    LOGIN,
    scrambled(KEY),
    scrambled(LOGIN),
    *(scrambled(f"token {n}") for n in range(9)),
)
"""What must not be told: the keys, and what SIAR makes of them."""

STOOD = "stood/before"


def forms(secret: str) -> set[str]:
    """Return a secret as it may turn up."""
    return {secret, quote(secret, safe=""), quote_plus(secret), quote(secret)}


def leaks(text: str) -> list[str]:
    """Return the secrets that a text tells."""
    return [form for secret in SECRETS for form in forms(secret) if form in text]


@dataclass
class Ended:
    """How a fill ended.

    Attributes:
        certificate: What it returned.
        error: What it raised.
    """

    certificate: Certificate | None = None
    error: GapfillError | None = None

    @property
    def how(self) -> str:
        """The outcome, or the leaf."""
        if self.error is not None:
            return type(self.error).__name__
        assert self.certificate is not None
        return self.certificate.outcome

    @property
    def said(self) -> str:
        """What an operator reads."""
        return str(self.error) if self.error else self.certificate.note if self.certificate else ""


@dataclass
class Bench:
    """A door, what is around it, and what came of asking there.

    Attributes:
        door: What is asked.
        sandbox: The APIs.
        context: The installation, at the instant of the run.
        time: Its pauses, which nobody waits for.
        file: The store's.
        connect: Sets the door's connection anew, with another time-out in seconds.
        run: Number of the run, from 0.
        told: Every text an operator or a log may have got of the fills.
    """

    door: Door
    sandbox: Sandbox
    context: RunContext
    time: FakeTime
    file: Path
    connect: Callable[[float], None]
    run: int = 0
    told: list[str] = field(default_factory=list)

    @property
    def series(self) -> Series:
        """The door's series."""
        return self.context.catalog.series[self.door.series]

    @property
    def gap(self) -> Interval:
        """The hole."""
        return Interval(self.door.start, self.door.end)

    @property
    def around(self) -> Interval:
        """The hole and what stands beside it."""
        return Interval(self.door.start - 2 * self.door.step, self.door.end + 2 * self.door.step)

    def truth(self, stretch: Interval) -> dict[datetime, dict[str, float]]:
        """Return what the source states, by the sandbox's own account."""
        source = "ree" if self.door.source == "esios" else self.door.source
        (api,) = (api for api in APIS if api.name == source)
        truth = api.truths[self.door.series]
        return {
            slot: {
                name: value
                for name, value in zip(truth.columns, row, strict=True)
                if value is not None
            }
            for slot, row in truth.rows({"stations": "full"}, stretch.start, stretch.end)
        }

    def seed(self) -> None:
        """Let stand what is true on both sides of the hole."""
        grade = Grade(max(self.series.target, self.door.grade))
        readings = [
            Reading(slot, values, grade, "seed")
            for slot, values in self.truth(self.around).items()
            if slot not in self.gap and slot < NOW
        ]
        self.context.store.write(self.series, readings, STOOD)

    def plan(self, *, force: bool = False, refresh: bool = False) -> list[Unit]:
        """Plan the hole for this door's source alone."""
        selection = Selection((self.series,), self.gap.start, self.gap.end)
        order = RunRequest(selection, force=force, refresh=refresh, sources=(self.door.source,))
        return [
            u
            for u in make_plan(self.context, order, detect_all(self.context, order)).units
            if not u.enrich
        ]

    def fill(self, unit: Unit) -> Ended:
        """Carry a unit out."""
        try:
            ended = Ended(certificate=fill(self.context, unit, f"run{self.run}"))
        except GapfillError as exc:
            self.told.append("".join(traceback.format_exception(exc)))
            ended = Ended(error=exc)
        self.told.append(ended.said)
        return ended

    def requests(self) -> list[JournalEntry]:
        """Return what came to the door's source."""
        return self.sandbox.requests.of(self.door.source)

    def later(self, wait: timedelta) -> None:
        """Let time pass, the sandbox's clock too; the next run has another id."""
        now = self.context.now + wait
        self.context = replace(self.context, now=now)
        self.sandbox.clock.set(now)
        self.run += 1

    def rows(self) -> dict[datetime, Row]:
        """Return what the store holds of the hole."""
        return {row.slot: row for row in self.context.store.read(self.series, self.gap)}

    def stood(self) -> list[Row]:
        """Return what the store holds beside the hole."""
        rows = self.context.store.read(self.series, self.around)
        return [row for row in rows if row.slot not in self.gap]

    def untrue(self) -> list[tuple[datetime, str, float]]:
        """Return the stored values that are not as the source states them."""
        truth = self.truth(self.gap)
        return [
            (slot, name, value)
            for slot, row in self.rows().items()
            for name, value in row.values.items()
            if abs(value - self._stated(truth.get(slot, {}), name)) > 1e-6
        ]

    def _stated(self, values: Mapping[str, float], name: str) -> float:
        if name == "price_eur_kwh":
            return values.get("price_eur_mwh", float("inf")) / 1000
        return values.get(name, float("inf"))

    def outcomes(self) -> set[str]:
        """Return what the ledger says of the hole."""
        entries = self.context.store.entries(self.door.series)
        return {str(e.outcome) for e in entries if intersect([e.interval], [self.gap])}

    def evidence(self) -> str:
        """Return every word of the ledger and of the blocks."""
        entries = self.context.store.entries(self.door.series)
        blocks = self.context.store.blocks(self.context.now)
        return "\n".join([*(e.evidence for e in entries), *(b.reason for b in blocks)])

    def leaked(self, caplog: pytest.LogCaptureFixture) -> list[str]:
        """Return the secrets told anywhere: in a log, a message, the ledger, the store's files."""
        files = [p.read_bytes() for p in self.file.parent.glob(f"{self.file.name}*")]
        texts = [caplog.text, self.evidence(), *self.told, *(f.decode("latin-1") for f in files)]
        return [leak for text in texts for leak in leaks(text)]


def is_tried_again(error: BaseException) -> bool:
    """Ask the retry policy about a first failure of a critical unit."""
    instance = SimpleNamespace(run_id="r", task_id="backfill", map_index=0)
    task = SimpleNamespace(op_kwargs={"unit": {"severity": "critical"}})
    context: Any = {"task": task, "ti": instance}
    return BySeverity().evaluate(error, 1, 5, context).action.value == "retry"


def connections(door: Door, url: str, timeout_s: float) -> dict[str, str]:
    """Return the environment variables of the door's connection."""
    source = catalog.load(catalog.SHIPPED).sources[door.source]
    given: dict[str, object] = {"conn_type": "http", "host": url}
    if door.has_key:
        given |= {"password": door.key}
        if door.source == "siar":
            given |= {"login": LOGIN}
    given["extra"] = {"timeout": timeout_s, **door.extra}
    return {f"AIRFLOW_CONN_{source.connection.upper()}": json.dumps(given)}


def known_catalog(door: Door) -> catalog.Catalog:
    """Return the shipped catalogue with the door's series alone, since just before its hole.

    Each source has its first station alone, so that no other one stands in for the door.
    """
    known = catalog.load(catalog.SHIPPED)
    series = with_one_station_each(known.series[door.series])
    series = replace(series, earliest=door.start - 2 * door.step)
    return replace(known, series={door.series: series})
