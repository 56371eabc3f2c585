"""``make demo``: the main job end to end, on this machine, without the internet.

A sandbox speaks as REE and ESIOS, a store holds two years of prices with holes, a real
Airflow runs ``gap_detection`` once. It ends with 0 only when every hour that is due is in
the store, once, with the price that REE published.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import requests
import yaml
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from gapfill import catalog
from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade, State
from gapfill.services.detect import detect
from gapfill.services.selection import Selection
from gapfill.services.site import Site
from gapfill.services.views import first_line
from gapfill.stores.sqlite import SqliteStore
from tools import holes
from tools.airflow_api import ApiError
from tools.local_airflow import LocalAirflow, free_port, inherited
from tools.processes import ProgramError, Programs, exit_on_signals

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from gapfill.domain.product import Product
    from gapfill.services.ports import Caller
    from tools.airflow_api import Task

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".gapfill" / "demo"
DAG = "gap_detection"
RUN_S = 480.0
READY_S = 60.0


class Demo:
    """One demonstration in its own folder, made anew each time."""

    def __init__(self, console: Console) -> None:
        self.out = console
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.store_file = FOLDER / "store.db"
        self.catalog_file = FOLDER / "catalog.yaml"

    def run(self) -> int:
        """Run it and return the exit code."""
        self.out.rule("Gapfill demo: two years of electricity prices heal themselves")
        with Programs(FOLDER) as programs:
            programs.clear()
            self._start_sandbox(programs)
            _write_catalog(self.catalog_file)
            truth = self._truth()
            self._seed(truth)
            self._show_holes()
            self._show_coverage("Before")
            self.out.print("Starting a real Airflow (scheduler, DAG processor, API server) …")
            with LocalAirflow(FOLDER / "airflow", self._environment()) as airflow:
                airflow.start(dags=[DAG])
                state, summary, certificates = self._heal(airflow)
            left = programs.stop()
        self._show_units(certificates, summary)
        self._show_coverage("After")
        return self._judge(state, summary, truth, left)

    def _start_sandbox(self, programs: Programs) -> None:
        command = [
            sys.executable,
            "-m",
            "gapfill.sandbox",
            "--port",
            str(self.port),
            "--now",
            holes.NOW.isoformat(),
            "--log",
            str(FOLDER / "requests.jsonl"),
        ]
        env = {**inherited(), "PYTHONPATH": str(ROOT / "include")}
        programs.start("sandbox", command, env, cwd=ROOT)
        programs.wait_until(self._is_ready, READY_S, "sandbox", "sandbox")
        self.out.print(
            f"The sandbox speaks as REE and ESIOS on {self.url}; "
            f"its clock stands at {holes.NOW:%Y-%m-%d %H:%M} UTC."
        )

    def _is_ready(self) -> bool:
        try:
            return self._get("/_sandbox/clock").startswith("2026")
        except requests.RequestException:
            return False

    def _get(self, path: str, **query: str) -> str:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(self.url + path, params=query, timeout=READY_S)
        answer.raise_for_status()
        return answer.text

    def _environment(self) -> dict[str, str]:
        host = json.dumps({"conn_type": "http", "host": self.url})
        store = json.dumps({"conn_type": "sqlite", "host": str(self.store_file)})
        return {
            "GAPFILL_NOW": f"{self.url}/_sandbox/clock",
            "GAPFILL_CATALOG": str(self.catalog_file),
            "GAPFILL_LOCKS": str(FOLDER / "locks"),
            "GAPFILL_RETRY_DELAY": "5",
            "AIRFLOW_CONN_GAPFILL_STORE": store,
            "AIRFLOW_CONN_REE_DEFAULT": host,
            "AIRFLOW_CONN_ESIOS_DEFAULT": host,
        }

    def _truth(self) -> dict[datetime, float]:
        """Return what REE has published, hour by hour, up to the last hour that is due."""
        text = self._get(
            "/_sandbox/truth",
            series="pvpc",
            geo="8741",
            start=holes.day(holes.EARLIEST.isoformat()).isoformat(),
            end=holes.DUE_END.isoformat(),
        )
        rows = csv.DictReader(io.StringIO(text))
        return {datetime.fromisoformat(r["slot"]): float(r["price_eur_mwh"]) for r in rows}

    def _seed(self, truth: dict[datetime, float]) -> None:
        gone = holes.missing_slots()
        readings = [
            Reading(
                slot, {"price_eur_mwh": price, "price_eur_kwh": price / 1000}, Grade.OFFICIAL, "ree"
            )
            for slot, price in truth.items()
            if slot not in gone
        ]
        store = SqliteStore(self.store_file)
        store.write(catalog.load(self.catalog_file).series["pvpc"], readings, "seed")
        store.close()

    def _heal(self, airflow: LocalAirflow) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
        run_id = airflow.api.trigger(DAG)
        self.out.print(f"One run of {DAG}:")
        run = airflow.api.follow(
            DAG, run_id, timeout_s=RUN_S, tell=self._tell, check=airflow.programs.check
        )
        summary = airflow.api.xcom(DAG, run_id, "summarize")
        certificates = [
            cast("dict[str, Any]", airflow.api.xcom(DAG, run_id, task.name, task.index))
            for task in airflow.api.tasks(DAG, run_id)
            if task.name.startswith("backfill_") and task.index >= 0
        ]
        return run["state"], cast("dict[str, Any]", summary or {}), certificates

    def _tell(self, task: Task) -> None:
        if task.state in ("success", "failed", "up_for_retry"):
            label = f"  {task.label}" if task.label else ""
            self.out.print(f"  {task.state:<8} {task.name}{label}")

    def _show_holes(self) -> None:
        table = Table("hole", "from", "hours", title="Cut out of the store", box=SIMPLE_HEAD)
        for hole in holes.HOLES:
            table.add_row(hole.what, f"{hole.start:%Y-%m-%d %H:%M}Z", str(len(hole.slots())))
        self.out.print(table)

    def _show_coverage(self, title: str) -> None:
        known = catalog.load(self.catalog_file)
        store = SqliteStore(self.store_file)
        reports = detect(
            Site(known, store, _Keyless(), holes.NOW), Selection(tuple(known.series.values()))
        )
        store.close()
        table = Table(
            "series",
            "coverage",
            "complete",
            "missing",
            "pending",
            "gaps",
            title=f"{title}: {first_line(reports)}",
            box=SIMPLE_HEAD,
        )
        for report in reports:
            coverage = report.coverage
            table.add_row(
                report.series,
                f"{100 * (coverage.coverage or 0):.3f} %",
                f"{coverage.counts[State.COMPLETE]:,}",
                f"{coverage.counts[State.MISSING]:,}",
                f"{coverage.counts[State.PENDING]:,}",
                str(len(coverage.gaps)),
            )
        self.out.print(table)

    def _show_units(self, certificates: list[dict[str, Any]], summary: dict[str, Any]) -> None:
        table = Table(
            "unit",
            "source",
            "calls",
            "asked",
            "filled",
            "outcome",
            title="What each unit did",
            box=SIMPLE_HEAD,
        )
        for c in certificates:
            table.add_row(
                c["unit"],
                c["source"],
                str(c["calls"]),
                str(c["slots_asked"]),
                str(c["slots_filled"]),
                c["outcome"],
            )
        self.out.print(table)
        best = holes.fewest_calls(holes.missing_slots())
        self.out.print(f"Calls: {summary.get('calls')}, the fewest possible are {best}.")

    def _judge(
        self, state: str, summary: dict[str, Any], truth: dict[datetime, float], left: list[int]
    ) -> int:
        """Say whether everything is as promised, and return the exit code."""
        store = SqliteStore(self.store_file)
        series = catalog.load(self.catalog_file).series["pvpc"]
        window = Interval(series.earliest, holes.day("2026-03-25"))
        stored = [(r.slot, r.values["price_eur_mwh"]) for r in store.read(series, window)]
        store.close()
        wrong = holes.differences(stored, truth)
        best = holes.fewest_calls(holes.missing_slots())
        if state != "success":
            wrong.append(f"the run ended {state}: {'; '.join(summary.get('failures', []))}")
        if summary.get("calls") != best:
            wrong.append(f"{summary.get('calls')} calls were made where {best} do")
        if left:
            wrong.append(f"processes would not end: {left}")
        self.out.print(f"Kept in {FOLDER}: the store, Airflow's logs, the sandbox's requests.")
        if wrong:
            for line in wrong[:10]:
                self.out.print(f"WRONG: {line}", style="red")
            self.out.print(f"{len(wrong)} things are wrong.", style="bold red")
            return 1
        self.out.print(
            f"Whole: all {len(truth):,} hours that are due hold the price REE published, "
            "once each; tomorrow's are pending.",
            style="bold green",
        )
        return 0


class _Keyless:
    """Sources as the demo has them set up, for looking only."""

    def obstacle(self, product: Product) -> str | None:
        """Only keyless products are set up."""
        return "is not configured" if product.needs_key else None

    def caller(self, source: str, before_call: Callable[[], None]) -> Caller:
        """Refuse: the demo's own process calls nobody."""
        raise AssertionError(source, before_call)

    def turn(self, source: str) -> AbstractContextManager[object]:
        """Refuse: the demo's own process calls nobody."""
        raise AssertionError(source)


def _write_catalog(path: Path) -> None:
    """Write the shipped catalogue with prices of two years only; weather has no source yet."""
    document = yaml.safe_load(catalog.SHIPPED.read_text(encoding="utf-8"))
    pvpc = document["series"]["pvpc"]
    pvpc["earliest"] = holes.EARLIEST
    document["series"] = {"pvpc": pvpc}
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")


def main() -> int:
    """Run the demo and return its exit code."""
    exit_on_signals()
    console = Console(width=None if sys.stdout.isatty() else 100, highlight=False)
    try:
        return Demo(console).run()
    except (ProgramError, ApiError) as exc:
        console.print(str(exc), style="red", markup=False)
    except KeyboardInterrupt:
        console.print("Stopped; nothing is left running.")
        return 130
    return 1


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
