"""What a connection of type influxdb comes to, and what is said of one that makes no sense."""

from __future__ import annotations

import json

import pytest

from gapfill.errors import ConfigError
from gapfill.stores.influxdb.config import InfluxConfig, read_config
from gapfill.stores.influxdb.store import InfluxStore

WHOLE = {"token": "secret-token", "org": "o", "bucket": "b"}


def access(
    host: str | None = "http://db",
    port: int | None = None,
    schema: str | None = None,
    password: str | None = None,
    extra: object = WHOLE,
) -> InfluxConfig:
    """Return what a connection says, with what is usual for all that a test does not name."""
    text = extra if isinstance(extra, str) else json.dumps(extra)
    return read_config(
        "gapfill_store", host=host, port=port, schema=schema, password=password, extra=text
    )


@pytest.mark.parametrize(
    "host, port, schema, url",
    [
        ("http://db", 9999, None, "http://db:9999"),
        ("http://db:1234", 9999, None, "http://db:1234"),
        ("http://db", None, None, "http://db:8086"),
        ("https://eu.example.com", None, None, "https://eu.example.com"),
        ("https://eu.example.com/influx/", 443, None, "https://eu.example.com:443/influx"),
        ("db", None, None, "http://db:8086"),
        ("localhost:8181", None, None, "http://localhost:8181"),
        ("127.0.0.1", 8086, None, "http://127.0.0.1:8086"),
        ("eu.example.com", None, None, "https://eu.example.com"),
        ("eu.example.com", 8086, "http", "http://eu.example.com:8086"),
        ("db", None, "https", "https://db"),
        ("http://[::1]", 8086, None, "http://[::1]:8086"),
    ],
)
def test_the_root_is_put_together(
    host: str, port: int | None, schema: str | None, url: str
) -> None:
    """With or without scheme and port."""
    assert access(host, port, schema).url == url


def test_token_and_bucket_may_stand_elsewhere() -> None:
    """The token in the password, the bucket in the schema."""
    found = access(schema="my bucket", password=" pw-token ", extra={"org": "o"})
    assert (found.token, found.bucket, found.org) == ("pw-token", "my bucket", "o")
    assert access(schema="other", password="x").bucket == "b"
    assert access(schema="other", password="x").token == "secret-token"


def test_what_else_an_extra_may_say() -> None:
    """How long to wait, and whom to trust; the token is not shown."""
    found = access(extra=WHOLE | {"timeout": "2.5", "ca_bundle": "/etc/ca.pem"})
    assert (found.timeout_s, found.ca_bundle) == (2.5, "/etc/ca.pem")
    assert access().timeout_s == 60
    assert (access().longest_wait_s, found.longest_wait_s) == (60, 25)
    assert access().without_removal is False
    for yes in ("true", "Yes", "1", 1, True):
        assert access(extra=WHOLE | {"without_removal": yes}).without_removal is True
    shouted = {name.upper(): value for name, value in WHOLE.items()}
    assert access(extra=shouted | {"Without_Removal": "on"}) == access(
        extra=WHOLE | {"without_removal": True}
    )
    assert "secret-token" not in repr(found)


@pytest.mark.parametrize(
    "fields, problem",
    [
        ({"host": None}, "names no host"),
        ({"host": "ftp://db"}, "has a host that is neither a name nor an http or https URL"),
        ({"host": "http://me:pw@db"}, "has a host that is neither a name nor an http or https URL"),
        ({"host": "http://db:port"}, "has a host that is neither a name nor an http or https URL"),
        ({"host": "http://db/?x=1"}, "has a host with more than scheme, name, port and path"),
        ({"extra": {"org": "o", "bucket": "b"}}, "names no token"),
        ({"extra": {"token": "secret-token", "bucket": "b"}}, "names no org"),
        ({"extra": {"token": "secret-token", "org": "o"}}, "names no bucket"),
        (
            {"extra": WHOLE | {"token": "secret-token\n2"}},
            "has an invalid token: use printable ASCII",
        ),
        ({"extra": WHOLE | {"bucket": 7}}, "has a bucket in its extra that is not text"),
        ({"extra": WHOLE | {"timeout": 0}}, "has a 'timeout' in its extra that is not a number"),
        (
            {"extra": WHOLE | {"without_removal": "perhaps"}},
            "has a 'without_removal' in its extra that is neither true nor false",
        ),
        ({"extra": "[1]"}, "has an extra that is not a JSON object"),
        ({"extra": "{secret-token"}, "has an extra that is not a JSON object"),
    ],
)
def test_a_connection_that_makes_no_sense_says_why(fields: dict[str, object], problem: str) -> None:
    """It names the connection and shows how one looks, without the token."""
    with pytest.raises(ConfigError) as caught:
        access(**fields)  # type: ignore[arg-type]
    said = str(caught.value)
    assert said.startswith(f"The connection gapfill_store {problem}")
    assert '"conn_type": "influxdb"' in said
    assert "secret-token" not in said


def test_a_store_says_where_it_is_and_no_token() -> None:
    """For ``/influxdb/verify``."""
    place = InfluxStore(access("https://eu.example.com/influx")).place
    assert place.kind == "influxdb"
    assert place.where == "bucket b of o at https://eu.example.com/influx"
