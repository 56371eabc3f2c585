"""Where a command works: its two streams, its clock and the installation it opens."""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TextIO, cast
from urllib.parse import urlsplit

from rich.console import Console

from gapfill import catalog, settings
from gapfill.catalog import Catalog
from gapfill.clock import read_clock
from gapfill.errors import ConfigError, RequestError
from gapfill.orchestration.connections import for_command_line
from gapfill.orchestration.container import forget_store, make_context
from gapfill.orchestration.doctor import examine
from gapfill.reporting import documents
from gapfill.services.context import RunContext
from gapfill.services.ports import StoreLocation

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from gapfill.orchestration.check import Check

WIDTH = 200
"""Columns if the output is not a terminal: a line is a line, for grep and for logs."""

_LOGS = "AIRFLOW__LOGGING__BASE_LOG_FOLDER"


class _Null(io.RawIOBase):
    """A file that forgets."""

    def writable(self) -> bool:
        """Return that it takes data."""
        return True

    def write(self, data: Buffer, /) -> int:
        """Forget the data."""
        return memoryview(data).nbytes


_NOWHERE = io.TextIOWrapper(io.BufferedWriter(_Null()), encoding="utf-8")
"""Where Airflow's log goes. It lives as long as the process: loggers keep it or its buffer."""


class _Console(Console):
    """A console that leaves a closed pipe to ``main``."""

    def on_broken_pipe(self) -> None:
        """Raise again what rich has caught."""
        raise  # noqa: PLE0704 - rich calls this while it handles BrokenPipeError


@dataclass(slots=True)
class CliContext:
    """The streams and the clock of one command.

    Attributes:
        stdout: What was asked for goes here, and nothing else.
        out: The same for people: coloured on a terminal only.
        err: Errors and progress.
        is_debugging: Whether tracebacks and logs are wanted, on stderr.
        now: What ``--now`` says.
        document_of: Name of the command that is to print one JSON document, and ends with one
            where an error ends it; ``None`` for the others, and once it is printed.
        moment: The clock, once read.
        has_begun: Whether a healing has begun to ask and to write.
    """

    stdout: TextIO
    out: Console
    err: Console
    is_debugging: bool = False
    now: str | None = None
    document_of: str | None = None
    moment: datetime | None = None
    has_begun: bool = False

    @classmethod
    def of_process(cls, *, is_debugging: bool) -> CliContext:
        """Return the cli at this process's streams."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        return cls(sys.stdout, _console(sys.stdout), _console(sys.stderr), is_debugging)

    def complain(self, sentence: str) -> None:
        """Print one line on stderr."""
        self.err.print(" ".join(sentence.split()), soft_wrap=True)

    def say(self, line: str) -> None:
        """Print one line for people, which is never wrapped or cut."""
        self.out.print(line, soft_wrap=True)

    def print_json(self, document: object) -> None:
        """Print the document, or plain JSON, on stdout, the only one."""
        self.document_of = None
        self.stdout.write(json.dumps(document, indent=2, default=documents.plain) + "\n")

    def clock(self) -> datetime:
        """Return now: ``--now``, else ``GAPFILL_NOW``, else the real time.

        Raises:
            RequestError: If ``--now`` is not an instant.
            ConfigError: If ``GAPFILL_NOW`` is none, or a clock does not answer.
        """
        try:
            self.moment = read_clock(self.now)
        except ConfigError as exc:
            if self.now and urlsplit(self.now).scheme not in ("http", "https"):
                raise RequestError(str(exc)) from exc
            raise
        return self.moment

    def catalog(self) -> Catalog:
        """Return the catalogue, without a look at the store."""
        return catalog.load(settings.catalog_path())

    @contextmanager
    def context(self, now: datetime) -> Iterator[RunContext]:
        """Open the installation; what Airflow would print meanwhile is not for the user.

        Raises:
            ConfigError: If the catalogue, the store's connection or a setting is wrong.
        """
        with self._quiet():
            look_up = for_command_line()
            context = make_context(now, warn=self.complain, look_up=look_up)
            try:
                yield context
            finally:
                context.store.close()

    def examine(self, *, with_airflow: bool) -> list[Check]:
        """Check the installation, part by part (``orchestration.doctor``)."""
        with self._quiet():
            return examine(for_command_line(), with_airflow=with_airflow)

    def forget_store(self) -> tuple[StoreLocation, bool]:
        """Forget what the store held; return where it is, and whether anything was known.

        Raises:
            ConfigError: If the store's connection is wrong.
            StoreError: If the store is there and holds readings.
        """
        with self._quiet():
            return forget_store(for_command_line())

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """Keep logs and warnings off both streams; with ``--debug`` they go to stderr.

        If a hook or a secrets backend is used, Airflow is imported inside; its logging keeps for
        good the stdout that it finds.
        """
        aside = cast("TextIO", self.err.file) if self.is_debugging else _NOWHERE
        with (
            redirect_stdout(aside),
            redirect_stderr(aside),
            _no_log_folder(),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("default" if self.is_debugging else "ignore")
            yield


@contextmanager
def _no_log_folder() -> Iterator[None]:
    """Keep Airflow from making ``~/airflow/logs`` when it is imported; it logs nothing here."""
    given = os.environ.get(_LOGS)
    os.environ[_LOGS] = given or tempfile.gettempdir()
    try:
        yield
    finally:
        if given is None:
            del os.environ[_LOGS]


def _console(file: TextIO) -> Console:
    width = None if file.isatty() else WIDTH
    return _Console(file=file, width=width, highlight=False, markup=False, emoji=False)
