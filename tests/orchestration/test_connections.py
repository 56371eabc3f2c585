"""Where connections come from on the command line, compared with Airflow's own reading."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gapfill.orchestration.connections import (
    by_airflow,
    by_environment,
    for_command_line,
)
from gapfill.sources.http.connection import Unreadable

ROOT = Path(__file__).parents[2]
VARIABLE = "AIRFLOW_CONN_GAPFILL_ENV_TEST"
CONN = "gapfill_env_test"
FIELDS = ("conn_type", "host", "schema", "login", "password", "port", "extra", "extra_dejson")

PARTS = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=8)
URIS = st.one_of(
    st.from_regex(
        r"(http|sqlite|my-sql|postgresql|influxdb)://((u|us%40er)?(:p%2Fw)?@)?"
        r"(https://|https%3A%2F%2F)?(host|Host\.es|%2Ftmp%2Fs\.db|a:b|\[::1\])?(:(80|0|x|99999))?"
        r"(/(schema|a%2Fb|a/b)?)?(\?(k=v|k=v&paused=true|k=|__extra__=%7B%22a%22%3A1%7D|__extra__=))?",
        fullmatch=True,
    ),
    PARTS,
    st.builds("{}://{}@{}/{}?{}".format, PARTS, PARTS, PARTS, PARTS, PARTS),
)
VALUES = st.one_of(st.none(), PARTS, st.integers(1, 70_000), st.just({"a": [1]}))
OBJECTS = st.dictionaries(
    st.sampled_from([*FIELDS[:-1], "unknown", "uri", "conn_id"]), VALUES, max_size=6
)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave no settings of Airflow's but the defaults."""
    for name in [name for name in os.environ if "BACKEND" in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AIRFLOW_CONFIG", str(tmp_path / "airflow.cfg"))


def both(text: str) -> tuple[object, object]:
    """Return what the environment's reader makes of a text, and what Airflow makes of it."""
    found: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, text)
        for look_up in (by_environment, by_airflow):
            try:
                one = look_up(CONN)
            except Unreadable:
                one = None
            found.append(one and [getattr(one, name) for name in FIELDS])
    return found[0], found[1]


@settings(deadline=None, derandomize=True)
@given(URIS)
@example("https://key")
@example("key")
@example("influxdb://:t%3Dk@127.0.0.1:8086/?org=o&bucket=b")
@example("http://https://api.esios.ree.es")
@example("a://b://c://d")
@example(" ")
def test_a_uri_is_read_as_airflow_reads_it(text: str) -> None:
    """Also one that makes no sense."""
    ours, airflow = both(text)
    assert ours == airflow


@settings(deadline=None, derandomize=True)
@given(OBJECTS)
@example({"conn_type": "http", "port": "x"})
@example({"conn_type": "http", "extra": '{"paused": true}'})
@example({"conn_type": "http", "extra": "not json"})
@example({"conn_type": 1})
@example({"uri": "https://u:p@host:1/s?a=b"})
def test_an_object_is_read_as_airflow_reads_it(said: dict[str, object]) -> None:
    """Also one with members that no connection has."""
    ours, airflow = both(json.dumps(said))
    assert ours == airflow


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"conn_type": "http"', "{} x", '{"a": 1}'])
def test_text_that_is_no_object_is_read_as_airflow_reads_it(text: str) -> None:
    """Cut off, empty, or of another kind."""
    ours, airflow = both(text)
    assert ours == airflow


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback or a debugger prints the object."""
    said = {"conn_type": "http", "login": "me", "password": "SECRET", "extra": {"token": "T0K"}}
    monkeypatch.setenv(VARIABLE, json.dumps(said))
    shown = repr(by_environment(CONN))
    assert "conn_type='http'" in shown
    assert not any(secret in shown for secret in ("SECRET", "T0K"))


def test_only_the_environment_is_read_without_a_backend() -> None:
    """So that a command does not wait for Airflow."""
    assert for_command_line() is by_environment


@pytest.mark.parametrize(
    "name",
    [
        "AIRFLOW__SECRETS__BACKEND",
        "AIRFLOW__SECRETS__BACKEND_CMD",
        "AIRFLOW__WORKERS__SECRETS_BACKEND",
        "_AIRFLOW_PROCESS_CONTEXT",
    ],
)
def test_a_variable_names_a_backend(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Then Airflow looks up, as it would before."""
    monkeypatch.setenv(name, "x.Y")
    assert for_command_line() is by_airflow


@pytest.mark.parametrize(
    "text,look_up",
    [
        ("[secrets]\nbackend = x.Y\n", by_airflow),
        ("[workers]\nsecrets_backend = x.Y\n", by_airflow),
        ("[secrets]\nbackend =\nbackend_kwargs =\n[core]\na = %(b)s\n", by_environment),
        ("[secrets\nbackend = x.Y\n", by_airflow),
        ("", by_environment),
    ],
    ids=["secrets", "workers", "empty", "broken", "none"],
)
def test_a_settings_file_names_a_backend(tmp_path: Path, text: str, look_up: object) -> None:
    """A file that cannot be read is left to Airflow, which says what is wrong."""
    (tmp_path / "airflow.cfg").write_text(text, encoding="utf-8")
    assert for_command_line() is look_up


def test_status_does_not_wait_for_airflow(tmp_path: Path) -> None:
    """Nor does a plan or an explanation, of any series and with keys."""
    store = {"conn_type": "sqlite", "host": str(tmp_path / "s.db")}
    key = {"conn_type": "http", "login": "u", "password": "k", "extra": {"timeout": 5}}
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT / "include"),
        "GAPFILL_STATE": str(tmp_path / "state"),
        "AIRFLOW_CONN_GAPFILL_STORE": json.dumps(store),
        **{f"AIRFLOW_CONN_{name}_DEFAULT": json.dumps(key) for name in ("SIAR", "AEMET", "ESIOS")},
    }
    for command in (
        ["status", "pvpc"],
        ["plan", "--start", "2026-01-01", "--end", "2026-01-02"],
        ["explain", "pvpc", "2026-01-01"],
    ):
        program = (
            f"import sys; from gapfill.cli import main; code = main({command!r});"
            "found = {name.split('.')[0] for name in sys.modules} & {'airflow', 'requests'};"
            "sys.exit(repr((code, found)) if found or code not in (0, 3) else 0)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr.splitlines()[1:]) == (0, [])
