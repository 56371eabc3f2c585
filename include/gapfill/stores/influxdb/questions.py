"""Questions to the server as steps, so that the questions of many series need few requests.

A read of a series is a generator: it yields a question and receives its answer. ``run`` asks
the questions of one read, ``run_all`` those of many reads together. Both give the same results,
because both run the same generator.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from gapfill.domain.interval import Interval
from gapfill.errors import StoreError, StoreUnreachable
from gapfill.stores.grouped import GIVE_UP_AFTER
from gapfill.stores.influxdb.errors import TooMuch
from gapfill.stores.influxdb.response import ResponseTable

if TYPE_CHECKING:
    from gapfill.stores.influxdb.undo.removal_watch import Asker

T = TypeVar("T")

ROWS = 400_000
"""Largest number of rows that a request for several reads may have to return."""

READS = 250
"""Largest number of reads in one request: their statements are about 200 kB."""

LANES = 2
"""Number of requests at the same time: one keeps one processor of the server busy."""


@dataclass(frozen=True, slots=True)
class Question:
    """Statements that are asked together.

    Attributes:
        statements: InfluxQL.
        rows: Largest number of rows that the answer can have, roughly; only sizes depend on it.
        epoch: Unit of the times in the answer: ``s`` or ``ns``.
    """

    statements: Sequence[str]
    rows: int = 0
    epoch: str = "s"


Answers = list[list[ResponseTable]]
"""The tables of each statement."""

Steps = Generator[Question, Answers, T]
"""A read: it yields questions, receives their answers, and returns what it found."""


Asked = tuple[str, Steps[T], Question]
"""A read with its name and the question that it waits for."""


def run(server: Asker, steps: Steps[T]) -> T:
    """Return the result of a read.

    Raises:
        StoreError: If a question fails, and the read has no alternative.
    """
    try:
        question = next(steps)
        while True:
            try:
                answers = server.ask(question.statements, question.epoch)
            except StoreError as exc:
                question = steps.throw(exc)
            else:
                question = steps.send(answers)
    except StopIteration as end:
        found: T = end.value
        return found


def in_halves(window: Interval, ask: Callable[[Interval], Steps[list[T]]]) -> Steps[list[T]]:
    """Return the result of a read for a window, in halves if the server refuses its size.

    Halves are cut at whole days, so that slots stay whole.

    Raises:
        TooMuch: If the server refuses even the smallest piece.
    """
    try:
        return (yield from ask(window))
    except TooMuch:
        parts = halves(window)
        if parts is None:
            raise
    found: list[T] = []
    for part in parts:
        found += yield from in_halves(part, ask)
    return found


def halves(window: Interval) -> tuple[Interval, Interval] | None:
    """Return the halves of a window, cut at a whole day; ``None`` if it has no two whole days."""
    days = window.duration // timedelta(days=1)
    if days < 2:  # noqa: PLR2004 - two days are the least that has whole halves
        return None
    midnight = window.start.replace(hour=0, minute=0, second=0, microsecond=0)
    middle = midnight + timedelta(days=(days + 1) // 2)
    return Interval(window.start, middle), Interval(middle, window.end)


def run_all(server: Asker, reads: Mapping[str, Steps[T]]) -> dict[str, T | StoreError]:
    """Return the result or the error of each read, by the names of the reads.

    A request has as many questions as the size of the answer allows, and two requests run at the
    same time. If a request fails, its questions are sent again one by one, so that only the read at
    fault fails. If the server cannot be reached twice in a row, the other reads have that error.
    """
    names = list(reads)
    lanes = [_Lane(server, {n: reads[n] for n in names[lane::LANES]}) for lane in range(LANES)]
    lanes = [lane for lane in lanes if lane.is_busy]
    if len(lanes) > 1:
        with ThreadPoolExecutor(len(lanes)) as pool:
            answers = list(pool.map(_Lane.finish, lanes))
    else:
        answers = [lane.finish() for lane in lanes]
    found = {name: answer for one in answers for name, answer in one.items()}
    return {name: found[name] for name in names}


class _Lane(Generic[T]):
    """Reads whose requests follow one another."""

    def __init__(self, server: Asker, reads: Mapping[str, Steps[T]]) -> None:
        self._server = server
        self._fresh: Iterator[tuple[str, Steps[T]]] = iter(reads.items())
        self._waiting: deque[Asked[T]] = deque()
        self._found: dict[str, T | StoreError] = {}
        self._down: StoreError = StoreUnreachable("")
        self._unreached = 0
        self.is_busy = bool(reads)

    def finish(self) -> dict[str, T | StoreError]:
        """Run all reads to their ends."""
        while part := self._next_part():
            if len({question.epoch for _, _, question in part}) == 1:
                self._ask(part)
            else:
                for epoch in ("s", "ns"):
                    self._ask([one for one in part if one[2].epoch == epoch])
        return self._found

    def _next_part(self) -> list[Asked[T]]:
        """Return the reads whose questions go together; waiting reads come first."""
        part: list[Asked[T]] = []
        rows = 0
        while len(part) < READS:
            if not self._waiting:
                name, steps = next(self._fresh, (None, None))
                if name is None or steps is None:
                    break
                self._step(name, steps, partial(next, steps))
                continue
            if part and rows + self._waiting[0][2].rows > ROWS:
                break
            part.append(self._waiting.popleft())
            rows += part[-1][2].rows
        return part

    def _ask(self, part: Sequence[Asked[T]]) -> None:
        """Ask several questions together; if that fails, each of them alone."""
        answers = self._answers(part)
        for name, steps, question in part:
            if answers is None:
                self._ask_alone(name, steps, question)
            else:
                said = [answers[statement] for statement in question.statements]
                self._step(name, steps, partial(steps.send, said))

    def _answers(self, part: Sequence[Asked[T]]) -> dict[str, list[ResponseTable]] | None:
        """Return the tables by statement; ``None`` if the questions must be asked alone."""
        if self._unreached >= GIVE_UP_AFTER or len(part) == 1:
            return None
        statements = list(dict.fromkeys(s for _, _, q in part for s in q.statements))
        try:
            said = self._server.ask(statements, part[0][2].epoch)
        except StoreError:
            return None
        self._unreached = 0
        return dict(zip(statements, said, strict=True))

    def _ask_alone(self, name: str, steps: Steps[T], question: Question) -> None:
        if self._unreached >= GIVE_UP_AFTER:
            self._found[name] = self._down
            return
        try:
            answers = self._server.ask(question.statements, question.epoch)
        except StoreUnreachable as exc:
            self._down = exc
            self._unreached += 1
            self._step(name, steps, partial(steps.throw, exc))
        except StoreError as exc:
            self._unreached = 0
            self._step(name, steps, partial(steps.throw, exc))
        else:
            self._unreached = 0
            self._step(name, steps, partial(steps.send, answers))

    def _step(self, name: str, steps: Steps[T], go: Callable[[], Question]) -> None:
        """Run a read until its next question, its end or its error."""
        try:
            self._waiting.append((name, steps, go()))
        except StopIteration as end:
            self._found[name] = end.value
        except StoreError as exc:
            self._found[name] = exc
