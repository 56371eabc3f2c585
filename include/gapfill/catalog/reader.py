"""Reads the catalogue's YAML files, and reports errors with the file and the key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import ValidationError

from gapfill.catalog.schema import LONGEST_NAME, SchemaModel
from gapfill.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    _SafeLoader = yaml.SafeLoader
else:
    # The loader in C takes an eighth of the time; not every build of PyYAML has it.
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Entry = TypeVar("Entry", bound=SchemaModel)


def read(path: Path, next_step: str) -> object:
    """Return the content of a file; dates stay text.

    Args:
        path: The file.
        next_step: What to check if it cannot be read, for the error.

    Raises:
        ConfigError: If it cannot be read, or is not YAML.
    """
    try:
        document: object = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
    except OSError as exc:
        message = f"The catalogue {path} cannot be read ({exc.strerror}); see {next_step}."
        raise ConfigError(message) from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"The catalogue {path} is not UTF-8 text.") from exc
    except yaml.YAMLError as exc:
        problem = " ".join(str(exc).replace('in "<unicode string>", line', "at line").split())
        raise ConfigError(f"The catalogue {path} is not valid YAML: {problem}") from exc
    return document


def check(path: Path, document: object, shape: type[Entry]) -> Entry:
    """Return a file's content in its schema.

    Raises:
        ConfigError: If it does not fit the schema; names the keys.
    """
    try:
        return shape.model_validate(document)
    except ValidationError as exc:
        problems = "; ".join(_say(error) for error in exc.errors()[:5])
        raise ConfigError(f"The catalogue {path} is wrong at {problems}.") from exc


def _say(error: Any) -> str:  # noqa: ANN401 - pydantic's error details
    key = ".".join(_brief(part) for part in error["loc"] if part != "[key]") or "its top level"
    if error["type"] == "string_too_long":
        length = len(error["input"])
        most = error["ctx"]["max_length"]
        return f"{key}: a name of {length:,} characters; at most {most} are allowed: shorten it"
    if error["type"] == "extra_forbidden":
        return f"{key}: unknown key"
    if error["type"] in _EXPECTED:
        return f"{key}: expected {_EXPECTED[error['type']]} (got {str(error['input'])[:60]!r})"
    given = "" if error["type"] == "missing" else f" (got {str(error['input'])[:60]!r})"
    return f"{key}: {error['msg'].removeprefix('Value error, ')}{given}"


def _brief(part: object) -> str:
    text = str(part)
    return text if len(text) <= LONGEST_NAME else f"{text[:40]}…"


_DATE, _DURATION = "a date such as 2021-06-01", "an ISO 8601 duration such as PT1H or P14D"
_EXPECTED = {
    "date_from_datetime_inexact": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_type": _DATE,
    "time_delta_parsing": _DURATION,
    "time_delta_type": _DURATION,
}
"""Clearer texts than pydantic's for these kinds of values."""


class _StrictLoader(_SafeLoader):
    """A safe loader that refuses a key that appears twice, such as two series of one name.

    Dates stay texts, so that a wrong one is reported with its key.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - as in the base class
        first: [(tag, form) for tag, form in known if tag != "tag:yaml.org,2002:timestamp"]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - the base class's signature
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=deep)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} appears twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)
