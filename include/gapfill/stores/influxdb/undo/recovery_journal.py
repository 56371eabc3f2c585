"""What is to be written back after a removal, noted in the bucket in case of a kill.

An entry is a text of JSON in a point of ``gapfill_journal``: whose removal it is, and the
points. A short text beside it says the same for people (``unfinished_removals``), a third one
names the measurement of a ``retype``, a fourth one says how far it is, and a fifth one why the
server refuses points of it. An entry is emptied, not deleted, as writing is far quicker.

While a removal lives it needs its entry. Others leave an entry alone while a process of
this machine holds the lock (``removal_lock``). An entry of another machine, whose lock cannot be
seen here, they leave alone for ``PATIENCE``, many times what a removal takes between noting and
emptying it. The undo of the same batch, which is how a
killed one is carried on, does not wait. No process waits for an import that dropped values, as
trying that again must find its points for the notes.

A process that carries on the removal of another one marks the entry first, so that the other one
deletes nothing any more if it has not yet. It may be on its way all the same: it was stopped
behind its last look, or was killed and its request is still with the server. So such an entry is
not emptied. For ``SETTLES`` each write and each ``verify`` puts back what is missing of it, and
then it is emptied if nothing is. Only the process that has noted an entry, and whose deletion
has been answered, empties it at once.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from gapfill.domain.interval import iso
from gapfill.domain.series import Series
from gapfill.stores.influxdb import influxql, line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.errors import PartialWrite
from gapfill.stores.influxdb.names import PROVENANCE
from gapfill.stores.influxdb.points import from_ns
from gapfill.stores.influxdb.undo.foreign_points import Kept
from gapfill.stores.influxdb.undo.removal_lock import machine

JOURNAL = "gapfill_journal"

ENTRY = 30_000
"""Characters of an entry: InfluxDB takes texts of 64 kB at most, quotes escaped."""

PATIENCE = timedelta(minutes=15)

QUESTION = influxql.select('"lines", "state"', JOURNAL, "\"lines\" != ''")
"""Finds what is to be written back, times in nanoseconds."""

OPEN, TAKEN, BACK, DONE = "open", "taken", "back", "done"
"""How far an entry is: noted; carried on by another process; all was written back; emptied."""

SINCE = 1_735_689_600_000_000_000
"""2025-01-01, before the first entry: a question with a bound opens no older shard."""


class Removal(NamedTuple):
    """Whose entries are noted.

    Attributes:
        owner: The batch whose undo it is, which carries it on; empty where anybody does at once.
        batch: The batch that ``undo`` takes, where it has one.
        is_retype: Whether it is a ``retype``, whose points are all those of a measurement.
        file: Where a ``retype`` has saved the points.
    """

    owner: str = ""
    batch: str = ""
    is_retype: bool = False
    file: str = ""


def keep(
    server: InfluxClient,
    series: Series,
    whose: Removal,
    points: Sequence[Kept],
    span: tuple[int, int] | None = None,
) -> list[int]:
    """Note points that are to be written after a deletion, and return the entries' numbers.

    Args:
        server: Where.
        series: Whose points are removed.
        whose: The removal.
        points: The points.
        span: The first and the last instant that is deleted. With it a removal that writes
            nothing back has an entry too, without points: others must see that there was one.
    """
    parts: list[list[Kept]] = [[]] if span and not points else []
    size = 0
    for point in points:
        length = len(json.dumps(point))
        if not parts or size + length > ENTRY:
            parts.append([])
            size = 0
        parts[-1].append(point)
        size += length
    # The system's time: GAPFILL_NOW moves the readings' present, not the age of an entry.
    # Of two processes that note at once, none may write over the entry of the other.
    now = max(time.time_ns(), SINCE) + random.SystemRandom().randrange(10**6)
    numbers = [now + n for n in range(len(parts))]
    same = {
        "owner": whose.owner,
        "machine": machine(),
        "measurement": series.measurement,
        "is_retype": whose.is_retype,
        "own": own_of(series),
    }
    more = [line_protocol.field("state", OPEN)]
    if numbers:
        instants = [point.instant for point in points] or list(span or ())
        about = _about(series, whose, instants)
        if not points:
            about |= {"is_empty": True, "machine": machine()}
        more.append(line_protocol.field("about", json.dumps(about)))
    if points:
        kind = "retype" if whose.is_retype else "removal"
        more.append(line_protocol.field(kind, series.measurement))
    texts = [
        line_protocol.field("lines", json.dumps({**same, "points": part}) if part else "")
        for part in parts
    ]
    pairs = zip(numbers, texts, strict=True)
    server.write([f"{JOURNAL} {','.join([said, *more])} {number}" for number, said in pairs], "ns")
    return numbers


def own_of(series: Series) -> list[str]:
    """Return the names of the fields of a series' own points."""
    return [*(field.name for field in series.fields), *PROVENANCE]


def _about(series: Series, whose: Removal, instants: Sequence[int]) -> dict[str, object]:
    """Return what messages say about an entry."""
    first, last = bounds(instants)
    return {
        "series": series.name,
        "measurement": series.measurement,
        "batch": whose.batch,
        "is_retype": whose.is_retype,
        "file": whose.file,
        "first": iso(first),
        "last": iso(last),
    }


def clear(server: InfluxClient, numbers: Iterable[int]) -> None:
    """Empty entries."""
    _set(server, numbers, lines="", retype="", removal="", state=DONE)


def revise(server: InfluxClient, entries: Mapping[int, Mapping[str, object]]) -> None:
    """Note entries with other points in the place of those of the same numbers."""
    lines = [
        f"{JOURNAL} {line_protocol.field('lines', json.dumps(entry))} {number}"
        for number, entry in entries.items()
    ]
    server.write(lines, "ns")


def mark(server: InfluxClient, numbers: Iterable[int], step: str) -> None:
    """Note how far another process has carried on entries; written back, they bar no process."""
    free = {"retype": "", "removal": ""} if step == BACK else {}
    _set(server, numbers, **free, state=f"{step} {time.time_ns()}")


def refuse(
    server: InfluxClient, numbers: Iterable[int], exc: PartialWrite, own: Collection[str]
) -> None:
    """Note in entries why points cannot be written back, and when, for people.

    Args:
        server: Where.
        numbers: The entries.
        exc: What the server said.
        own: The fields of the series and of Gapfill: a ``retype`` makes floats of those.
    """
    is_typed = exc.field in own and exc.theirs in ("integer", "unsigned")
    why = json.dumps({"refused": str(exc), "is_typed": is_typed})
    _set(server, numbers, removal="", refused=f"{time.time_ns()} {why}")


def _set(server: InfluxClient, numbers: Iterable[int], **texts: str) -> None:
    """Write texts of entries."""
    said = ",".join(line_protocol.field(name, what) for name, what in texts.items())
    server.write([f"{JOURNAL} {said} {number}" for number in numbers], "ns")


def bounds(instants: Iterable[int]) -> tuple[datetime, datetime]:
    """Return the first and the last of instants in nanoseconds."""
    ordered = sorted(instants)
    return from_ns(ordered[0]), from_ns(ordered[-1])
