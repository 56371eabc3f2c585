"""Stops readers and writers of a measurement until a removal has written its points back.

Between the deletion and the write, points are missing. This is not a gap, whether the removal is
running or was killed, and a value that is written meanwhile would hide the value that the removal
puts back. So each question about a series also asks the journal, in the same request and after
the points: points that are read before an entry is noted are complete.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from gapfill.domain.series import Series
from gapfill.domain.unfinished_removal import Unfinished
from gapfill.services.ports import RemovalUnfinished
from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.response import ResponseTable
from gapfill.stores.influxdb.undo.recovery_journal import JOURNAL, SINCE

SINCE_FIRST = f"time >= {SINCE}"
"""The bound of a question to the journal."""


class Asker(Protocol):
    """An object that answers questions."""

    def ask(self, statements: Sequence[str], epoch: str = "s") -> list[list[ResponseTable]]:
        """Return the tables that each statement answers."""


class Watched:
    """A server that answers questions about series while no removal is unfinished there.

    Args:
        server: The server.
        series: The series.
        at_once: Whether all statements go in one request, of any length.
    """

    def __init__(self, server: InfluxClient, *series: Series, at_once: bool = False) -> None:
        self._ask = server.ask_at_once if at_once else server.ask
        names = sorted({one.measurement for one in series})
        self._questions = [_question(name, "retype", "removal") for name in names]

    def ask(self, statements: Sequence[str], epoch: str = "s") -> list[list[ResponseTable]]:
        """Return the tables that each statement answers, as ``Server.ask`` does.

        Raises:
            RemovalUnfinished: If a removal in the measurement of a series is not finished.
            StoreError: If it cannot be asked.
        """
        answers = self._ask([*statements, *self._questions], epoch)
        for left in answers[len(statements) :]:
            _refuse(_from(left))
        return answers[: len(statements)]


def refuse_unfinished(server: InfluxClient, known: Iterable[Series]) -> None:
    """Raise if a ``retype`` of the measurement of one of the series is not finished.

    Raises:
        RemovalUnfinished: With the next step.
    """
    names = sorted({series.measurement for series in known})
    if names:
        for tables in server.ask([_question(name, "retype") for name in names]):
            _refuse(_from(tables))


def is_retyped(server: InfluxClient, measurement: str) -> bool:
    """Return whether a ``retype`` of a measurement is not finished."""
    (tables,) = server.ask([_question(measurement, "retype")])
    return any(table.rows for table in tables)


def _question(measurement: str, *kinds: str) -> str:
    bars = " OR ".join(f'"{kind}" = {influxql.value(measurement)}' for kind in kinds)
    return influxql.select('"about", "refused"', JOURNAL, f"({bars})", SINCE_FIRST)


def _from(tables: Iterable[ResponseTable]) -> list[Unfinished]:
    """Return the texts of entries, one for each removal."""
    rows = (row for table in tables for row in table.rows)
    return list(dict.fromkeys(read_about(about, refused) for _, about, refused in rows))


def read_about(about: str, refused: str | None = None) -> Unfinished:
    """Return the text of an entry for people, and why its points are refused."""
    said: dict[str, Any] = json.loads(about)
    bounds = {name: datetime.fromisoformat(said[name]) for name in ("first", "last")}
    why = (refused or "").partition(" ")[2]
    return Unfinished(**said | bounds | (json.loads(why) if why else {}))


def _refuse(left: Sequence[Unfinished]) -> None:
    if left:
        raise RemovalUnfinished(left[0].sentence)
