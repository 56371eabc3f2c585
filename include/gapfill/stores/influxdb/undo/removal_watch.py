"""Keeps readers and writers off a measurement while a removal is to write points back there.

Between its deletion and its writing points are missing. Whether it is running or was killed,
that is not a gap, and what is written there would hide the values that it puts
back. So each question about a series also asks the journal, in the same request and after
the points: what is read before an entry is noted is whole.
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
    """Whatever answers questions."""

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
    """Raise where a ``retype`` of the measurement of one of the series is not finished.

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
    """Return what entries say; those of one removal say the same."""
    rows = (row for table in tables for row in table.rows)
    return list(dict.fromkeys(read_about(about, refused) for _, about, refused in rows))


def read_about(about: str, refused: str | None = None) -> Unfinished:
    """Return what an entry says for people, and why points of it are refused."""
    said: dict[str, Any] = json.loads(about)
    bounds = {name: datetime.fromisoformat(said[name]) for name in ("first", "last")}
    why = (refused or "").partition(" ")[2]
    return Unfinished(**said | bounds | (json.loads(why) if why else {}))


def _refuse(left: Sequence[Unfinished]) -> None:
    if left:
        raise RemovalUnfinished(left[0].sentence)
