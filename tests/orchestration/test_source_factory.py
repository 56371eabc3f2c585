"""What the connections make of each source: why a product cannot be asked, and whose turn it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.candidate import Obstacle
from tests.connections import connect

if TYPE_CHECKING:
    from gapfill.catalog import Catalog

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize(
    "source,product,fields,sentence,needs",
    [
        ("ree", 0, None, None, ""),
        (
            "ree",
            0,
            {"conn_type": "http", "extra": {"paused": True}},
            'is paused ("paused": true in the extra of connection ree_default)',
            "",
        ),
        (
            "esios",
            0,
            None,
            "is not configured: there is no connection esios_default (AIRFLOW_CONN_ESIOS_DEFAULT)",
            "esios_default",
        ),
        (
            "esios",
            0,
            {"conn_type": "http"},
            "is not configured: connection esios_default has no password, its key",
            "esios_default",
        ),
        ("esios", 0, {"conn_type": "http", "password": "token"}, None, ""),
        ("esios", 1, None, None, ""),
        ("open_meteo", 0, None, None, ""),
        (
            "openweathermap",
            0,
            None,
            (
                "is not configured: there is no connection openweathermap_default "
                "(AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT)"
            ),
            "openweathermap_default",
        ),
        ("openweathermap", 0, {"conn_type": "http", "password": "key"}, None, ""),
        (
            "openweathermap",
            1,
            {"conn_type": "http", "password": "key"},
            (
                'is not configured: it needs "one_call": true in the extra of '
                "connection openweathermap_default"
            ),
            "openweathermap_default",
        ),
        (
            "openweathermap",
            1,
            {"conn_type": "http", "password": "key", "extra": {"one_call": True}},
            None,
            "",
        ),
        (
            "siar",
            0,
            {"conn_type": "http", "password": "secret"},
            "is not configured: connection siar_default has no login, its user id",
            "siar_default",
        ),
        (
            "siar",
            0,
            {"conn_type": "http"},
            "is not configured: connection siar_default has no login, its user id",
            "siar_default",
        ),
        ("siar", 0, {"conn_type": "http", "login": "id", "password": "secret"}, None, ""),
        ("siar", 0, {"conn_type": "http", "extra": {"token": "a-ready-token"}}, None, ""),
        ("siar", 1, {"conn_type": "http", "extra": {"token": "a-ready-token"}}, None, ""),
        (
            "siar",
            0,
            {"conn_type": "http", "extra": {"token": "a-ready-token", "paused": True}},
            'is paused ("paused": true in the extra of connection siar_default)',
            "",
        ),
        (
            "siar",
            0,
            {"conn_type": "http", "extra": {"token": ""}},
            "is not configured: connection siar_default has no login, its user id",
            "siar_default",
        ),
        (
            "siar_csv",
            0,
            None,
            "is not configured: GAPFILL_SIAR_CSV names no folder of SIAR's CSV files",
            "GAPFILL_SIAR_CSV",
        ),
    ],
)
def test_a_product_that_cannot_be_asked_says_why(
    monkeypatch: pytest.MonkeyPatch,
    known: Catalog,
    source: str,
    product: int,
    fields: dict[str, object] | None,
    sentence: str | None,
    needs: str,
) -> None:
    """And what would set it up. Keyless ones need no connection, paused ones are not wanted."""
    from gapfill.orchestration.source_factory import AirflowSources

    for name in ("REE", "ESIOS", "SIAR", "OPENWEATHERMAP", "OPEN_METEO"):
        monkeypatch.delenv(f"AIRFLOW_CONN_{name}_DEFAULT", raising=False)
    if fields is not None:
        connect(monkeypatch, f"{source}_default", **fields)
    obstacle = AirflowSources(known).obstacle(known.sources[source].products[product])
    is_half = fields is not None and "password" in fields and "no login" in (sentence or "")
    made = Obstacle(sentence, needs, is_incomplete=is_half) if sentence else None
    assert obstacle == made


@pytest.mark.parametrize(
    "query,sentence",
    [
        ("paused=true", 'is paused ("paused": true in the extra of connection'),
        ("paused=false", 'is not configured: it needs "one_call": true in the extra'),
        ("one_call=true", None),
        ("one_call=True&paused=no", None),
        ("one_call=false", 'is not configured: it needs "one_call": true in the extra'),
        ("one_call=maybe", "cannot be used: Connection 'openweathermap_default'"),
        ("paused=soon&one_call=true", "cannot be used: Connection 'openweathermap_default'"),
    ],
)
def test_a_connection_that_is_a_uri_says_the_same(
    monkeypatch: pytest.MonkeyPatch, known: Catalog, query: str, sentence: str | None
) -> None:
    """Its extras are all text: understood, or refused in a sentence, never passed over."""
    from gapfill.orchestration.source_factory import AirflowSources

    uri = f"http://:key@api.openweathermap.org/?{query}"
    monkeypatch.setenv("AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT", uri)
    product = known.sources["openweathermap"].products[1]
    obstacle = AirflowSources(known).obstacle(product)
    assert (obstacle is None) == (sentence is None)
    assert obstacle is None or obstacle.sentence.startswith(sentence or "")


@pytest.mark.parametrize(
    "source,query,sentence",
    [
        ("ree", "timeout=abc", "has a 'timeout' in its extra that is not a number of seconds"),
        ("ree", "ca_bundle=%2Fnone.pem", "has a ca_bundle in its extra that is not a file"),
        (
            "ree",
            "Pausd=true",
            ("has 'Pausd' in its extra, which Gapfill does not know: write 'paused'"),
        ),
        (
            "esios",
            "redirect_hosts=http%3A%2F%2Fa",
            "has redirect_hosts in its extra that is not a list",
        ),
        (
            "open_meteo",
            "archive_host=ftp%3A%2F%2Fa",
            "has a archive_host in its extra that is not an http",
        ),
        ("siar", "token=two%20words", "is not one word of plain ASCII"),
        (
            "aemet",
            "token=abc",
            "has 'token' in its extra, which this source does not read: remove it; a key goes into",
        ),
        ("aemet", "one_call=true", "has 'one_call' in its extra, which this source does not read"),
        ("ree", "archive_host=a", "has 'archive_host' in its extra, which this source does not"),
    ],
)
def test_an_extra_that_makes_no_sense_is_found_before_any_call(
    monkeypatch: pytest.MonkeyPatch, known: Catalog, source: str, query: str, sentence: str
) -> None:
    """So that status and plan say it, and not only the unit that fails; not of a paused source."""
    from gapfill.orchestration.source_factory import AirflowSources

    name, product = f"AIRFLOW_CONN_{source.upper()}_DEFAULT", known.sources[source].products[0]
    monkeypatch.setenv(name, f"http://id:key@api.example/?{query}")
    obstacle = AirflowSources(known).obstacle(product)
    assert obstacle is not None
    assert obstacle.is_broken
    assert sentence in obstacle.sentence
    if "Pausd" not in query:
        monkeypatch.setenv(name, f"http://id:key@api.example/?{query}&paused=true")
        obstacle = AirflowSources(known).obstacle(product)
        assert obstacle is not None
        assert obstacle.sentence.startswith("is paused")


@pytest.mark.parametrize("source", ["ree", "aemet", "open_meteo"])
@pytest.mark.parametrize(
    "text", ['{"password": "s3cr3t"', "s3cr3t", '{"conn_type": "http", "extra": "[1]"}']
)
def test_a_connection_that_cannot_be_read_is_broken_and_not_unset(
    monkeypatch: pytest.MonkeyPatch, known: Catalog, source: str, text: str
) -> None:
    """It is there, so nothing needs to be set up; the sentence names it. It shows no secret."""
    from gapfill.orchestration.source_factory import AirflowSources

    monkeypatch.setenv(f"AIRFLOW_CONN_{source.upper()}_DEFAULT", text)
    obstacle = AirflowSources(known).obstacle(known.sources[source].products[0])
    assert obstacle is not None
    assert (obstacle.needs, obstacle.is_broken) == ("", True)
    assert obstacle.sentence.startswith("cannot be used: ")
    assert f"{source}_default" in obstacle.sentence
    assert "s3cr3t" not in obstacle.sentence


def test_a_folder_of_files_that_is_wrong_is_broken_and_not_unset(
    monkeypatch: pytest.MonkeyPatch, known: Catalog, tmp_path: Path
) -> None:
    """The other sources go on; the sentence says what to correct."""
    from gapfill.orchestration.source_factory import AirflowSources

    monkeypatch.setenv("GAPFILL_SIAR_CSV", str(tmp_path / "none"))
    product = known.sources["siar_csv"].products[0]
    obstacle = AirflowSources(known).obstacle(product)
    assert obstacle is not None
    assert (obstacle.needs, obstacle.is_broken) == ("", True)
    assert obstacle.sentence.startswith("cannot be read: GAPFILL_SIAR_CSV: the folder ")
    assert obstacle.sentence.endswith(" does not exist; put the folder's path there")


def test_turns_are_taken_with_a_lock_file(
    monkeypatch: pytest.MonkeyPatch, known: Catalog, tmp_path: Path
) -> None:
    """One per source; what an odd name would make of the path is kept out."""
    from gapfill.orchestration.source_factory import AirflowSources

    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "locks"))
    with AirflowSources(known).turn("ree"):
        assert [path.name for path in Path(tmp_path / "locks").iterdir()] == ["ree.lock"]


def test_each_key_of_a_source_has_an_account_that_does_not_reveal_it(
    monkeypatch: pytest.MonkeyPatch, known: Catalog
) -> None:
    """The same key has the same one in every process; another login or token has another."""
    from gapfill.orchestration.source_factory import AirflowSources

    def account(**fields: object) -> str:
        connect(monkeypatch, "siar_default", conn_type="http", **fields)
        return AirflowSources(known).account("siar")

    monkeypatch.delenv("AIRFLOW_CONN_SIAR_DEFAULT", raising=False)
    assert AirflowSources(known).account("siar") == "keyless"
    assert account() == "keyless"
    assert account(login="12345678Z") == "keyless"
    given = [
        account(login="12345678Z", password="one-secret"),
        account(login="12345678Z", password="two-secret"),
        account(login="87654321X", password="one-secret"),
        account(extra={"token": "three-secret"}),
    ]
    assert len(set(given)) == 4
    assert account(login="12345678Z", password="one-secret") == given[0]
    assert all(len(name) == 4 and "secret" not in name for name in given)


@pytest.mark.parametrize(
    "source,fields,is_incomplete",
    [
        ("siar", {"login": "id"}, True),
        ("siar", {"password": "secret"}, True),
        ("siar", {"host": "https://api.example"}, False),
        ("aemet", {"login": "the-key-in-the-wrong-field"}, True),
        ("esios", {"host": "https://api.example"}, False),
    ],
)
def test_one_of_two_credentials_is_incomplete(
    monkeypatch: pytest.MonkeyPatch,
    known: Catalog,
    source: str,
    fields: dict[str, object],
    *,
    is_incomplete: bool,
) -> None:
    """A connection that only names a host is not meant to have a key."""
    from gapfill.orchestration.source_factory import AirflowSources

    connect(monkeypatch, f"{source}_default", conn_type="http", **fields)
    obstacle = AirflowSources(known).obstacle(known.sources[source].products[0])
    assert obstacle is not None
    assert obstacle.is_incomplete is is_incomplete
