"""What the demo's store holds in the beginning, and what it must hold in the end."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from tools.demo import weather, world
from tools.demo.check import Expected
from tools.demo.stage import PRICES, DemoError, each_command, gapfill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tools.demo.sandbox import Sandbox, Statements
    from tools.demo.stage import Stage

_GAPS_LEFT = 3
"""Exit code of ``gapfill heal`` where something is still missing."""
_EARLIER_S = 120.0


def expectations(sandbox: Sandbox) -> dict[str, Expected]:
    """Return what each series must hold in the end, by the word of the simulated sources."""
    due_end = world.due_end(world.LATER)
    prices = sandbox.truth(PRICES, "ree", world.midnight(world.EARLIEST), due_end)
    for values in prices.values():
        values["price_eur_kwh"] = (values["price_eur_mwh"] or 0.0) / 1000
    hidden = {slot for hole in world.holes(world.NOW) for slot in hole.slots}
    found = {
        PRICES: Expected(
            truth=dict.fromkeys(("ree", "esios", "import"), prices),
            grades=dict.fromkeys(prices, weather.OFFICIAL),
            holes=hidden,
            required=("price_eur_mwh",),
            restored={},
        )
    }
    for series in (weather.HOURLY, weather.DAILY):
        grades = weather.best_grades(series)
        to_heal = [*weather.holes(series), *(hole for hole, _ in weather.worse(series))]
        found[series] = Expected(
            truth=_weather_truth(sandbox, series),
            grades=grades,
            holes={slot for hole in to_heal for slot in hole.slots} & grades.keys(),
            required=weather.REQUIRED[series],
            restored=weather.enriched(series),
            step=weather.STEP[series],
        )
    return found


def _weather_truth(sandbox: Sandbox, series: str) -> dict[str, Statements]:
    found: dict[str, Statements] = {}
    for source, spans in weather.truth_spans(series).items():
        statements = found.setdefault(source, {})
        for start, end in spans:
            name, _, station = source.partition("/")
            narrowed = {"station": station} if station else {}
            statements |= sandbox.truth(series, name, start, end, **narrowed)
    return found


def seed(stage: Stage, env: Mapping[str, str], expected: Mapping[str, Expected]) -> None:
    """Put what the store holds in the beginning into it, by the command that anyone can use."""
    prices = expected[PRICES]
    known = {slot: prices.truth["ree"][slot] for slot in prices.grades.keys() - prices.holes}
    _import(stage, env, PRICES, [(slot, known[slot], ()) for slot in sorted(known)])
    for series in (weather.HOURLY, weather.DAILY):
        truth = expected[series].truth
        rows = []
        for slot, stored in weather.seeds(series).items():
            stated = truth[stored.source][slot]
            values = {name: value for name, value in stated.items() if name not in stored.lacks}
            rows.append((slot, values, (stored.grade, stored.source)))
        _import(stage, env, series, rows)


@contextmanager
def earlier_run(stage: Stage, env: Mapping[str, str], sandbox: Sandbox) -> Iterator[None]:
    """Let a run of two days ago have AEMET's hours, and hear that nobody has the outage's days.

    So hours of both stations of AEMET are stored. SIAR gives a day
    beside the outage: an empty answer proves something only where the source is alive. The
    program mostly waits, at the pace of the sources, so that something else is done meanwhile.

    Raises:
        DemoError: If it fails.
    """
    sandbox.set_clock(world.EARLIER)
    first, last = f"{weather.OUTAGE[0]:%Y-%m-%d}", f"{weather.OUTAGE[1] - world.DAY:%Y-%m-%d}"
    start, end = (instant.isoformat() for instant in weather.EARLIER_HOURS)
    before = f"{weather.OUTAGE[0] - world.DAY:%Y-%m-%d}"
    commands = [
        ("heal", "--series", weather.HOURLY, "--start", start, "--end", end, "--json"),
        ("heal", "--series", weather.DAILY, "--start", before, "--end", last, "--json"),
    ]
    stage.programs.start("earlier", each_command(commands), env)
    yield
    code = stage.programs.wait("earlier", _EARLIER_S)
    if code not in {0, _GAPS_LEFT}:
        message = f"The earlier run ended with {code}: {stage.programs.tail('earlier')}"
        raise DemoError(message)
    sandbox.set_clock(world.NOW)
    sandbox.forget_requests()
    stage.show.step(
        f"two days ago AEMET gave 12 hours, and like SIAR none of {first} to {last[5:]}: "
        "gapfill heal"
    )


_Line = tuple[datetime, "Mapping[str, float | None]", "Sequence[object]"]


def _import(stage: Stage, env: Mapping[str, str], series: str, rows: Sequence[_Line]) -> None:
    file = stage.folder / f"{series}.csv"
    fields = list(dict.fromkeys(name for _, values, _ in rows for name in values))
    with file.open("w", newline="", encoding="utf-8") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow(("slot", *fields, *("grade", "source")[: len(rows[0][2])]))
        for slot, values, origin in rows:
            cells = [values.get(name) for name in fields]
            lines.writerow((f"{slot:%Y-%m-%dT%H:%M:%SZ}", *cells, *origin))
    gapfill(env, "--now", world.NOW.isoformat(), "import", series, str(file))
    stage.show.step(f"{len(rows):,} slots of {series} are in the store: gapfill import")
