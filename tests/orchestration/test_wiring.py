"""What connections make of an installation: the store, and why a product cannot be asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import ConfigError

if TYPE_CHECKING:
    from gapfill.catalog import Catalog

pytestmark = pytest.mark.airflow


def connect(monkeypatch: pytest.MonkeyPatch, conn_id: str, **fields: object) -> None:
    """Set a connection in the environment."""
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))


@pytest.mark.parametrize(
    "fields,sentence",
    [
        (None, "There is no connection gapfill_store."),
        (
            {"conn_type": "mysql", "host": "db"},
            "The connection gapfill_store has conn_type 'mysql'; this release can use sqlite.",
        ),
        (
            {"conn_type": "sqlite"},
            "The connection gapfill_store names no file: put its path into host.",
        ),
    ],
)
def test_a_store_that_is_not_set_up_is_said(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, object] | None, sentence: str
) -> None:
    """Never a silent default."""
    from gapfill.orchestration.wiring import make_store

    monkeypatch.delenv("AIRFLOW_CONN_GAPFILL_STORE", raising=False)
    if fields is not None:
        connect(monkeypatch, "gapfill_store", **fields)
    with pytest.raises(ConfigError) as caught:
        make_store()
    assert str(caught.value).startswith(sentence)


def test_an_installation_is_built_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The catalogue, the store's file, the clock."""
    from gapfill.orchestration.wiring import make_site

    connect(monkeypatch, "gapfill_store", conn_type="sqlite", host=str(tmp_path / "s.db"))
    monkeypatch.setenv("GAPFILL_NOW", "2026-03-20T12:00:00Z")
    site = make_site()
    assert site.now.isoformat() == "2026-03-20T12:00:00+00:00"
    assert list(site.catalog.series) == ["pvpc", "weather_hourly", "weather_daily"]
    site.store.verify()
    site.store.close()
    assert (tmp_path / "s.db").exists()


@pytest.mark.parametrize(
    "source,product,fields,sentence",
    [
        ("ree", 0, None, None),
        (
            "ree",
            0,
            {"conn_type": "http", "extra": {"paused": True}},
            'is paused ("paused": true in the extra of connection ree_default)',
        ),
        (
            "esios",
            0,
            None,
            "is not configured: there is no connection esios_default (AIRFLOW_CONN_ESIOS_DEFAULT)",
        ),
        (
            "esios",
            0,
            {"conn_type": "http"},
            "is not configured: connection esios_default has no password, its key",
        ),
        ("esios", 0, {"conn_type": "http", "password": "token"}, None),
        ("esios", 1, None, None),
        ("siar", 0, None, "is not configured: this release has no hook for SIAR"),
    ],
)
def test_a_product_that_cannot_be_asked_says_why(
    monkeypatch: pytest.MonkeyPatch,
    known: Catalog,
    source: str,
    product: int,
    fields: dict[str, object] | None,
    sentence: str | None,
) -> None:
    """Keyless ones work without a connection."""
    from gapfill.orchestration.wiring import AirflowSources

    for name in ("REE", "ESIOS", "SIAR"):
        monkeypatch.delenv(f"AIRFLOW_CONN_{name}_DEFAULT", raising=False)
    if fields is not None:
        connect(monkeypatch, f"{source}_default", **fields)
    obstacle = AirflowSources(known).obstacle(known.sources[source].products[product])
    assert obstacle == sentence


def test_turns_are_taken_with_a_lock_file(
    monkeypatch: pytest.MonkeyPatch, known: Catalog, tmp_path: Path
) -> None:
    """One per source; what an odd name would make of the path is kept out."""
    from gapfill.orchestration.wiring import AirflowSources

    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "locks"))
    with AirflowSources(known).turn("ree"):
        assert [path.name for path in Path(tmp_path / "locks").iterdir()] == ["ree.lock"]
