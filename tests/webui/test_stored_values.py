"""What is stored and does not count, as the routes tell it, and how often it is looked for."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.invalid_values import Flaws
from gapfill.domain.series import State
from gapfill.errors import StoreError
from gapfill.services.detection import detect
from gapfill.services.selection import Selection
from gapfill.stores.sqlite.store import SqliteStore
from gapfill.webui.snapshot_cache import StoreSnapshot, open_context
from gapfill.webui.stored_values import Stored
from tests.webui.test_query_routes import fill, utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fastapi.testclient import TestClient

    from gapfill.services.context import RunContext
    from gapfill.services.detection import Report
    from gapfill.services.ports import Each, SeriesWindow
    from tests.dags.conftest import Plant

pytestmark = pytest.mark.airflow

BAD = (
    "pvpc: 2 values out of bounds, the first price_eur_mwh 99999 at 2026-03-01T10:00:00Z "
    "(bounds: -1000 to 10000 €/MWh); they do not count as readings."
)
AHEAD = (
    "pvpc: 1 point lies after the last expected slot, the newest 2035-01-01T00:00:00Z; "
    "check the clock of the program that writes there."
)


def spoil(plant: Plant) -> None:
    """Put two absurd prices into the store, and one of 2035."""
    with closing(sqlite3.connect(plant.store_file)) as connection, connection:
        for at in (utc("2026-03-01T10"), utc("2026-03-02T10")):
            connection.execute(
                "UPDATE energy_prices SET price_eur_mwh = 99999 WHERE slot = ?", (at.timestamp(),)
            )
        connection.execute(
            "INSERT INTO energy_prices (tags, slot, price_eur_mwh) VALUES ('market=pvpc', ?, 5)",
            (utc("2035-01-01T00").timestamp(),),
        )


@pytest.mark.parametrize("path", ["/gaps/coverage", "/gaps/summary"])
def test_what_does_not_count_is_told_as_status_tells_it(
    client: TestClient, plant: Plant, path: str
) -> None:
    """Counted and named, beside the gaps that it makes."""
    fill(plant)
    spoil(plant)
    (pvpc,) = client.get(path).json()["series"]
    assert pvpc["slots"]["missing"] == 2
    assert pvpc["flaws"] == {
        "values": 2,
        "not_numbers": 0,
        "first": {"at": "2026-03-01T10:00:00Z", "field": "price_eur_mwh", "value": "99999"},
    }
    assert pvpc["ahead"] == {"points": 1, "newest": "2035-01-01T00:00:00Z"}
    assert pvpc["warnings"] == [BAD, AHEAD]


def test_a_sound_store_has_nothing_to_tell(client: TestClient, plant: Plant) -> None:
    """None found is not the same as not looked for."""
    fill(plant)
    (pvpc,) = client.get("/gaps/coverage").json()["series"]
    assert pvpc["flaws"] == {"values": 0, "not_numbers": 0, "first": None}
    assert (pvpc["ahead"], pvpc["warnings"]) == (None, [])


class Looks:
    """A clock that only looking moves, and the looks that the store was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, takes_s: float) -> None:
        self.now, self.looked = 1000.0, Counter[str]()
        whole = SqliteStore.flaws_each

        def counting(store: SqliteStore, windows: Sequence[SeriesWindow]) -> Each[Flaws]:
            self.looked.update(series.name for series, _ in windows)
            self.now += takes_s * len(windows)
            return whole(store, windows)

        monkeypatch.setattr(SqliteStore, "flaws_each", counting)
        self.stored = Stored(lambda: self.now)

    def look(self) -> dict[str, Report]:
        """Return a fresh look at two series that share the plant's prices."""
        with site_of_two() as context:
            reports = tuple(detect(context, Selection(tuple(context.catalog.series.values()))))
            view = StoreSnapshot(context.now, context.catalog, reports)
        return {r.series: r for r in self.stored.add_to(view, site_of_two).reports}


@contextmanager
def site_of_two() -> Iterator[RunContext]:
    """Open the plant with its series twice, under another name."""
    with open_context() as context:
        pvpc = context.catalog.series["pvpc"]
        series = {"pvpc": pvpc, "again": replace(pvpc, name="again")}
        yield replace(context, catalog=replace(context.catalog, series=series))


@pytest.mark.usefixtures("database")
def test_what_does_not_count_is_looked_for_rarely(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for a hundred times as long as it took, while gaps are found at once."""
    fill(plant)
    looks = Looks(monkeypatch, 0.5)
    assert looks.look()["pvpc"].flaws == Flaws()
    spoil(plant)
    looks.now += 49
    pvpc = looks.look()["pvpc"]
    assert (pvpc.coverage.counts[State.MISSING], pvpc.flaws, pvpc.warnings) == (2, Flaws(), ())
    assert looks.looked == {"pvpc": 1, "again": 1}
    looks.now += 1
    pvpc = looks.look()["pvpc"]
    assert pvpc.flaws is not None
    assert (pvpc.flaws.values, pvpc.warnings) == (2, (BAD, AHEAD))
    assert looks.looked["pvpc"] == 2


@pytest.mark.usefixtures("database")
def test_a_request_looks_for_a_few_seconds_only(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is not known, which is said, until the next request has gone on."""
    fill(plant)
    looks = Looks(monkeypatch, 2.5)
    first = looks.look()
    assert (first["pvpc"].flaws, first["again"].flaws) == (Flaws(), None)
    second = looks.look()
    assert (second["pvpc"].flaws, second["again"].flaws) == (Flaws(), Flaws())
    assert looks.looked == {"pvpc": 1, "again": 1}


@pytest.mark.usefixtures("database")
def test_what_cannot_be_looked_at_is_unknown(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never sound, and it is looked at again by the next request."""
    fill(plant)
    looks = Looks(monkeypatch, 0.5)

    def broken(*_: object) -> Flaws:
        message = "The store could not be read."
        raise StoreError(message)

    with monkeypatch.context() as failing:
        failing.setattr(SqliteStore, "flaws_each", broken)
        pvpc = looks.look()["pvpc"]
    assert (pvpc.error, pvpc.flaws) == ("The store could not be read.", None)
    assert pvpc.coverage.counts[State.UNKNOWN] > 800
    assert looks.look()["pvpc"].flaws == Flaws()
