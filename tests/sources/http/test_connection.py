"""Connections: where they lead, what they carry, and what is wrong with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill.sources.http.connection import ConnectionConfig

pytestmark = pytest.mark.airflow

PUBLIC = "https://api.esios.ree.es"
SECRET = "s3cret-t0ken"


def _access(monkeypatch: pytest.MonkeyPatch, value: object) -> ConnectionConfig:
    from gapfill.sources.esios.hook import EsiosHook

    text = value if isinstance(value, str) else json.dumps(value)
    monkeypatch.setenv("AIRFLOW_CONN_ESIOS_DEFAULT", text)
    return EsiosHook().access


@pytest.mark.parametrize(
    "given,root",
    [
        ({"host": "http://127.0.0.1:8080"}, "http://127.0.0.1:8080"),
        ({"host": "http://127.0.0.1:8080/"}, "http://127.0.0.1:8080"),
        ({"host": "https://proxy.example/esios/"}, "https://proxy.example/esios"),
        ({"host": "http://127.0.0.1", "port": 8080}, "http://127.0.0.1:8080"),
        ({"host": "sandbox", "schema": "http", "port": 80}, "http://sandbox:80"),
        ({"host": "sandbox:8080", "schema": "HTTP"}, "http://sandbox:8080"),
        ({"host": "api.example"}, "https://api.example"),
        ({"host": "localhost", "port": 8080}, "http://localhost:8080"),
        ({"host": "[::1]:8080"}, "http://[::1]:8080"),
        ({"host": "http://127.0.0.1:8080", "port": 9}, "http://127.0.0.1:8080"),
        ({"password": SECRET}, PUBLIC),
        ({"host": "", "port": 8080}, PUBLIC),
    ],
)
def test_the_root_is_the_host_whole_or_in_parts(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, object], root: str
) -> None:
    """Any server with the real paths can stand in for the API."""
    assert _access(monkeypatch, {"conn_type": "http", **given}).root == root


def test_a_connection_may_be_a_uri(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's other way to write one; http is only its type, but loopback has no TLS."""
    access = _access(monkeypatch, f"http://:{SECRET}@127.0.0.1:8080")
    assert (access.root, access.key) == ("http://127.0.0.1:8080", SECRET)


def test_without_a_connection_the_public_host_is_asked() -> None:
    """Keyless APIs work out of the box."""
    from gapfill.sources.ree.hook import ReeHook

    assert ReeHook().access.root == "https://apidatos.ree.es"
    assert ReeHook(host="https://other.example/").access.root == "https://other.example"


def test_what_a_connection_carries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The key is stripped of what it was pasted with, and stays out of repr."""
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    extra = {"timeout": "7.5", "ca_bundle": str(bundle), "paused": True}
    given = {"conn_type": "http", "login": "me", "password": f" {SECRET}\n", "extra": extra}
    access = _access(monkeypatch, given)
    assert (access.key, access.login, access.timeout_s) == (SECRET, "me", 7.5)
    assert (access.ca_bundle, access.extra["paused"]) == (str(bundle), True)
    assert SECRET not in repr(access)
    assert "paused" not in repr(access)


@pytest.mark.parametrize("name", ["paused", "one_call"])
@pytest.mark.parametrize(
    "value,expected",
    [
        *((word, True) for word in ("true", "True", " TRUE ", "1", "yes", "on")),
        *((word, False) for word in ("false", "False", "0", "no", "off")),
    ],
)
def test_a_flag_of_a_uri_is_text_and_understood(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, *, expected: bool
) -> None:
    """So is one that was typed when the same URI was added by Airflow's command line."""
    from urllib.parse import quote

    from gapfill.sources.esios.hook import EsiosHook

    uri = f"http://:{SECRET}@api.example:8080/?{name}={quote(value)}&timeout=7.5"
    monkeypatch.setenv("AIRFLOW_CONN_ESIOS_DEFAULT", uri)
    access = EsiosHook().access
    assert access.extra[name] is expected
    assert (access.key, access.timeout_s) == (SECRET, 7.5)
    typed = {"conn_type": "http", "extra": {name: int(expected)}}
    assert _access(monkeypatch, typed).extra[name] is expected


