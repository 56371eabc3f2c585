"""Reads docker-compose.yaml the way Compose does, as far as ours goes.

The native cluster takes its services' environment and commands from there, so that what
is proved without Docker is what Docker would run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = Path(__file__).resolve().parent.parent / "docker-compose.yaml"

_REFERENCE = re.compile(r"\$(?:(\$)|\{(\w+)(?::([-?])([^}]*))?\})")


class ComposeError(Exception):
    """The file needs what the settings do not give; the message is the file's own sentence."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the file, with the settings filled in.

    Attributes:
        name: As it is reached by the others.
        command: Program and arguments; empty where the image says it.
        environment: What the container would see of the file.
        replicas: How many containers there are of it.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    replicas: int


def read_raw(file: Path = FILE) -> dict[str, Any]:
    """Return the file as YAML has it, anchors merged, references as they stand."""
    document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document


def read_services(settings: Mapping[str, str], file: Path = FILE) -> dict[str, Service]:
    """Return the services by name.

    Args:
        settings: What ``.env`` or the shell would say.
        file: Which file.

    Raises:
        ComposeError: If a needed variable is not set, or empty.
    """
    services = {}
    for name, raw in read_raw(file)["services"].items():
        services[name] = Service(
            name,
            tuple(fill_in(part, settings) for part in raw.get("command", ())),
            _environment(raw.get("environment", {}), settings),
            int(raw.get("deploy", {}).get("replicas", 1)),
        )
    return services


def fill_in(text: str, settings: Mapping[str, str]) -> str:
    """Return a text of the file with its references filled in.

    Raises:
        ComposeError: If one is to a needed variable that is not set, or empty.
    """

    def value_of(found: re.Match[str]) -> str:
        escaped, name, kind, rest = found.groups()
        if escaped:
            return "$"
        value = settings.get(name, "")
        if not value and kind == "?":
            message = f"{name}: {rest}"
            raise ComposeError(message)
        return value or (rest if kind == "-" else "")

    return _REFERENCE.sub(value_of, text)


def needed(text: str) -> set[str]:
    """Return the variables that a text of the file cannot do without."""
    return {name for _, name, kind, _ in _REFERENCE.findall(text) if kind == "?"}


def _environment(raw: Mapping[str, object], settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables; one without a value is handed on where it is set."""
    found = {}
    for name, value in raw.items():
        if value is not None:
            found[name] = fill_in(str(value), settings)
        elif name in settings:
            found[name] = settings[name]
    return found
