"""Which request meets which fault."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from gapfill_sandbox.fault import Fault
from gapfill_sandbox.faults import Faults

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


@pytest.mark.parametrize(
    "times, is_met",
    [
        ({"since": "2025-11-05T12:00:00Z"}, True),
        ({"since": "2025-11-05T12:00:01Z"}, False),
        ({"until": "2025-11-05T12:00:01Z"}, True),
        ({"until": "2025-11-05T13:00:00+01:00"}, False),
        ({"since": "2025-11-05T12:00:00Z", "until": "2025-11-07T12:00:00Z"}, True),
    ],
)
def test_a_fault_may_last_from_an_instant_to_another(
    times: dict[str, object], *, is_met: bool
) -> None:
    """Of the virtual clock; the second is not included. Days that are asked for play no part."""
    faults = _faults({"kind": "500", **times})
    assert _met(faults, 1) == (["500"] if is_met else [None])
    assert _met(faults, 1, None) == (["500"] if is_met else [None])


def test_requests_above_a_limit_meet_it() -> None:
    """Seen are all, used those that were refused; a minute later it admits again."""
    moment = [0.0]
    fault = Fault(api="ree", kind="500", per_minute=2)
    faults = Faults(KNOWN, [fault], lambda: moment[0])
    assert _met(faults, 3) == [None, None, "500"]
    moment[0] = 60.0
    assert _met(faults, 3) == [None, None, "500"]
    (told,) = faults.as_json()
    assert (told["seen"], told["used"]) == (6, 2)


def test_a_request_that_a_limit_refuses_counts_towards_no_limit() -> None:
    """And one that another fault strikes counts towards all."""
    strict = {"kind": "500", "per_minute": 1, "until": "2025-11-05T12:00:01Z"}
    faults = _faults(strict, {"kind": "500", "per_minute": 3})
    assert _met(faults, 5) == [None, "500", "500", "500", "500"]
    later = datetime(2025, 11, 5, 12, 0, 1, tzinfo=UTC)
    taken = [faults.take("ree", KINDS, DAY, later) for _ in range(3)]
    assert [fault is None for fault in taken] == [True, True, False]
    mixed = _faults({"kind": "timeout", "times": 1}, {"kind": "500", "per_minute": 1})
    assert _met(mixed, 2) == ["timeout", "500"]


def test_a_path_that_does_not_count_meets_no_limit() -> None:
    """It meets other faults."""
    faults = _faults({"kind": "500", "per_minute": 1}, {"kind": "timeout", "after": 3})
    taken = [faults.take("ree", KINDS, DAY, NOW, is_counted=False) for _ in range(4)]
    assert [fault and fault.kind for fault in taken] == [None, None, None, "timeout"]


def test_faults_are_asked_for_all_or_none() -> None:
    """A list with a wrong one in it changes nothing, whether it is added or replaces."""
    faults, good = _faults({"kind": "500"}), {"api": "ree", "kind": "timeout"}
    for change in (faults.add, faults.replace):
        with pytest.raises(ValueError, match="cannot meet 'flood'"):
            change(good, {"api": "ree", "kind": "flood"})
    assert _met(faults, 1) == ["500"]
    faults.replace(good)
    assert _met(faults, 1) == ["timeout"]


def test_a_fault_is_told_as_it_can_be_asked_for() -> None:
    """What was told, asked for again, is the same fault."""
    asked = Fault.parse_spec(
        "ree:500,from=2025-11-01,since=2025-11-05T12:00:00Z,at=2025-11-01T05:00:00Z,field=ta,"
        "per_minute=7,window=fixed,clock=virtual,retry_after=3"
    )
    assert Fault.parse(asked.as_json()) == asked


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


@pytest.mark.parametrize(
    "spec",
    [
        *("ree", "ree:500,twice", "ree:500,often=2", "ree:500,times=0", "ree:500,per_minute=0"),
        *(
            "ree:500,window=round",
            "ree:500,clock=sand",
            "ree:500,since=soon",
            "ree:500,at=2025-11-01",
        ),
    ],
)
def test_a_spec_of_another_form_is_refused(spec: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r"form|unknown|less than|not one of|Invalid|no time zone"):
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
