"""The kinds of store, by the type of the connection that names one."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from gapfill.errors import ConfigError
from gapfill.stores.registry import STORES, open_store
from tests.stores.backends import BACKENDS

if TYPE_CHECKING:
    from gapfill.extras import Connection


def connection(conn_type: str | None, host: str = "", extra: str = "") -> Connection:
    """Return a connection as Airflow gives it."""
    fields = {"schema": None, "port": None, "password": None, "extra": extra}
    return cast("Connection", SimpleNamespace(conn_type=conn_type, host=host, **fields))


def test_every_kind_is_opened_by_its_type() -> None:
    """The place names what the connection said."""
    extra = json.dumps({"token": "t", "org": "o", "bucket": "b"})
    sqlite = open_store("gapfill_store", connection("sqlite", "/data/gapfill.db"))
    influxdb = open_store("gapfill_store", connection("influxdb", "http://there", extra))
    assert sqlite.place == ("sqlite", "/data/gapfill.db")
    assert influxdb.place == ("influxdb", "bucket b of o at http://there:8086")


def test_every_kind_passes_the_contract() -> None:
    """A store that is registered and not in the contract suite is not a store."""
    assert STORES.keys() == BACKENDS.keys()


def test_an_unknown_type_is_refused_with_those_that_there_are() -> None:
    """The message names the connection."""
    with pytest.raises(ConfigError) as caught:
        open_store("gapfill_store", connection("postgres"))
    assert str(caught.value) == (
        "The connection gapfill_store has conn_type 'postgres'; "
        "this release can use sqlite and influxdb."
    )


@pytest.mark.parametrize(
    "conn_type, extra, said",
    [
        ("sqlite", '{"paused": "true"}', "'paused' in its extra, which Gapfill reads only in the "),
        ("sqlite", '{"timeout": 5}', "in the connection of a source or an InfluxDB: remove it"),
        ("sqlite", '{"bucket": "b"}', "in the connection of an InfluxDB: remove it"),
        ("sqlite", "paused", "has an extra that is not a JSON object"),
        ("influxdb", '{"paused": true}', "in the connection of a source: remove it"),
    ],
)
def test_an_extra_that_has_a_meaning_elsewhere_is_refused(
    conn_type: str, extra: str, said: str
) -> None:
    """A person means something by it, and nothing would happen."""
    with pytest.raises(ConfigError) as caught:
        open_store("gapfill_store", connection(conn_type, "/data/gapfill.db", extra))
    assert said in str(caught.value)


def test_a_missing_client_is_named_with_the_next_step() -> None:
    """The client of InfluxDB is needed only by who has one."""
    said = run(
        "import sys",
        "class Absent:",
        "    def find_spec(self, name, path, target=None):",
        "        if name == 'influxdb_client':",
        "            raise ModuleNotFoundError(name=name)",
        "sys.meta_path.insert(0, Absent())",
        "from types import SimpleNamespace as Connection",
        "from gapfill.errors import ConfigError",
        "from gapfill.stores.registry import open_store",
        "try: open_store('gapfill_store', Connection(conn_type='influxdb'))",
        "except ConfigError as exc: print(exc)",
    )
    assert said == (
        "The connection gapfill_store is an InfluxDB, for which the Python package "
        "'influxdb_client' is missing: install requirements-airflow.txt into this environment.\n"
    )


def test_the_registry_imports_no_database() -> None:
    """The DAG processor reads it at every parse."""
    found = "[n for n in ('sqlalchemy', 'influxdb_client') if n in sys.modules]"
    assert run("import sys, gapfill.stores.registry", f"print({found})") == "[]\n"


def run(*lines: str) -> str:
    """Return what a process of its own prints."""
    code = "\n".join(lines)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return ran.stdout
