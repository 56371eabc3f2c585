"""Every API in the sandbox, asked by the real hooks, on a clock that only sleeping moves."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from gapfill import catalog
from gapfill.orchestration.source_factory import AirflowSources
from gapfill.services.context import RunContext
from gapfill.stores.sqlite.store import SqliteStore
from gapfill_sandbox import serve
from tests.connections import connect
from tests.services.conftest import FakeTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from gapfill.domain.account_limits import AccountLimits
    from gapfill.services.ports import Caller
    from gapfill.sources.model import Answer, Ask
    from gapfill_sandbox import Sandbox

NAMES = ("ree", "esios", "openweathermap", "aemet", "siar", "open_meteo")


@dataclass
class Allowing:
    """A caller whose account allows something else than it says."""

    caller: Caller
    allowance: AccountLimits

    def open(self, ask: Ask | None = None, /) -> AccountLimits:
        """Make the calls of opening, and return the other allowance."""
        self.caller.open(ask)
        return self.allowance

    def fetch(self, ask: Ask) -> Answer:
        """Ask the API."""
        return self.caller.fetch(ask)


class Watched(AirflowSources):
    """The sources as connections set them up; keeps when, and for how many records, each call is.

    Attributes:
        time: The virtual clock.
        calls: Virtual seconds and records of each HTTP request.
        allowances: What accounts allow, instead of what the sandbox says.
    """

    def __init__(self, known: catalog.Catalog, time: FakeTime) -> None:
        super().__init__(known)
        self.time = time
        self.calls: list[tuple[str, float, int]] = []
        self.allowances: dict[str, AccountLimits] = {}

    def caller(self, source: str, before_call: Callable[[int], None]) -> Caller:
        """Return the source's hook, watched."""

        def watched(records: int) -> None:
            before_call(records)
            self.calls.append((source, self.time.seconds, records))

        caller = super().caller(source, watched)
        allowance = self.allowances.get(source)
        return Allowing(caller, allowance) if allowance else caller

    def turn(self, source: str) -> AbstractContextManager[object]:
        """Wait for nobody: nothing else runs."""
        return nullcontext(source)


@dataclass(frozen=True)
class Plant:
    """A site over the sandbox, and what moves around it."""

    context: RunContext
    sandbox: Sandbox
    sources: Watched
    time: FakeTime = field(repr=False)


@contextmanager
def plant(
    folder: Path,
    now: datetime,
    *,
    earliest: datetime | None = None,
    faults: Iterable[Mapping[str, object]] = (),
) -> Iterator[Plant]:
    """Serve every API, with every key, for as long as the context lasts.

    Args:
        folder: Where the store lies.
        now: The clock of the sandbox and the site.
        earliest: Since when the series are kept; as shipped by default.
        faults: In force from the start.
    """
    known = _since(catalog.load(), earliest)
    time = FakeTime()
    with (
        pytest.MonkeyPatch.context() as patch,
        serve(now=now, rates=dict.fromkeys(NAMES, 0), faults=faults) as sandbox,
    ):
        for name in NAMES:
            secrets: Mapping[str, str] = {"login": "12345678Z", "password": "a-good-key"}
            extra = {"one_call": True} if name == "openweathermap" else {}
            host = {"conn_type": "http", "host": sandbox.url}
            connect(patch, f"{name}_default", **host, **secrets, extra=extra)
        sources = Watched(known, time)
        store = SqliteStore(folder / "store.db")
        context = RunContext(known, store, sources, now, time.sleep, time.monotonic)
        yield Plant(context, sandbox, sources, time)
        store.close()


def _since(known: catalog.Catalog, earliest: datetime | None) -> catalog.Catalog:
    if earliest is None:
        return known
    series = {name: replace(s, earliest=earliest) for name, s in known.series.items()}
    return replace(known, series=series)