@pytest.mark.parametrize(
    "given,words",
    [
        ('{"conn_type": "http", ', "is set but cannot be read"),
        ({"host": "ftp://files.example"}, "not an http or https URL"),
        ({"host": "api.example", "schema": "https/v1"}, "not an http or https URL"),
        ({"host": "http://"}, "not an http or https URL"),
        ({"host": "http://[::1"}, "not an http or https URL"),
        ({"host": "http://api.example:99999"}, "not an http or https URL"),
        ({"host": f"https://me:{SECRET}@api.example"}, "more than scheme, name, port and path"),
        ({"host": f"https://api.example?key={SECRET}"}, "more than scheme, name, port and path"),
        ({"extra": "[1]"}, "an extra that is not a JSON object"),
        ({"extra": "timeout=5"}, "an extra that is not a JSON object"),
        ({"extra": {"timeout": "long"}}, "a 'timeout' in its extra"),
        ({"extra": {"timeout": 0}}, "a 'timeout' in its extra"),
        ({"extra": {"timeout": ""}}, "a 'timeout' in its extra"),
        ({"extra": {"paused": "maybe"}}, "a 'paused' in its extra that is neither true nor false"),
        ({"extra": {"bucket": "b"}}, "which Gapfill reads only in the connection of an InfluxDB"),
        ({"extra": {"paused": ""}}, "a 'paused' in its extra that is neither true nor false"),
        ({"extra": {"paused": 2}}, "a 'paused' in its extra that is neither true nor false"),
        ({"extra": {"paused": ["true"]}}, "a 'paused' in its extra that is neither true nor false"),
        ({"extra": {"one_call": "3.0"}}, "a 'one_call' in its extra that is neither true nor"),
        ({"extra": {"one_call": 1.5}}, "a 'one_call' in its extra that is neither true nor"),
        ({"extra": {"ca_bundle": "/no/such.pem"}}, "a ca_bundle in its extra"),
        (
            {"extra": {"pausd": True}},
            "has 'pausd' in its extra, which Gapfill does not know: write 'p",
        ),
        ({"extra": {"is_paused": True}}, "write 'paused' if you mean that"),
        ({"extra": {"One-Call": "true"}}, "write 'one_call' if you mean that"),
        ({"extra": {"time_out": 5}}, "write 'timeout' if you mean that"),
        ({"extra": {"redirect_host": ["a.example"]}}, "write 'redirect_hosts' if you mean that"),
        ({"extra": {"paused": True, "Paused": False}}, "has paused twice in its extra"),
        ({"extra": {"timeout": True}}, "a 'timeout' in its extra"),
        ({"password": f"{SECRET}\r\nHost: evil"}, "a password with unprintable characters"),
    ],
)
def test_a_wrong_connection_is_named_without_its_secret(
    monkeypatch: pytest.MonkeyPatch, given: object, words: str
) -> None:
    """The message names the variable to mend. An unreadable one never means the public host."""
    given = {"conn_type": "http", **given} if isinstance(given, dict) else given
    with pytest.raises(ConfigError, match=words) as caught:
        _access(monkeypatch, given)
    assert "AIRFLOW_CONN_ESIOS_DEFAULT" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_secrets_backend_that_denies_is_a_config_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any failure but "there is none" is said, never passed over."""
    from gapfill.sources.ree.hook import ReeHook

    def deny(_conn_id: str) -> None:
        message = f"denied for {SECRET}"
        raise PermissionError(message)

    monkeypatch.setattr(ReeHook, "get_connection", staticmethod(deny))
    with pytest.raises(ConfigError, match=r"cannot be read \(PermissionError\)") as caught:
        _ = ReeHook().access
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url,root,expected",
    [
        ("https://a.example/x", "https://a.example", True),
        ("https://a.example:443/x", "https://a.example/prefix", True),
        ("https://A.example", "https://a.example", True),
        ("https://a.example", "http://a.example", True),
        ("http://a.example", "https://a.example", False),
        ("https://a.example:8443", "https://a.example", False),
        ("http://127.0.0.1:2", "http://127.0.0.1:1", False),
        ("https://a.example.evil", "https://a.example", False),
        ("https://a.example@evil.example", "https://a.example", False),
        ("https://me:pass@a.example", "https://a.example", False),
        ("ftp://a.example", "https://a.example", False),
        ("//a.example", "https://a.example", False),
        ("https://[", "https://a.example", False),
    ],
)
def test_home_is_the_same_scheme_host_and_port(url: str, root: str, *, expected: bool) -> None:
    """Or the upgrade from http to https of the same host."""
    from gapfill.sources.http.connection import is_at_home

    assert is_at_home(url, root) is expected


def test_capitals_in_the_name_of_an_extra_mean_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a URI's query as in JSON."""
    access = _access(monkeypatch, "http://api.example/?Paused=yes&TIMEOUT=7.5")
    assert (access.extra["paused"], access.timeout_s) == (True, 7.5)


def test_names_that_others_read_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Airflow's own hook and requests know, and headers or notes of the operator."""
    names = (
        *("verify", "proxies", "stream", "cert", "max_redirects", "check_response", "trust_env"),
        *("allow_redirects", "auth_kwargs", "Accept", "X-Owner", "note", "User-Agent"),
    )
    extra = dict.fromkeys(names, "x")
    assert _access(monkeypatch, {"conn_type": "http", "extra": extra}).extra == extra
