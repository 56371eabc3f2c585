"""The demo's calls: what each asked for, in words, and how they compare with the fewest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tools.demo.sandbox import Entry

TITLES = {
    "ree": "REE",
    "esios": "ESIOS",
    "openweathermap": "OpenWeatherMap",
    "aemet": "AEMET",
    "siar": "SIAR",
    "open_meteo": "Open-Meteo",
}

_LOGIN = re.compile("/(Autenticacion|Info)/")
_SECOND_HOP = re.compile("/opendata/sh/")
_AEMET_DAYS = re.compile(r"/fechaini/(\d{4}-\d\d-\d\d)T.*/fechafin/(\d{4}-\d\d-\d\d)T")
_BOUNDS = (("start_date", "end_date"), ("FechaInicial", "FechaFinal"), ("start_hour", "end_hour"))
_REFUSED = frozenset({"429", "rate"})


def in_words(entry: Entry) -> str | None:
    """Return what a call asked for; ``None`` for one that is a part of another."""
    path, title = entry["path"], TITLES.get(entry["api"] or "", "somebody")
    if _SECOND_HOP.search(path) or "/cifrarCadena" in path or "/ACCESOS" in path:
        return None
    if is_login(entry):
        return f"logs in at {title}"
    refused = ", which answers 429" if is_refused(entry) else ""
    what = "now"
    if days := _days(entry):
        first, last = days
        is_same_year = first.year == last.year
        until = "" if first == last else f" to {last:{'%m-%d' if is_same_year else '%Y-%m-%d'}}"
        what = f"{first}{until}"
    elif "observacion" in path:
        what = "the last 12 hours"
    return f"asks {title} for {what}{refused}"


def _days(entry: Entry) -> tuple[date, date] | None:
    if found := _AEMET_DAYS.search(entry["path"]):
        return date.fromisoformat(found[1]), date.fromisoformat(found[2])
    query = entry["query"]
    for first, last in _BOUNDS:
        if first in query:
            bounds = query[first][0], query.get(last, query[first])[0]
            return date.fromisoformat(bounds[0][:10]), date.fromisoformat(bounds[1][:10])
    if "date" in query:
        day = date.fromisoformat(query["date"][0][:10])
        return day, day
    return None


def is_login(entry: Entry) -> bool:
    """Tell whether a call gets a token, or the limits of the account."""
    return bool(_LOGIN.search(entry["path"]))


def is_refused(entry: Entry) -> bool:
    """Tell whether a call was answered with 429."""
    return entry.get("fault") in _REFUSED


@dataclass(frozen=True, slots=True)
class Bill:
    """The calls to one source.

    Attributes:
        source: Catalogue name.
        asking: Calls that asked for values.
        fewest: How few of those could do.
        logins: Calls for tokens and limits.
        refused: Calls that were answered with 429.
    """

    source: str
    asking: int
    fewest: int
    logins: int
    refused: int

    @property
    def total(self) -> int:
        """All calls."""
        return self.asking + self.logins + self.refused


def bills(entries: Iterable[Entry], fewest: Mapping[str, int]) -> list[Bill]:
    """Return the calls to each source, beside the fewest that could do.

    Args:
        entries: What the sandbox was sent.
        fewest: How few calls for values could do, by source.
    """
    by_source: dict[str, list[Entry]] = {source: [] for source in fewest}
    for entry in entries:
        by_source.setdefault(entry["api"] or "nobody", []).append(entry)
    found = []
    for source, calls in by_source.items():
        logins = sum(map(is_login, calls))
        refused = sum(map(is_refused, calls))
        asking = len(calls) - logins - refused
        found.append(Bill(source, asking, fewest.get(source, 0), logins, refused))
    return found
