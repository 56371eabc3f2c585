"""A whole installation against the sandbox: every series, small holes in each.

Its catalogue is the shipped one. A source without a simulated API is paused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gapfill import catalog
from gapfill.domain.interval import END_OF_TIME, Interval
from gapfill.domain.series import Station
from gapfill.orchestration.source_factory import AirflowSources
from gapfill.services.context import RunContext
from gapfill.services.heal import Healed, heal
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection
from gapfill.stores.sqlite.store import SqliteStore
from tests.connections import connect
from tests.filling import fill
from tests.matrix.doors import KEY, LOGIN, NOW
from tests.services.conftest import FakeTime

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

    from gapfill.domain.plan import Plan, Unit
    from gapfill.domain.reading import Row
    from gapfill.services.certificate import Certificate

KEYED = ("esios", "openweathermap", "aemet", "siar")
KEYLESS = ("ree", "open_meteo")
FOLDER = "siar_csv"
PAUSED = {"paused": True}

EARLIEST = {
    "pvpc": datetime(2025, 11, 3, 23, tzinfo=UTC),
    "weather_hourly": datetime(2025, 11, 4, 12, tzinfo=UTC),
    "weather_daily": datetime(2025, 10, 20, tzinfo=UTC),
}
WHOLE = Interval(datetime(2018, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))


class Silent:
    """A watcher that says nothing."""

    def planned(self, plan: Plan) -> None:
        """A round's plan is made."""

    def began(self, unit: Unit) -> None:
        """A unit is begun."""

    def ended(self, certificate: Certificate) -> None:
        """A unit has ended."""


@dataclass
class Plant:
    """An installation.

    Attributes:
        context: As it stands.
        time: Its pauses.
    """

    context: RunContext
    time: FakeTime

    def order(self, sources: tuple[str, ...] | None = None, *series: str) -> RunRequest:
        """Return an order for some series, all by default, from some sources."""
        known = self.context.catalog.series
        wanted = tuple(known[name] for name in series or known)
        return RunRequest(Selection(wanted), sources=sources)

    def plan(self, sources: tuple[str, ...] | None = None, *series: str) -> Plan:
        """Plan."""
        order = self.order(sources, *series)
        return make_plan(self.context, order, detect_all(self.context, order))

    def fill(self, unit: Unit, run: str = "run") -> Certificate:
        """Carry a unit out."""
        return fill(self.context, unit, run)

    def heal(self, sources: tuple[str, ...] | None = None, *series: str, run: str = "r") -> Healed:
        """Plan and carry out, again and again."""
        return heal(self.context, self.order(sources, *series), run, Silent())

    def rows(self, series: str) -> list[Row]:
        """Return all of a series that stands."""
        return self.context.store.read(self.context.catalog.series[series], WHOLE)

    def at(self, now: datetime) -> Plant:
        """Return it at another instant."""
        return Plant(replace(self.context, now=now), self.time)


def plant(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    url: str,
    *,
    keyed: tuple[str, ...] = KEYED,
    earliest: Mapping[str, datetime] = EARLIEST,
    stations: Mapping[str, str] | None = None,
) -> Plant:
    """Set an installation up, with keys for some sources.

    Args:
        monkeypatch: Sets the connections.
        folder: For the store.
        url: Root URL of every API.
        keyed: Sources whose connection has a key.
        earliest: Series and their first slot.
        stations: Other stations, by source.
    """
    known = catalog.load(catalog.SHIPPED)
    for name in known.sources.keys() - {*KEYED, *KEYLESS, FOLDER}:
        connect(monkeypatch, known.sources[name].connection, conn_type="http", extra=PAUSED)
    for name in KEYED + KEYLESS:
        extra = {"timeout": 10, "redirect_hosts": ["localhost"]}
        given: dict[str, object] = {"conn_type": "http", "host": url, "extra": extra}
        if name in keyed:
            given |= {"password": KEY} | ({"login": LOGIN} if name == "siar" else {})
        monkeypatch.setenv(
            f"AIRFLOW_CONN_{known.sources[name].connection.upper()}", json.dumps(given)
        )
    series = {}
    for name, first in earliest.items():
        shipped = known.series[name]
        place = shipped.place
        if stations is not None:
            always = Interval(WHOLE.start, END_OF_TIME)
            others = tuple(Station(source, id_, always) for source, id_ in stations.items())
            place = replace(place, stations=others)
        series[name] = replace(shipped, earliest=first, place=place)
    known = replace(known, series=series)
    time, store = FakeTime(), SqliteStore(folder / "plant.db")
    context = RunContext(known, store, AirflowSources(known), NOW, time.sleep, time.monotonic)
    return Plant(context, time)
