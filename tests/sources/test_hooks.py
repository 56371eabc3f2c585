"""How the hook of a source is found, and what a package that is wrong comes to."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from gapfill import catalog
from gapfill.domain.candidate import Obstacle
from gapfill.errors import ConfigError
from gapfill.sources import registry
from gapfill.sources.hooks import hook_of
from tests.sources.third_party import install

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.airflow


def test_every_source_has_its_hook() -> None:
    """By the name ``HOOK`` in the module ``hook`` of its package."""
    found = {}
    for name in registry.names():
        hook = hook_of(name)
        assert hook is not None
        found[name] = hook.__name__
    assert (
        found.items()
        >= {
            "aemet": "AemetHook",
            "esios": "EsiosHook",
            "open_meteo": "OpenMeteoHook",
            "openweathermap": "OpenWeatherMapHook",
            "ree": "ReeHook",
            "siar": "SiarHook",
            "siar_csv": "SiarCsvHook",
        }.items()
    )
    assert hook_of("nobody") is None


def test_a_hook_of_another_distribution_is_imported_when_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not when its source is listed."""
    install(tmp_path, monkeypatch, "third_imported")
    assert "third_imported" in registry.names()
    assert "gapfill_third_imported" not in sys.modules
    hook = hook_of("third_imported")
    assert hook is not None
    assert hook.__module__ == "gapfill_third_imported.hook"


@pytest.mark.parametrize(
    "text,words",
    [
        (
            "import there_is_no_such_module",
            "cannot be imported (ModuleNotFoundError: No module named 'there_is_no_such_module')",
        ),
        ("HOOK = = 1", "cannot be imported (SyntaxError: "),
        ("1 / 0", "cannot be imported (ZeroDivisionError: division by zero); install it again."),
        ("", "must name a SourceHook as HOOK; see docs/how_to/catalogue.md, Another source."),
        ("HOOK = str", "must name a SourceHook as HOOK; "),
        ("HOOK = 1", "must name a SourceHook as HOOK; "),
    ],
    ids=["import", "syntax", "crash", "none", "class", "value"],
)
def test_a_hook_that_cannot_be_used_is_named_with_its_source(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    text: str,
    words: str,
) -> None:
    """The sentence has the module and the next step."""
    name = f"third_{request.node.callspec.id}"
    folder = install(tmp_path, monkeypatch, name)
    (folder / "hook.py").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        hook_of(name)
    start = f"the module gapfill_{name}.hook of the source {name!r} "
    assert str(caught.value).startswith(start + words)


def test_a_source_of_two_packages_is_refused_and_the_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever was taken, the other would be missed in silence."""
    install(tmp_path, monkeypatch, "ree")
    assert registry.names().count("ree") == 1
    for ask in (hook_of, registry.facts_file):
        with pytest.raises(ConfigError) as caught:
            ask("ree")
        assert str(caught.value) == (
            "The source 'ree' is defined by gapfill.sources.ree and by gapfill_ree: uninstall all "
            "but one of these packages, or give its entry point in gapfill.sources another name."
        )
    assert hook_of("esios") is not None


def test_an_entry_point_whose_package_is_gone_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after half an uninstallation."""
    install(tmp_path, monkeypatch, "gone", "gapfill_was_here.sources")
    for ask in (hook_of, registry.facts_file):
        with pytest.raises(ConfigError, match="gapfill_was_here"):
            ask("gone")


@pytest.mark.parametrize("name", ["with-dash", "with.dot", "n" * 81])
def test_a_name_that_no_task_can_have_is_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It would break the DAG for all sources."""
    install(tmp_path, monkeypatch, name, "gapfill_any")
    assert name not in registry.names()


def test_a_broken_package_is_an_obstacle_of_its_own_products(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan goes on without it, and says why."""
    from gapfill.orchestration.source_factory import AirflowSources

    known = catalog.load(catalog.SHIPPED)
    install(tmp_path, monkeypatch, "esios")
    sources = AirflowSources(known)
    assert sources.obstacle(known.sources["ree"].products[0]) is None
    obstacle = sources.obstacle(known.sources["esios"].products[1])
    assert isinstance(obstacle, Obstacle)
    assert obstacle.is_broken
    assert obstacle.sentence.startswith("cannot be used: The source 'esios' is defined by ")
