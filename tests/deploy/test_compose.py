"""docker-compose.yaml, the Dockerfile and .env.example, without a Docker engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.compose import ComposeError, needed, read_raw, read_services

ROOT = Path(__file__).resolve().parents[2]

AIRFLOW = {
    "airflow-init",
    "airflow-apiserver",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "airflow-worker",
}

SECRETS = {
    "AIRFLOW_ADMIN_PASSWORD",
    "AIRFLOW_API_SECRET_KEY",
    "AIRFLOW_FERNET_KEY",
    "AIRFLOW_JWT_SECRET",
    "INFLUXDB_PASSWORD",
    "INFLUXDB_TOKEN",
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
}

SETTINGS = {name: f"made-up-{name.lower()}" for name in SECRETS}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Return the services as they are written."""
    found: dict[str, Any] = read_raw()["services"]
    return found


def test_the_file_fits_the_compose_specification() -> None:
    """The schema that Compose publishes takes it."""
    command = [sys.executable, "-m", "check_jsonschema"]
    command += ["--builtin-schema", "vendor.compose-spec", str(ROOT / "docker-compose.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_topology_is_all_there(services: dict[str, Any]) -> None:
    """Airflow's six services, two workers, its database, its broker, and the store."""
    assert set(services) == AIRFLOW | {"postgres", "redis", "influxdb"}
    assert services["airflow-worker"]["deploy"]["replicas"] == 2


def test_every_airflow_service_has_one_image_and_one_environment(services: dict[str, Any]) -> None:
    """A key that differed between two services would fail at night, not at the start."""
    common = services["airflow-scheduler"]["environment"]
    for name in AIRFLOW:
        assert services[name]["image"] == "gapfill:${GAPFILL_TAG:-latest}"
        more = dict(services[name]["environment"])
        more.pop("AIRFLOW_ADMIN_PASSWORD", None)
        assert more == common, name


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_nothing_starts_without_a_secret(name: str) -> None:
    """Each secret is needed, and the refusal names it and where to set it."""
    with pytest.raises(ComposeError, match=f"{name}: Set {name} in .env"):
        read_services({**SETTINGS, name: ""})


def test_no_secret_has_a_default_or_stands_in_the_file() -> None:
    """What is needed is just the secrets, and no variable named like one has a default."""
    text = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
    assert needed(text) == SECRETS
    with_default = set(re.findall(r"\$\{(\w+):-", text))
    assert with_default == {
        "AIRFLOW_ADDRESS",
        "AIRFLOW_PORT",
        "GAPFILL_FILES",
        "GAPFILL_TAG",
        "INFLUXDB_BUCKET",
        "INFLUXDB_ORG",
        "INFLUXDB_PORT",
        "WORKER_CONCURRENCY",
    }
    assert not re.search(r"(?i)(password|token|secret|key)[A-Z_]*\"?: *[\"']?[a-z0-9]", text)


def test_the_example_explains_every_variable_and_gives_no_secret() -> None:
    """Each variable of the file is in .env.example, behind a comment, secrets without value."""
    text = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    for name in set(re.findall(r"\$\{(\w+)", text)):
        assert re.search(rf"^#{name}=", example, re.MULTILINE), name
    for name in SECRETS:
        assert re.search(rf"^#{name}=$", example, re.MULTILINE), name


def test_the_store_connection_is_the_influxdb_beside() -> None:
    """The connection's token, organization and bucket are those that InfluxDB is set up with."""
    found = read_services({**SETTINGS, "INFLUXDB_BUCKET": "prices"})
    store = json.loads(found["airflow-worker"].environment["AIRFLOW_CONN_GAPFILL_STORE"])
    assert store == {
        "conn_type": "influxdb",
        "host": "http://influxdb:8086",
        "extra": {"org": "gapfill", "bucket": "prices", "token": "made-up-influxdb_token"},
    }
    database = found["influxdb"].environment
    assert database["DOCKER_INFLUXDB_INIT_BUCKET"] == "prices"
    assert database["DOCKER_INFLUXDB_INIT_ORG"] == "gapfill"
    assert database["DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"] == "made-up-influxdb_token"


def test_connections_of_the_sources_are_handed_on_only_where_set() -> None:
    """An unset connection is absent, not empty: an empty one would be a broken one."""
    ree = '{"conn_type": "http", "host": "https://example.org"}'
    found = read_services({**SETTINGS, "AIRFLOW_CONN_REE_DEFAULT": ree})
    environment = found["airflow-worker"].environment
    assert environment["AIRFLOW_CONN_REE_DEFAULT"] == ree
    assert "AIRFLOW_CONN_AEMET_DEFAULT" not in environment


def test_everything_that_stays_up_has_a_health_check(services: dict[str, Any]) -> None:
    """Only init ends; who depends on it waits until it has ended well."""
    checked = {name for name, service in services.items() if "healthcheck" in service}
    assert checked == set(services) - {"airflow-init"}
    for name in AIRFLOW - {"airflow-init"}:
        waits = services[name]["depends_on"]
        assert waits["airflow-init"] == {"condition": "service_completed_successfully"}
        assert waits["postgres"] == {"condition": "service_healthy"}
        assert waits["redis"] == {"condition": "service_healthy"}
    assert services["airflow-init"]["depends_on"]["influxdb"] == {"condition": "service_healthy"}
    check = " ".join(services["airflow-apiserver"]["healthcheck"]["test"])
    assert "/api/v2/version" in check


def test_what_must_last_stands_in_named_volumes(services: dict[str, Any]) -> None:
    """Nothing is kept in a folder of the host, which is read only, or in an anonymous volume."""
    mounts = {v for s in services.values() for v in s.get("volumes", ())}
    folders = {"${GAPFILL_FILES:-./deploy/files}:/opt/gapfill/files:ro"}
    assert {v.split(":")[0] for v in mounts - folders} == set(read_raw()["volumes"])
    airflow = [name for name in services if name.startswith("airflow-")]
    assert all(folders < set(services[name]["volumes"]) for name in airflow)
    for name in ("postgres", "redis", "influxdb"):
        assert services[name]["volumes"], name


def test_only_this_machine_reaches_what_is_published(services: dict[str, Any]) -> None:
    """The API server and InfluxDB listen on the loopback unless .env says otherwise."""
    published = {name: s["ports"] for name, s in services.items() if "ports" in s}
    assert published == {
        "airflow-apiserver": ["${AIRFLOW_ADDRESS:-127.0.0.1}:${AIRFLOW_PORT:-8080}:8080"],
        "influxdb": ["127.0.0.1:${INFLUXDB_PORT:-8086}:8086"],
    }


def test_nothing_is_installed_when_a_container_starts() -> None:
    """Packages are in the image, with the versions of the lock."""
    compose = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "_PIP_ADDITIONAL_REQUIREMENTS" not in compose + dockerfile
    assert "--no-deps -r /tmp/requirements.txt -r /tmp/requirements-cluster.txt" in dockerfile
    assert "PYTHONPATH=/opt/gapfill/include" in dockerfile


def test_the_image_copies_only_what_git_and_the_build_context_hold() -> None:
    """Each copied path exists and is let through by .dockerignore; .env is not."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
        for source in line.split()
    }
    assert {"dags", "plugins", "include", "requirements-cluster.txt"} <= copied
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignore
    assert {f"!{source}" for source in copied} == {line for line in ignore if line[:1] == "!"}
    assert all((ROOT / source).exists() for source in copied)


def test_both_requirement_files_name_the_same_versions() -> None:
    """They are installed together without a resolver."""
    pins: dict[str, set[str]] = {}
    for file in ("requirements.txt", "requirements-cluster.txt"):
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
            if "==" in line:
                package, version = line.split("==", 1)
                pins.setdefault(f"{package}{version.partition(';')[1:]}", set()).add(version)
    assert {name for name, versions in pins.items() if len(versions) > 1} == set()
    assert any("apache-airflow-providers-celery" in name for name in pins)


@pytest.mark.parametrize(
    "name, value, said",
    [
        ("AIRFLOW__API_AUTH__JWT_SECRET", "short", "AIRFLOW_JWT_SECRET in .env is shorter"),
        ("AIRFLOW__CORE__FERNET_KEY", "no key", "AIRFLOW_FERNET_KEY in .env is no Fernet key"),
    ],
)
def test_init_refuses_a_weak_secret_before_anything_starts(
    name: str, value: str, said: str
) -> None:
    """The sentence says how to make a good one, and the secret itself is not in it."""
    good = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "AIRFLOW__API_AUTH__JWT_SECRET": "0123456789abcdef" * 4,
        "AIRFLOW__CORE__FERNET_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    }
    command = ["/bin/sh", str(ROOT / "deploy" / "init.sh")]
    env = {**good, name: value}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert "openssl rand" in done.stderr
    assert value not in done.stderr.replace("shorter", "")


def test_references_are_filled_in_as_compose_does(tmp_path: Path) -> None:
    """A dollar is escaped by a dollar, a default stands in for what is unset or empty."""
    file = tmp_path / "compose.yaml"
    file.write_text(
        "services:\n  one:\n    command: [sh, -c, 'echo $$HOME ${A:-b} ${C}']\n"
        "    environment: {X: '${A:-b}', Y: 3, Z: }\n"
    )
    service = read_services({"A": "", "C": "d", "Z": "e"}, file)["one"]
    assert service.command == ("sh", "-c", "echo $HOME b d")
    assert service.environment == {"X": "b", "Y": "3", "Z": "e"}
