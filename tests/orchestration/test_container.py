"""What connections make of an installation: the store, and why a product cannot be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gapfill.errors import ConfigError
from tests.connections import connect

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize(
    "fields,sentence",
    [
        (None, "There is no connection gapfill_store."),
        (
            {"conn_type": "mysql", "host": "db"},
            "The connection gapfill_store has conn_type 'mysql'; this release can use",
        ),
        (
            {"conn_type": "", "host": "x"},
            "The connection gapfill_store cannot be read: it is JSON such as '{",
        ),
        (
            {"conn_type": "sqlite"},
            "The connection gapfill_store names no file: put its whole path into host",
        ),
        (
            {"conn_type": "sqlite", "host": "gapfill.db"},
            (
                "The connection gapfill_store names the file 'gapfill.db' by a relative path, which"
                " is another file in each working directory: put its whole path into host"
            ),
        ),
        (
            {"conn_type": "sqlite", "host": "./data/gapfill.db"},
            "The connection gapfill_store names the file './data/gapfill.db' by a relative path",
        ),
        (
            {"conn_type": "sqlite", "host": ":memory:"},
            "The connection gapfill_store names the file ':memory:' by a relative path",
        ),
        *(
            (
                {"conn_type": "sqlite", "host": host},
                f"The connection gapfill_store names the file as {host!r}, {kind}, which is not",
            )
            for host, kind in (
                ("file:/tmp/x.db", "a URL"),
                ("file:///tmp/x.db?mode=ro", "a URL"),
                ("sqlite:////tmp/x.db", "a URL"),
                ("$HOME/x.db", "with a variable"),
                ("${GAPFILL_DATA}/x.db", "with a variable"),
                ("%APPDATA%/x.db", "with a variable"),
            )
        ),
        (
            {"conn_type": "sqlite", "host": "~nobody-of-this-name/gapfill.db"},
            "The connection gapfill_store names the file '~nobody-of-this-name/gapfill.db' in a",
        ),
        (
            {"conn_type": "sqlite", "host": " ~/gapfill.db"},
            (
                "The connection gapfill_store names the file '~/gapfill.db' in a home folder, which"
                " is another file for each user: put its whole path into host"
            ),
        ),
        (
            {"conn_type": "sqlite", "host": "/~/gapfill.db"},
            "The connection gapfill_store names the file '/~/gapfill.db' in a home folder, which",
        ),
        (
            {"conn_type": "sqlite", "host": "/srv/~/gapfill.db"},
            (
                "The connection gapfill_store names the file '/srv/~/gapfill.db' in a home folder, "
                "which is another file for each user: put its whole path into host, without ~, as "
            ),
        ),
        (
            {"conn_type": "sqlite", "host": "", "schema": "/~plant/gapfill.db"},
            "The connection gapfill_store names the file '/~plant/gapfill.db' in a home folder",
        ),
    ],
)
def test_a_store_that_is_not_set_up_is_said(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, object] | None, sentence: str
) -> None:
    """Never a silent default."""
    from gapfill.orchestration.container import make_store

    monkeypatch.delenv("AIRFLOW_CONN_GAPFILL_STORE", raising=False)
    if fields is not None:
        connect(monkeypatch, "gapfill_store", **fields)
    with pytest.raises(ConfigError) as caught:
        make_store()
    assert str(caught.value).startswith(sentence)
    assert '"host": "gapfill.db"' not in str(caught.value)


@pytest.mark.parametrize(
    "uri,right,path",
    [
        ("sqlite:///gapfill.db", "sqlite://%2Ftmp%2Fgapfill.db", "/tmp/gapfill.db"),  # noqa: S108 - no file is made
        ("sqlite:////a/Gap%20fill/g.db", "sqlite://%2Fa%2FGap%20fill%2Fg.db", "/a/Gap fill/g.db"),
    ],
)
def test_a_uri_as_sqlalchemy_has_it_is_answered_with_the_right_form(
    monkeypatch: pytest.MonkeyPatch, uri: str, right: str, path: str
) -> None:
    """Which works when it is copied from the message."""
    from gapfill.orchestration.container import make_store

    monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_STORE", uri)
    with pytest.raises(ConfigError, match="names no file") as caught:
        make_store()
    assert str(caught.value).endswith(f"with each slash of the path as %2F: {right}")
    monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_STORE", right)
    assert make_store().place.where == path


@pytest.mark.parametrize("uri", ["sqlite:////~/x.db", "sqlite://%2F~%2Fx.db"])
def test_a_uri_of_a_home_folder_is_not_answered_with_one(
    monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    """It would be a folder of the name ``~``."""
    from gapfill.orchestration.container import make_store

    monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_STORE", uri)
    with pytest.raises(ConfigError, match=r"names the file '/~/x\.db' in a home folder") as caught:
        make_store()
    assert "%2F" not in str(caught.value)


def test_an_installation_is_built_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The catalogue, the store's file, the clock."""
    from gapfill.orchestration.container import make_context

    connect(monkeypatch, "gapfill_store", conn_type="sqlite", host=str(tmp_path / "s.db"))
    monkeypatch.setenv("GAPFILL_NOW", "2026-03-20T12:00:00Z")
    context = make_context()
    assert context.now.isoformat() == "2026-03-20T12:00:00+00:00"
    assert list(context.catalog.series) == ["pvpc", "weather_hourly", "weather_daily"]
    context.store.verify()
    context.store.close()
    assert (tmp_path / "s.db").exists()
