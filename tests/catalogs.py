"""The catalogue of the tests: the frozen one, and changed copies of it in a file.

A source that the shipped catalogue gains must not change a test of something else. So all tests
use ``tests/catalog.yaml``, in code by ``frozen()``, in a process by ``GAPFILL_CATALOG`` (which
``conftest.py`` sets). ``tests/catalog/test_catalog.py`` lists the tests that use the shipped one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from gapfill import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gapfill.catalog import Catalog

FROZEN = Path(__file__).with_name("catalog.yaml")
EXAMPLES = Path(__file__).parents[1] / "docs" / "how_to" / "catalogue.md"


def frozen() -> Catalog:
    """Return the frozen catalogue."""
    return catalog.load(FROZEN)


def write_catalog(
    folder: Path,
    *,
    only: Sequence[str] = (),
    earliest: str | Mapping[str, str] = "",
    per_minute: int | None = None,
    example: str = "",
    base: Path = FROZEN,
) -> Path:
    """Write a changed copy of a catalogue into a folder, and return its path.

    Args:
        folder: Gets the file ``catalog.yaml``.
        only: Series to keep; empty: all of them.
        earliest: First day of all series, or of some, by name; those not named keep theirs.
        per_minute: Rate of every source; ``None`` keeps each source's own.
        example: Heading in ``docs/how_to/catalogue.md`` whose example is added.
        base: What is copied.
    """
    document = yaml.safe_load(base.read_text(encoding="utf-8"))
    if example:
        _merge(document, _example(example))
    series = document["series"]
    for name in set(series) - set(only or series):
        del series[name]
    days = dict.fromkeys(series, earliest) if isinstance(earliest, str) else earliest
    for name, day in days.items():
        if day:
            series[name]["earliest"] = day
    for source in document["sources"].values() if per_minute else ():
        source["per_minute"] = per_minute
    path = folder / "catalog.yaml"
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")
    return path


def example_headings() -> list[str]:
    """Return the headings in ``docs/how_to/catalogue.md`` that have an example."""
    sections = EXAMPLES.read_text(encoding="utf-8").split("\n## ")[1:]
    return [text.splitlines()[0] for text in sections if "```yaml\n" in text]


def _example(heading: str) -> dict[str, Any]:
    """Return the YAML example below a heading of ``docs/how_to/catalogue.md``."""
    below = EXAMPLES.read_text(encoding="utf-8").split(f"## {heading}", 1)[1]
    found: dict[str, Any] = yaml.safe_load(below.split("```yaml\n", 1)[1].split("```", 1)[0])
    return found


def _merge(document: dict[str, Any], example: Mapping[str, Mapping[str, Any]]) -> None:
    """Add the entries of an example, and its keys to those entries that are there."""
    for section, entries in example.items():
        for name, entry in entries.items():
            known = document[section].setdefault(name, {})
            for key, value in entry.items():
                if isinstance(value, dict) and isinstance(known.get(key), dict):
                    known[key].update(value)
                else:
                    known[key] = value
