"""Points in a file: line protocol, a point a line, read back to points again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gapfill.errors import RequestError
from gapfill.stores.influxdb.undo.foreign_points import Kept

_KEY = r"(?:\\[,= ]|[^ ,=\n])+"
_FIELD = rf'{_KEY}=(?:"(?:\\.|[^"\\])*"|[^ ,"\n]+)'
_LINE = re.compile(
    rf"(?P<measurement>(?:\\[, ]|[^, \n])+)(?P<tags>(?:,{_KEY}={_KEY})*)"
    rf" (?P<fields>{_FIELD}(?:,{_FIELD})*) (?P<time>-?\d+)(?:\n|$)",
    re.DOTALL,
)
_TAG = re.compile(rf",({_KEY})=({_KEY})")
_ONE = re.compile(
    rf"(?:^|,)(?P<field>(?P<name>{_KEY})=(?:\"(?:\\.|[^\"\\])*\"|[^ ,\"\n]+))", re.DOTALL
)
_ESCAPED = re.compile(r"\\([,= ])")


def parse(said: str) -> Iterator[tuple[str, Kept]]:
    """Yield measurement and point of each line; lines that begin with ``#`` are comments.

    Raises:
        RequestError: If a line cannot be read.
    """
    position = 0
    while position < len(said):
        if said[position] in "#\n":
            position = said.find("\n", position) + 1 or len(said)
            continue
        found = _LINE.match(said, position)
        if found is None:
            line = said.count("\n", 0, position) + 1
            message = (
                f"Line {line} of the file is not a point in line protocol; nothing is written."
            )
            raise RequestError(message)
        tags = {_plain(key): _plain(value) for key, value in _TAG.findall(found["tags"])}
        fields = {_plain(one["name"]): one["field"] for one in _ONE.finditer(found["fields"])}
        yield _plain(found["measurement"]), Kept(tags, int(found["time"]), fields)
        position = found.end()


def _plain(escaped: str) -> str:
    return _ESCAPED.sub(r"\1", escaped)
