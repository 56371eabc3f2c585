"""What the server refused to take, remembered so that no source is asked for it again.

A refusal holds as long as its cause does. Whenever refusals are read, the type of each field in its
shard is read again, with one short question. How long the bucket keeps points is read once per
process. If the cause cannot be read, the refusal holds for a day.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from gapfill.domain.candidate import RefusedRun
from gapfill.domain.formatting import by_days
from gapfill.domain.interval import BEGINNING, Interval, iso, merge
from gapfill.domain.series import Series
from gapfill.stores.influxdb import influxql, line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.names import PROVENANCE
from gapfill.stores.influxdb.points import from_ns
from gapfill.stores.influxdb.response import ResponseTable

REFUSED = "gapfill_refused"

BELIEVED = timedelta(days=1)
"""How long a refusal holds if its cause cannot be read."""

_OWN_TYPES = {"gapfill_grade": "integer"} | dict.fromkeys(PROVENANCE[1:], "string")

_TYPE = re.compile(r"type error: .*::(\w+) - true:")


class RefusedRange(NamedTuple):
    """Slots for which a write was refused.

    Attributes:
        interval: The slots, ``[start, end)``: those of the shard, or of a week of it, that are
            certainly in it.
        field: The field that has another type in the store; empty for another cause.
        theirs: Its type in the shard, or according to the refusal.
        seen: Its type according to a question about the shard at that time; empty without one.
        at: When it was refused, by the system's clock.
        said: The server's words.
    """

    interval: Interval
    field: str
    theirs: str
    seen: str
    at: datetime
    said: str


def type_in(server: InfluxClient, measurement: str, field: str, shard: Interval) -> str:
    """Return the type of a field in a shard, empty if it has none there.

    InfluxQL does not distinguish integers from floats in an answer. But it refuses to subtract a
    boolean, and names the type of the field as it does so, also where no point has the field.
    """
    window = f"time >= {to_ns(shard.start)} AND time < {to_ns(shard.end)}"
    statement = influxql.select(f"{influxql.name(field)} - true", measurement, window) + " LIMIT 1"
    said = server.ask_for_error(statement)
    found = _TYPE.search(said or "")
    return found[1] if found else ""


def own_type(field: str) -> str:
    """Return the type in which Gapfill writes a field."""
    return _OWN_TYPES.get(field, "float")


def remember(server: InfluxClient, series: Series, refusals: Sequence[RefusedRange]) -> None:
    """Note refusals of a series."""
    number = time.time_ns()
    head = line_protocol.head(REFUSED, {"series": series.name})
    lines = []
    for n, one in enumerate(refusals):
        fields: dict[str, str | int] = {
            "start": to_ns(one.interval.start) // 10**9,
            "end": to_ns(one.interval.end) // 10**9,
            "field": one.field,
            "theirs": one.theirs,
            "seen": one.seen,
            "said": one.said,
        }
        body = ",".join(line_protocol.field(key, what) for key, what in fields.items())
        lines.append(f"{head} {body} {number + n}")
    server.write(lines, "ns")


def question(is_its: str = "") -> str:
    """Return the question for refusals by series, those that meet a condition, times in ns."""
    what = ("start", "end", "field", "theirs", "seen", "said")
    return influxql.select(", ".join(map(influxql.name, what)), REFUSED, is_its, by='"series"')


def standing(
    server: InfluxClient, series: Series, tables: Sequence[ResponseTable]
) -> list[RefusedRun]:
    """Return the refusals of a series that still hold, and that of the bucket's retention rule.

    Args:
        server: The server.
        series: The series of the refusals.
        tables: The answer to ``question``; it may also be about other series.
    """
    last: dict[tuple[Interval, str], RefusedRange] = {}
    for table in (table for table in tables if table.tags.get("series") == series.name):
        for row in table.dicts():
            span = Interval(from_ns(row["start"] * 10**9), from_ns(row["end"] * 10**9))
            at = from_ns(row["time"])
            last[span, row["field"]] = RefusedRange(
                span, row["field"], row["theirs"], row["seen"], at, row["said"]
            )
    held = [one for found in last.values() if (one := _held(server, series, found))]
    return [*_beyond(server, series), *(run_of(server, series, one) for one in held)]


def _held(server: InfluxClient, series: Series, one: RefusedRange) -> RefusedRange | None:
    """Return a refusal with the type that the shard has now, ``None`` if it no longer holds.

    It holds while the shard has a type that differs from the one that Gapfill writes. If the shard
    had no type when it refused, the refusal holds for a day.
    """
    is_recent = _now() - one.at < BELIEVED
    if not one.field:
        return one if is_recent else None
    if series.field(one.field) is None and one.field not in PROVENANCE:
        return None  # the catalogue no longer has the field
    found = type_in(server, series.measurement, one.field, one.interval)
    if not found:
        return one if is_recent and not one.seen else None
    return None if found == own_type(one.field) else one._replace(theirs=found)


def run_of(server: InfluxClient, series: Series, one: RefusedRange) -> RefusedRun:
    """Return a refusal as messages show it."""
    if not one.field:
        again = iso((one.at + BELIEVED).replace(microsecond=0))
        reason = f"the store refused it ({one.said}); it is tried again after {again}"
        return RefusedRun(one.interval, reason)
    known = series.field(one.field)
    shard = server.bucket.shard_of(one.interval.start) or one.interval
    own, step = own_type(one.field), next_step(series, one.field, one.theirs)
    reason = (
        f"the store holds {one.field} of {series.measurement} as {one.theirs} in its shard "
        f"{by_days(shard)}, and refuses {own}s there: {step}"
    )
    return RefusedRun(one.interval, reason, "" if known is None or known.required else one.field)


def next_step(series: Series, field: str, theirs: str) -> str:
    """Return what ends the refusal of a field, which has their type in the shard."""
    if field in PROVENANCE:
        return f"another program writes {field}, a name of Gapfill's: let it use another name"
    command = f"gapfill retype {series.name}"
    if theirs in ("string", "boolean"):
        return f"correct or delete these values of the other program, then {command}"
    return command


def _beyond(server: InfluxClient, series: Series) -> list[RefusedRun]:
    """Return the slots that are older than the bucket keeps points, by the server's own clock."""
    keeps = server.bucket.keeps
    if keeps is None:
        return []
    end = series.grid.ceil(_now() - keeps)
    reason = (
        f"the bucket keeps points for {keeps / timedelta(days=1):g} d only, and refuses what is "
        "older: let it keep them longer, or give the series a later earliest"
    )
    return [RefusedRun(Interval(BEGINNING, end), reason)]


def runs_of(series: Series, slots: Sequence[datetime]) -> list[Interval]:
    """Return slots as runs, in order."""
    return merge(Interval(slot, series.grid.end_of(slot)) for slot in slots)


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
