"""The shipped catalogue with the facts of all its sources in it, as one text to change."""

from __future__ import annotations

from textwrap import indent

from gapfill import catalog
from gapfill.sources import registry


def shipped_text() -> str:
    """Return the text of ``catalog.yaml``, with each ``source.yaml`` in it as it is written."""
    sources = ["sources:\n"]
    for name in catalog.load(catalog.SHIPPED).sources:
        facts = registry.facts_file(name)
        if facts is not None:
            sources += [f"  {name}:\n", indent(facts.read_text(encoding="utf-8"), "    ")]
    text = catalog.SHIPPED.read_text(encoding="utf-8")
    return text.replace("\nroutes:\n", f"\n{''.join(sources)}\nroutes:\n")
