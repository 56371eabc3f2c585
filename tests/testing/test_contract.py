"""The contract of sources passes a source that keeps it, and catches each fault by a named test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from gapfill.testing.source_contract import SourceContract
from tests.testing.sample_source import FAULTS, SampleHook

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [pytest.mark.airflow, pytest.mark.server]

ROOT = Path(__file__).parents[2]
SUITE = "tests/testing/suite_of_samples.py"
CAUGHT = [(hook, test) for hook, tests in FAULTS.items() for test in tests]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return what became of each test: nothing, or the text of its failure."""
    report = tmp_path_factory.mktemp("contract") / "report.xml"
    wanted = [f"{SUITE}::Test{hook.__name__}::{test}" for hook, test in CAUGHT]
    right = f"{SUITE}::Test{SampleHook.__name__}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    ran = subprocess.run(
        [*command, f"--junitxml={report}", right, *wanted],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.is_file(), ran.stdout + ran.stderr
    found = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own
        name = f"{(case.get('classname') or '').rpartition('.')[2]}::{case.get('name')}"
        found[name] = "".join(f"{bad.tag}: {bad.get('message')}" for bad in case)
    return found


def test_a_source_that_keeps_the_contract_passes_all_of_it(outcomes: Mapping[str, str]) -> None:
    """Every test of the contract ran on it."""
    own = {k.partition("::")[2]: v for k, v in outcomes.items() if k.startswith("TestSampleHook::")}
    assert {name: text for name, text in own.items() if text} == {}
    tests = {name for name in dir(SourceContract) if name.startswith("test_")}
    assert {name.partition("[")[0] for name in own} == tests
    assert len(own) == 44


@pytest.mark.parametrize(
    "hook,test", CAUGHT, ids=[f"{hook.__name__}-{test}" for hook, test in CAUGHT]
)
def test_a_fault_fails_the_test_that_is_named_for_it(
    outcomes: Mapping[str, str], hook: type[SampleHook], test: str
) -> None:
    """By the assertion of that test, and not by an accident on the way to it."""
    outcome = outcomes[f"Test{hook.__name__}::{test}"]
    assert outcome.startswith("failure: AssertionError: "), outcome or "it passed"
    assert "contract-key" not in outcome


def test_every_test_of_the_contract_catches_a_fault() -> None:
    """One that no fault fails would be of no use."""
    caught = {test.partition("[")[0] for _, test in CAUGHT}
    assert caught == {name for name in dir(SourceContract) if name.startswith("test_")}
