"""Stored values in InfluxDB that are not readings, found inside the server.

The least and the greatest number of each stored field show whether a number is out of bounds. Only
then such numbers are counted. Texts and booleans are counted if a field has such a type in any
shard. InfluxDB stores no numbers that are not finite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from gapfill.domain.interval import Interval, iso, merge
from gapfill.domain.invalid_values import Ahead, Flaws, flaw_of, together
from gapfill.domain.series import Field, Series
from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.names import PROVENANCE, check_names
from gapfill.stores.influxdb.points import from_ns, in_pieces, read_points
from gapfill.stores.influxdb.questions import Question, Steps, in_halves, run
from gapfill.stores.influxdb.response import ResponseTable
from gapfill.stores.influxdb.undo.removal_watch import Asker
from gapfill.stores.points import contents_of, format_tags

NO_NUMBERS = ("string", "boolean")
"""Types of fields that are not numbers."""

COPIES_AT_ONCE, YEAR = 5_000, timedelta(days=365)
"""Maximum number of slots, and longest stretch, that are read at once to find copies."""


class InvalidReads:
    """The reads of one series' values that are not readings, as questions (``questions.Steps``).

    Attributes:
        series: The series.
    """

    def __init__(self, series: Series, own: str | None = None) -> None:
        """Take a series, and the condition that a point counts for it if that is known."""
        check_names(series)
        self.series = series
        self._own = influxql.is_own(series) if own is None else own

    def flaws(self, window: Interval) -> Steps[Flaws]:
        """Return the stored values of the window that are not readings."""
        return together((yield from in_halves(window, self._flaws)))

    def ahead(self, start: datetime) -> Steps[Ahead | None]:
        """Return the points from an instant on, ``None`` without any."""
        after = f"time >= '{iso(start)}'"
        names = [influxql.name(field.name) for field in self.series.fields]
        asked = [f"{what}({name})" for name in names for what in ("count", "last")]
        answers = yield Question([self._select(what, after) for what in asked], epoch="ns")
        counts = [_first(tables) for tables in answers[::2]]
        lasts = [_first(tables) for tables in answers[1::2]]
        points = max((row[1] for row in counts if row), default=0)
        newest = max((row[0] for row in lasts if row), default=None)
        return Ahead(points, from_ns(newest)) if newest is not None else None

    def _flaws(self, window: Interval) -> Steps[list[Flaws]]:
        """Return the counts of such values in a window, by field."""
        within, fields = influxql.within(window), self.series.fields
        (kinds,) = yield Question(
            [f"SHOW FIELD KEYS FROM {influxql.name(self.series.measurement)}"]
        )
        known = {(name, kind) for table in kinds for name, kind in table.rows}
        stored = {name for name, kind in known if kind not in NO_NUMBERS}
        bounded = [field for field in fields if field.name in stored and influxql.is_flaw(field)]
        numbers = [influxql.number(field.name) for field in bounded]
        answers = yield Question(
            [self._select(f"min({number}), max({number})", within) for number in numbers]
        )
        counted = [
            (field, "float")
            for field, tables in zip(bounded, answers, strict=True)
            if (ends := _first(tables)) and not all(map(field.is_reading, ends[1:]))
        ]
        counted += [(f, kind) for f in fields for kind in NO_NUMBERS if (f.name, kind) in known]
        return (yield from self._counted(counted, within)) if counted else []

    def _counted(self, fields: Sequence[tuple[Field, str]], within: str) -> Steps[list[Flaws]]:
        """Return the counts of values of some fields, of one type each, that are not readings."""
        statements = [
            self._select(f"{what}({influxql.name(field.name)}::{kind})", within, bad)
            for field, kind in fields
            for bad in [f"({influxql.is_flaw(field)})" if kind == "float" else ""]
            for what in ("count", "first")
        ]
        answers = yield Question(statements, epoch="ns")
        flaws: list[Flaws] = []
        for (field, kind), counts, firsts in zip(fields, answers[::2], answers[1::2], strict=True):
            n, first = _first(counts), _first(firsts)
            if n and first:
                texts = n[1] if kind in NO_NUMBERS else 0
                flaws.append(Flaws(n[1], texts, flaw_of(field, from_ns(first[0]), first[1])))
        return flaws

    def _select(self, what: str, *conditions: str) -> str:
        return influxql.select(what, self.series.measurement, self._own, *conditions)


class InfluxInvalidValues:
    """The values of one series that are not readings, read alone.

    Attributes:
        server: The server of its points.
        series: The series.
    """

    def __init__(self, server: Asker, series: Series) -> None:
        self.server = server
        self.series = series
        self._reads = InvalidReads(series)

    def flaws(self, window: Interval) -> Flaws:
        """Return the stored values of the window that are not readings."""
        return run(self.server, self._reads.flaws(window))

    def ahead(self, start: datetime) -> Ahead | None:
        """Return the points from an instant on, ``None`` without any."""
        return run(self.server, self._reads.ahead(start))

    def copies(self, window: Interval) -> dict[datetime, frozenset[str]]:
        """Return the fields of the series' own points that are copies, by slot."""
        years = [window.start]
        while years[-1] < window.end:
            years.append(min(years[-1] + YEAR, window.end))
        pieces = (Interval(*bounds) for bounds in pairwise(years))
        slots = sorted({at for one in pieces for at in in_pieces(one, self._possible_copies)})
        parts = (slots[n : n + COPIES_AT_ONCE] for n in range(0, len(slots), COPIES_AT_ONCE))
        return {slot: names for part in parts for slot, names in self._copied(part)}

    def _possible_copies(self, window: Interval) -> list[datetime]:
        """Return the slots of own points of a batch that have values of unknown source."""
        columns = ", ".join(map(influxql.name, PROVENANCE[1:]))
        is_ours = f"{influxql.has_tags(self.series.tags)} AND \"gapfill_batch\" != ''"
        within = influxql.within(window)
        statement = influxql.select(columns, self.series.measurement, is_ours, within, by="*")
        (tables,) = self.server.ask([statement], "ns")
        own = format_tags(self.series.tags)
        return [
            self.series.grid.floor(from_ns(row["time"]))
            for table in tables
            if format_tags(table.tags) == own
            for row in table.dicts()
            if row["gapfill_source"] in (None, "", "unknown")
            or ":unknown:" in (row["gapfill_kept"] or "")
        ]

    def _copied(self, slots: Sequence[datetime]) -> Iterator[tuple[datetime, frozenset[str]]]:
        spans = merge(Interval(slot, self.series.grid.end_of(slot)) for slot in slots)
        contents = contents_of(self.series, read_points(self.server, self.series, spans))
        yield from ((slot, content.copies) for slot, content in contents.items() if content.copies)


def _first(tables: Sequence[ResponseTable]) -> list[Any] | None:
    return next((row for table in tables for row in table.rows), None)
