"""The routes against their own description, with whatever Schemathesis thinks of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.examples import examples

if TYPE_CHECKING:
    from fastapi import FastAPI
    from schemathesis import BaseSchema, Case

    from tests.dags.conftest import Plant

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

CHECKS = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.fixture
def described(root: FastAPI, plant: Plant, dag: None) -> BaseSchema:  # noqa: ARG001 - what its routes see
    """Return the description of the routes under ``/gaps``."""
    return schemathesis.openapi.from_asgi("/gaps/openapi.json", root)


OPERATIONS = (
    ("GET", "/summary"),
    ("GET", "/detect"),
    ("GET", "/sources"),
    ("GET", "/coverage"),
    ("GET", "/coverage/slots"),
    ("GET", "/plan"),
    ("GET", "/explain"),
    ("POST", "/backfill"),
    ("POST", "/backfill/auto"),
    ("POST", "/backfill/range"),
)


def test_every_route_is_here(described: BaseSchema) -> None:
    """None is forgotten below."""
    operations = [found.ok() for found in described.get_all_operations() if isinstance(found, Ok)]
    found = {(operation.method.upper(), operation.path) for operation in operations}
    assert found == set(OPERATIONS)


@pytest.mark.parametrize("method, path", OPERATIONS)
def test_every_answer_is_as_described(described: BaseSchema, method: str, path: str) -> None:
    """Whatever is asked: never a 500, and no other status, type or shape than was promised."""

    @given(case=described[path][method].as_strategy())
    @settings(
        max_examples=examples(25),
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS)

    ask()
