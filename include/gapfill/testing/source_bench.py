"""Run the real hook of a source against a local API, and record its calls and log lines."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gapfill.catalog import reader
from gapfill.catalog.builder import Builder
from gapfill.catalog.packages import with_packages
from gapfill.catalog.schema import CatalogEntry, SourceEntry
from gapfill.domain.product import Source
from gapfill.domain.series import Series
from gapfill.errors import GapfillError
from gapfill.sources import registry
from gapfill.sources.availability import SourceSetup
from gapfill.sources.hooks import SourceHook, hook_of
from gapfill.sources.http.airflow_connection import look_up
from gapfill.sources.http.availability import availability_of
from gapfill.sources.http.connection import find_connection, variable
from gapfill.sources.model import Answer, Ask
from gapfill.testing.local_api import LocalApi

if TYPE_CHECKING:
    import pytest


def facts_of(source: str, catalog: Path) -> tuple[Mapping[str, Series], Source]:
    """Return the series of a catalogue file, and a source that its routes need not name.

    Raises:
        ConfigError: If the file or the facts of the source are wrong.
        AssertionError: If there is no such source.
    """
    facts = registry.facts_file(source)
    assert facts is not None, (
        f"There is no source {source!r}: put its package into gapfill/sources, or name it in an "
        f"entry point of the group {registry.GROUP}, and install it."
    )
    return _facts(source, facts, catalog)


@lru_cache(maxsize=8)
def _facts(source: str, facts: Path, catalog: Path) -> tuple[Mapping[str, Series], Source]:
    entry = reader.check(catalog, reader.read(catalog, next_step="its path"), CatalogEntry)
    own = reader.check(facts, reader.read(facts, next_step="the source's package"), SourceEntry)
    entry = entry.model_copy(update={"sources": {**entry.sources, source: own}})
    series, sources = Builder(catalog, with_packages(entry)).build()
    return series, sources[source]


class SourceBench:
    """A source whose connection points to a local API.

    Args:
        source: The source.
        api: The local API.
        monkeypatch: Undoes all changes.
        credentials: Login and password of its connection, and further members.

    Attributes:
        lines: Log lines of any level, and printed lines, of the last fetch.
        calls: Number of calls that the hook announced during the last fetch.
        decoded: Texts that the last fetch decoded as JSON.
    """

    def __init__(
        self,
        source: Source,
        api: LocalApi,
        monkeypatch: pytest.MonkeyPatch,
        credentials: Mapping[str, object],
    ) -> None:
        self.source = source
        self.api = api
        self.lines: list[str] = []
        self.calls = 0
        self.decoded: list[str] = []
        self._monkeypatch = monkeypatch
        self._credentials = credentials
        self._count_decodings()
        self.hook(timeout_s=10)  # the first look-up makes Airflow set its logging up

    def hook(self, timeout_s: float) -> SourceHook:
        """Return the hook, created as in a run."""
        found, known = hook_of(self.source.name), availability_of(self.source.name)
        assert found, f"The source {self.source.name!r} has no package."
        assert known, f"The source {self.source.name!r} has no package."
        more: dict[str, Any] = dict(self._credentials)
        more["extra"] = {**more.get("extra", {}), "timeout": timeout_s}
        name = self.source.connection
        self._monkeypatch.setenv(variable(name), self.api.connection(**more))
        connection = partial(find_connection, name, look_up)
        setup = SourceSetup(self.source, (), connection)
        for product in self.source.products:
            obstacle = known.obstacle(product, setup)
            said = obstacle.sentence if obstacle else ""
            assert not said, f"{product.key} {said}."
        return found.caller(setup, self._count)

    def fetch(self, ask: Ask, timeout_s: float = 10) -> Answer | GapfillError:
        """Return the source's answer, or the error that it raises."""
        hook = self.hook(timeout_s)
        self.lines, self.calls, self.decoded = [], 0, []
        root, listener = logging.getLogger(), _Listener(self.lines)
        level = root.level
        root.addHandler(listener)
        root.setLevel(logging.DEBUG)
        printed = io.StringIO()
        try:
            with redirect_stdout(printed), redirect_stderr(printed):
                hook.open(ask)
                return hook.fetch(ask)
        except GapfillError as exc:
            return exc
        finally:
            root.setLevel(level)
            root.removeHandler(listener)
            self.lines.append(printed.getvalue())

    def tested(self) -> str:
        """Return the result of the source's connection test, if it has one."""
        test = getattr(self.hook(timeout_s=10), "test_connection", None)
        return str(test()) if callable(test) else ""

    def _count(self, _records: int) -> None:
        self.calls += 1

    def _count_decodings(self) -> None:
        real = json.JSONDecoder.raw_decode

        def raw_decode(decoder: json.JSONDecoder, text: str, idx: int = 0) -> tuple[Any, int]:
            self.decoded.append(text)
            return real(decoder, text, idx)

        self._monkeypatch.setattr(json.JSONDecoder, "raw_decode", raw_decode)


class _Listener(logging.Handler):
    """Keeps each line, with the text of its exception."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._lines = lines
        self.setFormatter(logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self._lines.append(self.format(record))
