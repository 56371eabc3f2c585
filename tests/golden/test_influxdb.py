"""What InfluxDB holds when everything was stored: measurements, tags, fields and types."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.golden.compare import as_json, check, keep, names
from tests.golden.stories import build_books, look
from tests.golden.world import APIS, standing
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.forwarder import ORG, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.golden.world import World

pytestmark = pytest.mark.server

OLD = Path(__file__).with_name("old") / "influxdb.lp"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return the bucket's shape before and after undoing, and what commands say."""
    with _standing(tmp_path_factory.mktemp("influxdb")) as (world, backend):
        build_books(world)
        shape = as_json(_shape(backend))
        said = look(world)
        after = as_json(_shape(backend))
    return {
        "shape.json": shape,
        "shape_after_undo.json": after,
        **{f"{step}.txt": text for step, text in said.items()},
    }


@pytest.fixture(scope="module")
def old_outputs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return what commands say of the points that an earlier build wrote."""
    with _standing(tmp_path_factory.mktemp("old")) as (world, backend):
        backend.engine.write(backend.bucket, OLD.read_text(encoding="utf-8").splitlines())
        world.connect(*APIS, paused=["aemet"])
        return {f"{step}.txt": text for step, text in look(world).items()}


@contextmanager
def _standing(folder: Path) -> Iterator[tuple[World, InfluxBackend]]:
    """Let the world stand around an empty bucket."""
    backend = InfluxBackend(folder)
    with pytest.MonkeyPatch.context() as patch, standing(folder, patch) as world:
        extra = {"token": TOKEN, "org": ORG, "bucket": backend.bucket, "timeout": 60}
        store = {"conn_type": "influxdb", "host": backend.engine.url, "extra": extra}
        patch.setenv("AIRFLOW_CONN_GAPFILL_STORE", json.dumps(store))
        yield world, backend
    backend.close()


def _shape(backend: InfluxBackend) -> dict[str, object]:
    """Return the tags of each measurement, and its fields with their types."""

    def shown(what: str, measurement: str) -> list[list[str]]:
        return sorted(backend.engine.ask(backend.bucket, f'SHOW {what} KEYS FROM "{measurement}"'))

    measurements = sorted(row[0] for row in backend.engine.ask(backend.bucket, "SHOW MEASUREMENTS"))
    return {
        name: {
            "tags": [row[0] for row in shown("TAG", name)],
            "fields": dict(shown("FIELD", name)),
        }
        for name in measurements
    }


def test_each_part_has_its_file(outputs: Mapping[str, str]) -> None:
    """And with `make golden` the files are written."""
    keep("influxdb", outputs)


@pytest.mark.parametrize("name", names("influxdb"))
def test_influxdb_holds_and_says_what_it_did(outputs: Mapping[str, str], name: str) -> None:
    """Byte for byte, on every server."""
    check("influxdb", name, outputs)


def test_each_command_on_the_old_points_has_its_file(old_outputs: Mapping[str, str]) -> None:
    """And with `make golden` the files are written; the points themselves are not."""
    keep("old_influxdb", old_outputs)


@pytest.mark.parametrize("name", names("old_influxdb"))
def test_the_old_points_mean_what_they_meant(old_outputs: Mapping[str, str], name: str) -> None:
    """Byte for byte."""
    check("old_influxdb", name, old_outputs)
