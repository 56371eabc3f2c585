"""The contract on the sample source and on its copies with a fault; run by ``test_contract``.

It is written as the suite of a third party: packages with entry points, one class for each.
"""

# ruff: noqa: ANN401, RUF012 - as a subclass of a third party is written: any JSON, plain attributes

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gapfill.errors import RateLimited
from gapfill.testing.source_contract import Recorded, SourceContract
from tests.catalogs import FROZEN
from tests.testing.sample_source import FACTS, FAULTS, SampleHook

HOURS = [(14.5, 61), (15.25, 58), (16.0, 55), (16.5, 54), (15.0, 57), (13.75, 63)]
"""Temperature and humidity from 10:00 UTC on."""


def _install(folder: Path, hook: type[SampleHook]) -> str:
    """Write the package of a source and its entry point."""
    name = f"sample_{hook.__name__.lower()}"
    home, info = folder / name, folder / f"{name}-1.0.dist-info"
    home.mkdir()
    info.mkdir()
    (home / "__init__.py").write_text("")
    (home / "source.yaml").write_text(FACTS.replace("NAME", name))
    text = f"from tests.testing.sample_source import {hook.__name__} as HOOK\n"
    (home / "hook.py").write_text(text)
    (info / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[gapfill.sources]\n{name} = {name}\n")
    return name


class _Samples(SourceContract):
    product = "hourly"
    catalog = FROZEN
    start, end, now = "2025-11-04T10:00Z", "2025-11-04T16:00Z", "2025-11-06T12:00Z"
    answer = json.dumps(
        {
            "hours": [
                {"time": f"2025-11-04T{10 + n}:00:00+00:00", "temp": temperature, "hum": humidity}
                for n, (temperature, humidity) in enumerate(HOURS)
            ]
        }
    ).encode()
    values = {
        "2025-11-04T10:00Z": {"temperature": 14.5, "humidity": 61},
        "2025-11-04T15:00Z": {"temperature": 13.75},
    }
    empty = Recorded(200, b'{"hours": []}')
    refusals = {"too many": (Recorded(429, b'{"message": "Slow down"}'), RateLimited)}

    def set_value(self, document: Any, slot: datetime, field: str, value: object) -> None:
        self._row(document, slot)[{"temperature": "temp", "humidity": "hum"}[field]] = value

    def drop_row(self, document: Any, slot: datetime) -> None:
        document["hours"].remove(self._row(document, slot))

    def _row(self, document: Any, slot: datetime) -> Any:
        rows = document["hours"]
        return next(r for r in rows if datetime.fromisoformat(r["time"]).astimezone(UTC) == slot)


_FOLDER = Path(tempfile.mkdtemp(prefix="gapfill-samples-"))
sys.path.insert(0, str(_FOLDER))
_HOOKS: list[type[SampleHook]] = [SampleHook, *FAULTS]
for _hook in _HOOKS:
    _name = f"Test{_hook.__name__}"
    globals()[_name] = type(_name, (_Samples,), {"source": _install(_FOLDER, _hook)})
