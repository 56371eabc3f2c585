"""The demo's simulated APIs: started, asked for the truth, and for what they were asked."""

from __future__ import annotations

import csv
import re
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NotRequired, TypedDict, cast

import requests as http

from tools.local_airflow import ROOT, inherited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tools.processes import Programs

_START_S = 300.0
_REPLY_S = 300

Statements = dict[datetime, dict[str, float | None]]
"""What a source states: by slot and field."""


class SandboxError(Exception):
    """The sandbox cannot be used; the message says why."""


class Entry(TypedDict):
    """A request that the sandbox was sent."""

    api: str | None
    monotonic: NotRequired[float]
    path: str
    query: Mapping[str, Sequence[str]]
    status: int | None
    fault: NotRequired[str | None]


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The simulated APIs, all under one root URL."""

    url: str

    def set_clock(self, now: datetime) -> None:
        """Set the clock of everything."""
        self._ask("PUT", "clock", body=now.isoformat())

    def forget_requests(self) -> None:
        """Begin the count of requests anew; the log file goes on."""
        self._ask("DELETE", "requests")

    def requests(self) -> list[Entry]:
        """Return every request that was sent, oldest first."""
        return cast("list[Entry]", self._ask("GET", "requests").json())

    def truth(
        self, series: str, source: str, start: datetime, end: datetime, **more: str
    ) -> Statements:
        """Return what a source states for the slots of ``[start, end)``.

        Args:
            series: Which series.
            source: Which source.
            start: First slot.
            end: First slot that is not asked for.
            more: What narrows it further, such as ``geo``.
        """
        query = {"series": series, "source": source, **more}
        query |= {"start": start.isoformat(), "end": end.isoformat()}
        lines = self._ask("GET", "truth", query).text.splitlines()
        return {
            datetime.fromisoformat(row.pop("slot")): {
                field: float(value) if value else None for field, value in row.items()
            }
            for row in csv.DictReader(lines)
        }

    def _ask(
        self, method: str, name: str, query: Mapping[str, str] | None = None, body: str = ""
    ) -> http.Response:
        url = f"{self.url}/_sandbox/{name}"
        try:
            with http.Session() as session:
                session.trust_env = False
                reply = session.request(method, url, params=query, data=body, timeout=_REPLY_S)
        except http.RequestException as exc:
            message = f"The sandbox does not answer at {url}: {exc}"
            raise SandboxError(message) from exc
        if not reply.ok:
            message = (
                f"The sandbox answers {reply.url} with {reply.status_code}: {reply.text[:200]}"
            )
            raise SandboxError(message)
        return reply


def start_sandbox(
    programs: Programs, log: Path, now: datetime, faults: Sequence[str], siar_per_minute: int
) -> Sandbox:
    """Start the simulated APIs.

    Args:
        programs: What they run among.
        log: File that gets a line of JSON per request.
        now: Their clock.
        faults: What goes wrong.
        siar_per_minute: Calls that SIAR's account may make.
    """
    options = ["--now", now.isoformat(), "--port", "0", "--log", str(log)]
    options += ["--rate", f"siar={siar_per_minute}"]
    for fault in faults:
        options += ["--fault", fault]
    env = {**inherited(), "PYTHONPATH": str(ROOT / "include")}
    programs.start("sandbox", [sys.executable, "-m", "gapfill.sandbox", *options], env)
    found: list[str] = []

    def is_ready() -> bool:
        found.extend(re.findall(r"ready on (\S+)", programs.tail("sandbox")))
        return bool(found)

    programs.wait_until(is_ready, _START_S, "sandbox", "sandbox")
    return Sandbox(found[0])
