"""A source of another distribution, as pip would install it: a package and an entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FACTS = """title: Third party
connection: third_party
host: https://api.example
per_minute: 60
products:
  hourly:
    quantity: pvpc
    resolution: PT1H
    grade: official
    span: P1D
    available: {days: -1, at: "20:50", zone: Europe/Madrid}
    grace: {days: 1, at: "00:00", zone: Europe/Madrid}
"""

HOOK = '''"""Gives one price to every hour."""

from gapfill.domain.reading import Reading
from gapfill.sources.http.client import ApiCall
from gapfill.sources.http.hook import ApiHook
from gapfill.sources.model import Answer, HttpRequest


class ThirdPartyHook(ApiHook):
    """Asks for the hours of an ask."""

    default_conn_name = "third_party"
    hook_name = "Third party"
    source = "NAME"
    public_host = "https://api.example"
    probe = HttpRequest("/hours")

    def fetch(self, ask):
        """Return a reading for each asked slot."""
        self.call(ApiCall(self.probe), ask)
        slots = ask.series.grid.slots(ask.interval)
        grade = ask.product.grade
        values = {"price_eur_mwh": 42.5}
        return Answer(tuple(Reading(s, values, grade, ask.origin) for s in slots), evidence="all")


HOOK = ThirdPartyHook
'''


def install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str | None = None
) -> Path:
    """Put a distribution with one source on the path, and return the folder of its package.

    Args:
        folder: For its files.
        monkeypatch: Undoes it.
        name: Of the source.
        package: Import path that its entry point names; ``gapfill_<name>`` where left out.
    """
    home = folder / f"gapfill_{name}"
    home.mkdir()
    (home / "__init__.py").write_text('"""A source."""\n', encoding="utf-8")
    (home / "source.yaml").write_text(FACTS, encoding="utf-8")
    (home / "hook.py").write_text(HOOK.replace("NAME", name), encoding="utf-8")
    info = folder / f"gapfill_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: gapfill-{name}\nVersion: 1.0\n", encoding="utf-8")
    entry = f"[gapfill.sources]\n{name} = {package or home.name}\n"
    (info / "entry_points.txt").write_text(entry, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    return home
