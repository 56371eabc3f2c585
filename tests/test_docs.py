"""What the documents name is there: links, error leaves, commands, connections, DAGs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gapfill import catalog, errors
from gapfill.cli.app import app

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in words}


@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(ROOT)) for p in PAGES])
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    """Files and headings alike; links to the web are not followed."""
    dead = []
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            dead.append(link)
    assert not dead


def test_the_runbook_has_an_entry_for_each_error_leaf() -> None:
    """Every message that sends people to the runbook finds its heading there."""
    leaves = [
        error.__name__
        for error in vars(errors).values()
        if isinstance(error, type)
        and issubclass(error, errors.GapfillError)
        and not any(sub.__module__ == errors.__name__ for sub in error.__subclasses__())
    ]
    runbook = (ROOT / "docs" / "how_to" / "runbook.md").read_text(encoding="utf-8")
    assert len(leaves) == 8
    assert [name for name in leaves if f"\n### {name}\n" not in runbook] == []


def test_the_readme_names_every_command_dag_series_and_connection() -> None:
    """What can be run, healed or set up is in its tables."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    known = catalog.load(catalog.SHIPPED)
    names = {
        *app.commands,
        *(path.stem for path in (ROOT / "dags").glob("*.py")),
        *known.series,
        *(source.connection for source in known.sources.values()),
        "gapfill_store",
    }
    assert sorted(n for n in names if not re.search(rf"`{re.escape(n)}[` ]", readme)) == []


def test_the_example_of_the_environment_has_every_connection() -> None:
    """Whoever copies it finds each source's line."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    connections = {source.connection for source in catalog.load(catalog.SHIPPED).sources.values()}
    wanted = {f"AIRFLOW_CONN_{name.upper()}" for name in connections | {"gapfill_store"}}
    assert sorted(name for name in wanted if f"{name}='{{" not in example) == []


def test_the_index_of_sources_names_every_page() -> None:
    """A page that nothing leads to is not read."""
    folder = ROOT / "docs" / "reference" / "sources"
    index = (folder / "README.md").read_text(encoding="utf-8")
    pages = sorted(p.name for p in folder.glob("*.md") if p.name != "README.md")
    assert [name for name in pages if f"]({name})" not in index] == []
    assert [Path(name).stem for name in pages] == sorted(catalog.load(catalog.SHIPPED).sources)


def test_every_decision_has_its_own_number_and_all_four_parts() -> None:
    """ADRs count up without a gap and without two of one number."""
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert numbers == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {page.name[:4]}. ")
        assert [
            part
            for part in ("\nStatus: ", "## Context", "## Decision", "## Consequences")
            if part not in text
        ] == []
