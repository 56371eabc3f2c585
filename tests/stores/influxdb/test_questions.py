"""Questions of many reads go together, and one that fails does not hide the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gapfill.errors import StoreError, StoreUnreachable
from gapfill.stores.influxdb.errors import TooMuch
from gapfill.stores.influxdb.questions import ROWS, Question, in_halves, run, run_all
from gapfill.stores.influxdb.response import ResponseTable
from tests.builders import hours

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gapfill.domain.interval import Interval
    from gapfill.stores.influxdb.questions import Steps


class Echo:
    """A server that answers each statement with itself.

    Attributes:
        asked: The statements of each request.
    """

    def __init__(self, refuse: Callable[[Sequence[str]], StoreError | None]) -> None:
        self.asked: list[list[str]] = []
        self._refuse = refuse

    def ask(self, statements: Sequence[str], epoch: str = "s") -> list[list[ResponseTable]]:
        """Answer, or raise what the test says."""
        self.asked.append(list(statements))
        error = self._refuse(statements)
        if error:
            raise error
        return [[ResponseTable({}, ["said"], [[f"{one} {epoch}"]])] for one in statements]


def never(_: Sequence[str]) -> None:
    """Refuse nothing."""


def ask(*statements: str, rows: int = 0, epoch: str = "s") -> Steps[list[str]]:
    """Ask each statement after the other, and return what was said."""
    found = []
    for one in statements:
        (tables,) = yield Question([one], rows, epoch)
        found.append(tables[0].rows[0][0])
    return found


def test_reads_go_together() -> None:
    """Four reads of two questions each take four requests: two lanes of two."""
    server = Echo(never)
    reads = {name: ask(f"{name}1", f"{name}2") for name in "abcd"}
    assert run_all(server, reads) == {name: [f"{name}1 s", f"{name}2 s"] for name in "abcd"}
    assert sorted(server.asked) == [["a1", "c1"], ["a2", "c2"], ["b1", "d1"], ["b2", "d2"]]


def test_a_statement_of_several_reads_is_asked_once() -> None:
    """What the fields of a measurement are is the same for all of its series."""
    server = Echo(never)
    assert run_all(server, {"a": ask("x"), "b": ask("x"), "c": ask("x")})["c"] == ["x s"]
    assert sorted(server.asked) == [["x"], ["x"]]


def test_questions_in_seconds_and_nanoseconds_go_apart() -> None:
    """A request has one unit of time."""
    server = Echo(never)
    reads = {"a": ask("x"), "lane": ask(), "b": ask("y", epoch="ns")}
    assert run_all(server, reads) == {"a": ["x s"], "lane": [], "b": ["y ns"]}
    assert server.asked == [["x"], ["y"]]


def test_large_answers_are_not_asked_together() -> None:
    """Two questions of more than half of the bound take a request each."""
    server = Echo(never)
    large = ROWS // 2 + 1
    reads = {"a": ask("a", rows=large), "lane": ask(), "b": ask("b", rows=large)}
    run_all(server, reads)
    assert server.asked == [["a"], ["b"]]


def test_a_read_that_fails_does_not_hide_the_others() -> None:
    """The request is sent again with one read in each."""
    server = Echo(lambda said: StoreError("no") if "b" in said else None)
    reads = {name: ask(name) for name in ("a", "lane", "b", "other", "c")}
    found = run_all(server, reads)
    assert {n: a if isinstance(a, list) else str(a) for n, a in found.items()} == {
        "a": ["a s"],
        "lane": ["lane s"],
        "b": "no",
        "other": ["other s"],
        "c": ["c s"],
    }


def test_a_server_that_is_down_is_not_asked_for_every_series() -> None:
    """A lane asks once for all and twice for one; all reads have the error."""
    server = Echo(lambda _: StoreUnreachable("down"))
    found = run_all(server, {f"{n}": ask(f"{n}") for n in range(100)})
    assert {str(answer) for answer in found.values()} == {"down"}
    assert len(found) == 100
    assert len(server.asked) == 6


def test_a_size_that_is_refused_is_cut_in_halves() -> None:
    """Four days are too much, two are not."""

    def piece(window: Interval) -> Steps[list[str]]:
        return ask(f"{window.hours:g}")

    server = Echo(lambda said: TooMuch("size") if "96" in said else None)
    assert run(server, in_halves(hours(0, 96), piece)) == ["48 s", "48 s"]


def test_a_size_that_is_always_refused_is_an_error() -> None:
    """A day has no halves."""

    def piece(window: Interval) -> Steps[list[str]]:
        return ask(f"{window.hours:g}")

    with pytest.raises(TooMuch):
        run(Echo(lambda _: TooMuch("size")), in_halves(hours(0, 96), piece))
