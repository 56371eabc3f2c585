"""The removals that are not finished, or of which points are missing again: for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.undo.foreign_points import Kept
from gapfill.stores.influxdb.undo.missing_points import kept_still, lacking
from gapfill.stores.influxdb.undo.recovery_journal import BACK, JOURNAL, bounds
from gapfill.stores.influxdb.undo.removal_watch import SINCE_FIRST, read_about

if TYPE_CHECKING:
    from gapfill.domain.unfinished_removal import Unfinished
    from gapfill.stores.influxdb.client import InfluxClient

_QUESTION = influxql.select(
    '"about", "lines", "state", "refused"', JOURNAL, "\"lines\" != ''", SINCE_FIRST
)


def unfinished(server: InfluxClient) -> list[Unfinished]:
    """Return the removals whose points are not all written back, each once.

    An entry that was written back once is one of them while points of it are missing: the
    deletion of a process that lives on elsewhere came after that.
    """
    (tables,) = server.ask([_QUESTION])
    found: dict[Unfinished, None] = {}
    barred: set[str] = set()
    back: list[tuple[Unfinished, dict[str, Any]]] = []
    for _, about, lines, state, refused in [row for table in tables for row in table.rows]:
        entry = json.loads(lines)
        one = read_about(about or _derived(entry), refused)
        if (state or "").partition(" ")[0] == BACK:
            back.append((one._replace(is_back=True), entry))
            continue
        found[one] = None
        if one.bars:  # its points are missing anyway
            barred.add(one.measurement)
    for one, entry in back:
        if one not in found and one.measurement not in barred and _lacks(server, entry):
            found[one] = None
    return list(found)


def _lacks(server: InfluxClient, entry: dict[str, Any]) -> bool:
    """Return whether points of an entry are missing that the bucket would keep."""
    points = [Kept(*point) for point in entry["points"]]
    measurement, own = entry["measurement"], entry["own"]
    return bool(kept_still(server, lacking(server, measurement, points, own)))


def _derived(entry: dict[str, Any]) -> str:
    """Return what an entry of an earlier build, which emptied that text, says for people."""
    first, last = bounds(point[1] for point in entry["points"])
    about = {"series": "SERIES", "measurement": entry["measurement"]}
    return json.dumps({**about, "first": str(first), "last": str(last)})
