"""The shape of a JSON value: its keys and types at every path, without its values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PAYLOADS = Path(__file__).parents[1] / "payloads"


def payload(name: str) -> Any:  # noqa: ANN401 - any JSON
    """Return a payload file's JSON."""
    return json.loads((PAYLOADS / name).read_bytes())


def shape(value: object) -> object:
    """Return the value with each scalar replaced by its type, each list by its members' shapes."""
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(shape(member)) for member in value})
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, int | float) else "string"
