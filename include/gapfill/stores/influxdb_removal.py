"""Points taken out of InfluxDB: the one thing that writing over them cannot do.

``/api/v2/delete`` takes every point that has the series' tags, and whatever more, with
all of its fields. So whatever of others stands at those instants is read first and
written back after. Between the two it stands in a journal in the bucket, from which the
next change writes it back if a kill comes in between.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from gapfill.domain.interval import Interval, merge
from gapfill.stores import influxdb_text as text
from gapfill.stores.points import format_tags

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from gapfill.domain.series import Series
    from gapfill.stores.influxdb_server import Server

JOURNAL = "gapfill_journal"

ENTRY = 30_000
"""Characters of an entry of the journal: InfluxDB takes texts of 64 kB at most, quotes escaped."""


def replace_points(
    server: Server, series: Series, slots: Collection[datetime], back: Sequence[str]
) -> None:
    """Remove the series' own points at slots, and write lines in their place.

    Fields of others in the same points, and points of others at the same instants, stay
    as they are.

    Args:
        server: Where.
        series: Whose points.
        slots: When; not empty.
        back: Lines with times in seconds.
    """
    spans = merge(Interval(slot, series.grid.end_of(slot)) for slot in slots)
    found = _read(server, series, spans)
    types = _types(server, series)
    at = {text.to_ns(slot) for slot in slots}
    others = [line for n, line in _lines_of_others(series, found, types) if n in at and line]
    lines = [*(f"{line}000000000" for line in back), *others]
    numbers = _journal(server, lines)
    for first, last in _runs(found, spans, at):
        server.delete(series.measurement, series.tags, first, last)
    server.write(lines, "ns")
    _clear(server, numbers)


def mend(server: Server) -> None:
    """Write back what a killed removal has left in the journal."""
    (tables,) = server.ask([text.select('"lines"', JOURNAL)], "ns")
    entries = [row for table in tables for row in table.rows]
    if entries:
        server.write([line for _, lines in entries for line in json.loads(lines)], "ns")
        _clear(server, [number for number, _ in entries])


def _read(
    server: Server, series: Series, spans: Sequence[Interval]
) -> list[tuple[dict[str, str], dict[str, Any]]]:
    """Return all points with the series' tags, and whatever more, as ``(tags, columns)``."""
    tables = server.ask(
        [
            text.select(
                "*", series.measurement, text.has_tags(series.tags), text.within(span), by="*"
            )
            for span in spans
        ],
        "ns",
    )
    return [(t.tags, row) for answer in tables for t in answer for row in t.dicts()]


def _types(server: Server, series: Series) -> dict[str, str]:
    """Return the type of each field of a measurement; of several, float goes before integer."""
    (tables,) = server.ask([f"SHOW FIELD KEYS FROM {text.name(series.measurement)}"])
    pairs = sorted(tuple(row) for table in tables for row in table.rows)
    return dict(reversed(pairs))


def _lines_of_others(
    series: Series,
    found: Sequence[tuple[dict[str, str], dict[str, Any]]],
    types: dict[str, str],
) -> Iterator[tuple[int, str]]:
    own = format_tags(series.tags)
    ours = {*(f.name for f in series.fields), *text.PROVENANCE}
    for tags, columns in found:
        is_own = format_tags(tags) == own
        fields = [
            text.field(name, float(what) if types.get(name) == "float" else what)
            for name, what in columns.items()
            if what is not None and name != "time" and not (is_own and name in ours)
        ]
        number = columns["time"]
        line = f"{text.head(series.measurement, tags)} {','.join(fields)} {number}"
        yield number, line if fields else ""


def _runs(
    found: Sequence[tuple[dict[str, str], dict[str, Any]]],
    spans: Sequence[Interval],
    at: Collection[int],
) -> Iterator[tuple[int, int]]:
    """Yield ``[first, last]`` of instants to delete at once: none between them is to stay."""
    present = sorted({columns["time"] for _, columns in found} | set(at))
    for span in spans:
        start, end = text.to_ns(span.start), text.to_ns(span.end)
        run: list[int] = []
        for number in [n for n in present if start <= n < end]:
            if number in at:
                run.append(number)
            elif run:
                yield run[0], run[-1]
                run = []
        if run:
            yield run[0], run[-1]


def _journal(server: Server, lines: Sequence[str]) -> list[int]:
    """Note lines that are to be written after a deletion, and return the entries' numbers."""
    entries: list[list[str]] = []
    size = 0
    for line in lines:
        if not entries or size + len(line) > ENTRY:
            entries.append([])
            size = 0
        entries[-1].append(line)
        size += len(line) + 1
    now = time.time_ns()
    numbers = [now + n for n in range(len(entries))]
    server.write(
        [
            f"{JOURNAL} {text.field('lines', json.dumps(entry))} {number}"
            for number, entry in zip(numbers, entries, strict=True)
        ],
        "ns",
    )
    return numbers


def _clear(server: Server, numbers: Sequence[int]) -> None:
    for number in numbers:
        server.delete(JOURNAL, {}, number, number)
