"""The codes of errors: what certificates, tasks and exit codes go by."""

from __future__ import annotations

import pytest

from gapfill import errors
from gapfill.cli.signals import Terminated
from gapfill.errors import ErrorCode, GapfillError, StoreRefused
from gapfill.stores.influxdb.errors import Denied, Transient


@pytest.mark.parametrize(
    "name",
    [
        "ConfigError",
        "RequestError",
        "SourceUnavailable",
        "RateLimited",
        "AuthRejected",
        "SpanRefused",
        "MalformedPayload",
        "StoreError",
        "StoreRefused",
    ],
)
def test_each_leaf_has_its_code(name: str) -> None:
    """Its name, as JSON had it before there were codes."""
    assert getattr(errors, name).code.value == name


def test_an_error_of_one_kind_of_store_has_the_code_of_store_errors() -> None:
    """Whoever decides by the code knows no database."""
    assert ErrorCode.of(Denied("")) is ErrorCode.of(Transient("")) is ErrorCode.STORE
    assert ErrorCode.of(StoreRefused("")) is ErrorCode.STORE_REFUSED


def test_a_signal_has_a_code_of_its_own() -> None:
    """Ctrl-C and SIGTERM."""
    assert ErrorCode.of(KeyboardInterrupt()).value == "KeyboardInterrupt"
    assert ErrorCode.of(Terminated()).value == "Terminated"


def test_anything_else_is_another_error() -> None:
    """And so is the word of another release."""
    assert ErrorCode.of(ValueError()) is ErrorCode.of(GapfillError()) is ErrorCode.OTHER
    assert ErrorCode("Eclipse") is ErrorCode.OTHER
