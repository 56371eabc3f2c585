"""Deterministic damage to an answer: its members, its rows, its bytes."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

    Record = dict[str, Any]

HUGE = 10**400
DEEP = 300
TEXTS = (
    "",
    " ",
    "null",
    "NaN",
    "n/d",
    "Ip",
    "Acum",
    "1e999",
    "-999",
    "1.234,5",
    "171,48",
    "\ud800",
    "\x00",
    "<html>",
    "x" * 5000,
    "5279X",
    "3195",
    "J09",
    "J17",
    "undefined",
    "2021-10-31T02:00:00.000+02:00",
    "2021-10-31T02:30:00+01:00",
    "2021-01-09T12:00:00",
    "2025-06-30T00:00:00",
    "0000-01-01",
    "0001-01-01",
    "0001-01-01T00:00:00",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31",
    "9999-12-31T23:59:59",
    "9999-12-31T23:59:59-23:59",
    "10000-01-01T00:00:00",
    "2025-12-19T00:00",
    "31/10/2021",
    "00/00/0000",
    "00-01",
    "02-03",
    "24-25",
    "24:00",
    "No existen datos",
    "en un minuto",
)
NUMBERS = (
    0,
    -0.0,
    1,
    -1,
    7,
    30,
    404,
    429,
    1001,
    2400,
    2430,
    8742,
    -999,
    9999,
    1e9,
    1e308,
    -1e308,
    5e-324,
    HUGE,
    -HUGE,
    -62135596800,  # the first second of the year 1
    253402300799,  # the last one of 9999
    253402300800,
    1661870591,
    math.nan,
    math.inf,
    -math.inf,
)


def odd(rng: Random) -> object:
    """Return a value that a member may hold, and should not."""
    kind = rng.randrange(8)
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind in {2, 3}:
        return rng.choice(NUMBERS)
    if kind in {4, 5}:
        return rng.choice(TEXTS)
    if kind == 6:
        return rng.choice(([], [None], [1, 2], [{}], [[]], _deep(), ["x"] * 50))
    return rng.choice(({}, {"1h": 1}, {"id": "1001"}, {"values": []}, {"value": 5, "x": None}))


def _deep() -> list[Any]:
    inner: list[Any] = []
    for _ in range(DEEP):
        inner = [inner]
    return inner


def places(document: object) -> list[tuple[Any, Any]]:
    """Return every container of a document with each of its keys."""
    found: list[tuple[Any, Any]] = []
    waiting: list[object] = [document]
    while waiting:
        place = waiting.pop()
        if isinstance(place, dict | list):
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            found += [(place, key) for key in keys]
            waiting += [place[key] for key in keys]
    return found


def damage(rng: Random, document: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a document with one thing wrong, which is changed in place where it can be."""
    spots = places(document)
    kind = rng.randrange(12)
    if not spots or kind == 0:
        return rng.choice((odd(rng), [document], {"datos": document}, document))
    place, key = rng.choice(spots)
    if kind in {1, 2, 3, 4}:
        place[key] = odd(rng)
    elif kind in {5, 6}:
        del place[key]
    elif kind == 7 and isinstance(place, list):
        place.insert(rng.randrange(len(place) + 1), _copy(place[key]))
    elif kind == 8 and isinstance(place, list):
        rng.shuffle(place)
    elif kind == 9 and isinstance(place, list):
        del place[rng.randrange(len(place)) :]
    elif kind == 10:
        other, name = rng.choice(spots)
        if key in _keys(place) and name in _keys(other):
            place[key], other[name] = _copy(other[name]), _copy(place[key])
    else:
        _change_all(rng, spots, key)
    return document


def _copy(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a scalar or a shallow record as it is, so that no document grows without end."""
    return dict(value) if isinstance(value, dict) else value


def _keys(place: Any) -> Any:  # noqa: ANN401 - of a container
    return place if isinstance(place, dict) else range(len(place))


def _change_all(rng: Random, spots: list[tuple[Any, Any]], key: object) -> None:
    """Change every member of one name alike: another unit, a sign, a text, nothing at all."""
    same = [(p, k) for p, k in spots if isinstance(p, dict) and k == key and k in p]
    factor, offset = rng.choice(((1.8, 32.0), (1, 273.15), (3.6, 0), (-1, 0), (0, 0), (1000, 0)))
    is_gone, is_text = rng.randrange(6) == 0, rng.randrange(6) == 0
    for place, name in same:
        value = place[name]
        if is_gone:
            place[name] = None
        elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
            place[name] = str(value) if is_text else value * factor + offset


def encoded(rng: Random, document: object) -> bytes:
    """Return a document as bytes: in some encoding, a name doubled, cut, or with other bytes."""
    text = json.dumps(document, ensure_ascii=rng.random() < 0.5)
    kind = rng.randrange(10)
    if kind == 0:
        text = _double_a_name(rng, text)
    encoding = rng.choice(("utf-8",) * 12 + ("iso-8859-15", "utf-8-sig", "utf-16", "utf-32-le"))
    body = text.encode(encoding, "replace")
    if kind == 1:
        return body[: rng.randrange(len(body) + 1)]
    if kind == 2:
        start = rng.randrange(len(body) + 1)
        end = min(len(body), start + rng.randrange(30))
        return body[:start] + rng.randbytes(rng.randrange(8)) + body[end:]
    return body


def _double_a_name(rng: Random, text: str) -> str:
    """Return a text with one more member of a name that is there, somewhere."""
    names = [n for n in range(len(text)) if text.startswith('": ', n)]
    if not names:
        return text
    end = rng.choice(names)
    start = text.rfind('"', 0, end)
    value = json.dumps(rng.choice((None, 1, -5.5, "x", [], {})))
    return f"{text[:start]}{text[start : end + 1]}: {value}, {text[start:]}"


def damage_row(rng: Random, row: Record) -> list[Any]:
    """Return what stands where one row was: none, one or two rows, wrong in one thing."""
    kind = rng.randrange(9)
    key = rng.choice(sorted(row))
    if kind == 0:
        return []
    if kind == 1:
        return [rng.choice((None, {}, dict.fromkeys(row), 5, "x", [], [1], True, _deep()))]
    if kind in {2, 3, 4, 5}:
        return [row | {key: odd(rng)}]
    if kind == 6:
        return [{name: value for name, value in row.items() if name != key}]
    if kind == 7:
        return [row, dict(row)]
    return [row, row | {key: odd(rng)}]
