"""Which request meets which fault."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from gapfill.sandbox.fault import Fault
from gapfill.sandbox.faults import Faults

KINDS = frozenset({"500", "timeout"})
KNOWN = {"ree": KINDS, "esios": KINDS}
DAY = (date(2025, 11, 1), date(2025, 11, 1))
NOW = datetime(2025, 11, 5, 12, tzinfo=UTC)


def _met(faults: Faults, requests: int, days: tuple[date, date] | None = DAY) -> list[str | None]:
    """Return the kinds that so many requests to REE meet."""
    taken = [faults.take("ree", KINDS, days, NOW) for _ in range(requests)]
    return [fault.kind if fault else None for fault in taken]


def _faults(*data: dict[str, object]) -> Faults:
    """Return these faults of REE in force."""
    return Faults(KNOWN, [Fault.parse({"api": "ree", **fault}) for fault in data])


def test_a_fault_lasts_for_ever_unless_it_is_counted() -> None:
    """Without times every request meets it."""
    assert _met(_faults({"kind": "500"}), 3) == ["500", "500", "500"]
    assert _met(_faults({"kind": "500", "times": 2}), 3) == ["500", "500", None]


def test_a_fault_lets_the_first_requests_pass() -> None:
    """After counts the matching requests before the first that meets it."""
    assert _met(_faults({"kind": "500", "after": 2, "times": 1}), 4) == [None, None, "500", None]


def test_the_first_fault_in_force_is_met() -> None:
    """When it is spent, the next one is."""
    faults = _faults({"kind": "500", "times": 1}, {"kind": "timeout"})
    assert _met(faults, 2) == ["500", "timeout"]


def test_a_fault_befalls_its_api_and_kinds_alone() -> None:
    """Another API and a path that cannot meet the kind are spared, and not counted."""
    faults = _faults({"kind": "500", "times": 1})
    assert faults.take("esios", KINDS, DAY, NOW) is None
    assert faults.take("ree", frozenset({"timeout"}), DAY, NOW) is None
    assert faults.as_json()[0]["seen"] == 0
    assert _met(faults, 1) == ["500"]


@pytest.mark.parametrize(
    "first, last, is_met",
    [
        ("2025-10-30", "2025-10-31", False),
        ("2025-10-30", "2025-11-01", True),
        ("2025-11-02", "2025-11-02", True),
        ("2025-11-03", "2025-11-05", True),
        ("2025-11-04", "2025-11-05", False),
        ("2025-10-01", "2025-12-01", True),
    ],
)
def test_a_fault_with_dates_befalls_ranges_that_touch_them(
    first: str, last: str, *, is_met: bool
) -> None:
    """Both dates of the fault are included."""
    faults = _faults({"kind": "500", "from": "2025-11-01", "to": "2025-11-03"})
    days = (date.fromisoformat(first), date.fromisoformat(last))
    assert _met(faults, 1, days) == (["500"] if is_met else [None])


def test_a_fault_with_one_date_is_open_on_the_other_side() -> None:
    """From alone means from then on, to alone until then."""
    assert _met(_faults({"kind": "500", "from": "2025-11-01"}), 1) == ["500"]
    assert _met(_faults({"kind": "500", "from": "2025-11-02"}), 1) == [None]
    assert _met(_faults({"kind": "500", "to": "2025-11-01"}), 1) == ["500"]
    assert _met(_faults({"kind": "500", "to": "2025-10-31"}), 1) == [None]


def test_a_request_without_a_range_meets_only_faults_without_dates() -> None:
    """A range that cannot be read touches no day."""
    assert _met(_faults({"kind": "500", "from": "2025-11-01"}), 1, None) == [None]
    assert _met(_faults({"kind": "500"}), 1, None) == ["500"]


def test_counts_are_told() -> None:
    """Seen are all matching requests, used those that met it."""
    faults = _faults({"kind": "500", "after": 1, "times": 1})
    _met(faults, 3)
    (told,) = faults.as_json()
    assert (told["seen"], told["used"]) == (3, 1)


def test_cleared_faults_are_gone() -> None:
    """Nothing is met after that."""
    faults = _faults({"kind": "500"})
    faults.clear()
    assert _met(faults, 1) == [None]
    assert faults.as_json() == []


def test_the_option_form_says_the_same_as_json() -> None:
    """API, kind and pairs."""
    spec = "ree:429,times=2,after=1,from=2025-11-01,to=2025-11-02,retry_after=30,every=3"
    assert Fault.parse_spec(spec) == Fault(
        api="ree",
        kind="429",
        times=2,
        after=1,
        first_day=date(2025, 11, 1),
        last_day=date(2025, 11, 2),
        retry_after=30,
        every=3,
    )
    assert Fault.parse_spec("ree:slow,seconds=0.5").seconds == 0.5


@pytest.mark.parametrize("spec", ["ree", "ree:500,twice", "ree:500,often=2", "ree:500,times=0"])
def test_a_spec_of_another_form_is_refused(spec: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r"form|unknown|less than"):
        Fault.parse_spec(spec)


@pytest.mark.parametrize(
    "data",
    [
        {"api": "ree"},
        {"kind": "500"},
        {"api": "ree", "kind": "500", "form": "2025-11-01"},
        {"api": "ree", "kind": "500", "from": "soon"},
        {"api": "ree", "kind": "500", "every": 0},
        {"api": "aemet", "kind": "500"},
        {"api": "ree", "kind": "expired_link"},
        ["ree", "500"],
    ],
)
def test_what_cannot_be_is_refused(data: object) -> None:
    """A misspelt fault must not become a test without a fault."""
    with pytest.raises(ValueError, match=r"fault|Invalid|less than|named|cannot meet"):
        Faults(KNOWN).add(data)
