"""What the documents name is there: links, modules, error leaves, commands, connections, DAGs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gapfill import catalog, errors
from gapfill.cli.app import app

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
PRESENT = [page for page in PAGES if page.name != "CHANGELOG.md"]
"""Pages about the present: past versions named their own files."""
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([\w./*-]+)`")
_MODULES = re.compile(r"^\| (?:module )?in `(\w+)/` \|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)
"""A table of a package's modules: its name, and the rows."""
ROOTS = (ROOT / "include" / "gapfill", ROOT / "include", ROOT)
"""Where a path that a document names may begin."""
FOLDERS = {path.name for root in ROOTS for path in root.iterdir() if path.is_dir()}
FORMER = {"hooks", "sandbox", "wiring"}
"""Where things were once: a page that still sends people there is stale."""


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


def _is_there(name: str) -> bool:
    """Tell whether a path, a module without its ending or a dotted name is in the project."""
    if "/" not in name and not any((root / name).exists() for root in ROOTS):
        *module, last = name.split(".")
        parent = "/".join(module)
        return _is_there(f"{parent}/{last}") or any(
            re.search(rf"^(?:class |def |){last}\b", path.read_text(encoding="utf-8"), re.MULTILINE)
            for root in ROOTS
            for path in (root / f"{parent}.py", root / parent / "__init__.py")
            if path.exists()
        )
    return any(list(root.glob(path)) for root in ROOTS for path in (name.strip("/"), f"{name}.py"))


def _named(page: Path) -> set[str]:
    """Return the paths and dotted module names that a page puts into backticks."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    known = (FOLDERS | FORMER) - {"gapfill"}  # `gapfill.…` are names of metrics
    found = {name for name in _CODE.findall(text) if re.split(r"[/.]", name)[0] in known}
    names = {name for name in found if re.search(r"[/.]\w", name)}
    for package, rows in _MODULES.findall(text):
        firsts = (row.split("|")[1] for row in rows.splitlines())
        names |= {f"{package}/{name}" for first in firsts for name in _CODE.findall(first)}
    return names


@pytest.mark.parametrize("page", PRESENT, ids=[str(path.relative_to(ROOT)) for path in PRESENT])
def test_every_module_that_a_page_names_exists(page: Path) -> None:
    """A reader finds the file under the name that the page gives."""
    assert sorted(name for name in _named(page) if not _is_there(name)) == []


@pytest.mark.parametrize(
    "name",
    ["services/planner", "domain/severity.pyx", "sources/aemet/fewer", "services.views.plan"],
)
def test_a_module_that_is_gone_is_noticed(name: str) -> None:
    """The check above can fail."""
    assert not _is_there(name)


def test_the_architecture_says_where_things_are_decided() -> None:
    """What people ask for first is found without a search."""
    page = ROOT / "docs" / "explanation" / "architecture.md"
    names = _named(page)
    assert {
        "sources/aemet/errors.py",
        "domain/severity.py",
        "alerts/messages.py",
        "services/backfill",
        "domain/eligibility",
    } <= names
    assert "`last: 12`" in page.read_text(encoding="utf-8")


def test_the_index_of_the_documents_names_every_page() -> None:
    """A page that nothing leads to is not read."""
    docs = ROOT / "docs"
    index = (docs / "README.md").read_text(encoding="utf-8")
    pages = {
        str(path.relative_to(docs))
        for kind in ("tutorials", "how_to", "reference", "explanation")
        for path in (docs / kind).glob("*.md")
    }
    assert sorted(name for name in pages if f"]({name})" not in index) == []


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
    assert len(leaves) == 9
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
