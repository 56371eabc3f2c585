"""The facts of a source stand in its package; a catalogue file may replace them, whole."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from gapfill import catalog
from gapfill.errors import ConfigError
from gapfill.sources import registry
from tests.sources.third_party import install

if TYPE_CHECKING:
    from pathlib import Path

BUILT_IN = ("aemet", "esios", "open_meteo", "openweathermap", "ree", "siar", "siar_csv")


def _catalog(folder: Path, routes: str, sources: str = "") -> Path:
    """Write the shipped catalogue with other routes of prices, and with sources of its own."""
    text = catalog.SHIPPED.read_text(encoding="utf-8")
    assert "    - sources: [ree, esios]" in text
    path = folder / "catalog.yaml"
    text = text.replace("    - sources: [ree, esios]", f"    - sources: [{routes}]")
    path.write_text(text + sources, encoding="utf-8")
    return path


def test_the_shipped_catalogue_has_the_sources_of_all_packages() -> None:
    """It defines none itself; each package's products come in the order of its file."""
    document = yaml.safe_load(catalog.SHIPPED.read_text(encoding="utf-8"))
    assert list(document) == ["places", "routes", "series"]
    known = catalog.load(catalog.SHIPPED).sources
    assert sorted(known) == list(registry.names())
    assert set(BUILT_IN) <= set(known)
    assert [product.key for product in known["esios"].products] == ["esios.1001", "esios.archive70"]
    assert (known["aemet"].per_minute, known["siar"].opening_calls) == (20, 4)


def test_a_source_that_the_file_defines_is_as_the_file_has_it(tmp_path: Path) -> None:
    """Whole: no product and no ceiling of its package is added. Others are as packaged."""
    own = """
sources:
  ree:
    title: A mirror
    connection: mirror
    host: https://mirror.example
    per_minute: 5
    products:
      mirrored:
        quantity: pvpc
        resolution: PT1H
        grade: modelled
        span: P1D
        available: {lag: PT1H}
        grace: {lag: PT2H}
"""
    known = catalog.load(_catalog(tmp_path, "ree, esios", own)).sources
    mirror = known["ree"]
    assert (mirror.title, mirror.per_minute, mirror.per_day) == ("A mirror", 5, None)
    assert [product.key for product in mirror.products] == ["ree.mirrored"]
    assert known["esios"] == catalog.load(catalog.SHIPPED).sources["esios"]


def test_a_file_that_defines_all_it_names_has_no_source_besides(tmp_path: Path) -> None:
    """As in earlier releases: it is not offered what was installed since."""
    shipped = catalog.SHIPPED.read_text(encoding="utf-8")
    document = yaml.safe_load(shipped)
    document["places"]["linares"]["stations"] = []
    document["routes"] = {"prices": [{"sources": ["ree"]}]}
    document["series"] = {"pvpc": document["series"]["pvpc"]}
    facts = registry.facts_file("ree")
    assert facts is not None
    document["sources"] = {"ree": yaml.safe_load(facts.read_text(encoding="utf-8"))}
    path = tmp_path / "catalog.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    assert list(catalog.load(path).sources) == ["ree"]


def test_a_source_of_another_distribution_is_taken_where_a_route_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its entry point; without a route it is not in the catalogue."""
    before = registry.names()
    install(tmp_path, monkeypatch, "meteostat")
    assert registry.names() == tuple(sorted((*before, "meteostat")))
    named = catalog.load(_catalog(tmp_path, "ree, meteostat")).sources["meteostat"]
    assert (named.title, [product.key for product in named.products]) == (
        "Third party",
        ["meteostat.hourly"],
    )
    assert "meteostat" not in catalog.load(catalog.SHIPPED).sources


def test_listing_the_sources_imports_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DAG files are parsed often; neither are they imported to read their facts."""
    install(tmp_path, monkeypatch, "meteostat")
    assert "meteostat" in registry.names()
    assert registry.facts_file("meteostat") == tmp_path / "gapfill_meteostat" / "source.yaml"
    assert "gapfill_meteostat" not in sys.modules


def test_wrong_facts_are_told_with_their_file_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And only where a route names the source: the shipped catalogue goes on."""
    folder = install(tmp_path, monkeypatch, "meteostat")
    facts = folder / "source.yaml"
    text = facts.read_text(encoding="utf-8")
    for change, to, words in (
        ("per_minute: 60", "per_minute: 0", "is wrong at per_minute: Input should be greater"),
        ("span: P1D", "span: long", "is wrong at products.hourly.span: expected an ISO 8601"),
        ("title:", "tilte:", "is wrong at title: Field required; tilte: unknown key."),
        ("title: T", "title: [T", "is not valid YAML: "),
    ):
        facts.write_text(text.replace(change, to, 1), encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            catalog.load(_catalog(tmp_path, "ree, meteostat"))
        assert str(caught.value).startswith(f"The catalogue {facts} {words}")
    facts.unlink()
    with pytest.raises(ConfigError) as caught:
        catalog.load(_catalog(tmp_path, "ree, meteostat"))
    assert str(caught.value) == (
        f"The catalogue {facts} cannot be read (No such file or directory); "
        "see the package of the source."
    )
    assert set(BUILT_IN) <= set(catalog.load(catalog.SHIPPED).sources)


def test_a_source_that_is_nowhere_is_refused_with_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list has what is installed, whether or not a route names it."""
    install(tmp_path, monkeypatch, "meteostat")
    path = _catalog(tmp_path, "ree, meteosat")
    with pytest.raises(ConfigError) as caught:
        catalog.load(path)
    problem, _, known = str(caught.value).partition("; known: ")
    assert problem == (
        f"The catalogue {path} is wrong at routes.prices.0.sources: there is no source 'meteosat'"
    )
    assert {*BUILT_IN, "meteostat"} <= set(known.rstrip(".").split(", "))
