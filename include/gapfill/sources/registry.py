"""List the sources: the packages beside this module, and those of other distributions.

A package of a source holds its facts in ``source.yaml`` and its hook in ``hook``. One of another
distribution has an entry point of the group ``gapfill.sources``::

    [project.entry-points."gapfill.sources"]
    my_source = "my_package.my_source"

Listing the names imports nothing, because each parse of a DAG file needs them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from importlib.metadata import Distribution
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gapfill import sources

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from gapfill.errors import ConfigError

GROUP = "gapfill.sources"
"""Group of entry points by which other distributions add sources."""

FACTS = "source.yaml"
"""File of a source's facts, beside its modules."""

_METADATA = (".dist-info", ".egg-info")
_NAME = re.compile(r"[A-Za-z0-9_]{1,80}", re.ASCII)
"""Valid names of a source, which is part of task ids and pools."""


def names() -> tuple[str, ...]:
    """Return the names of all sources, in alphabetical order."""
    return tuple(sorted(_packages()))


def package_of(name: str) -> str | None:
    """Return the import path of a source's package, ``None`` if there is none.

    Raises:
        ConfigError: If two packages have the name.
    """
    found = _packages().get(name, ())
    if len(found) > 1:
        raise _config_error(
            f"The source {name!r} is defined by {' and by '.join(found)}: uninstall all but one of "
            f"these packages, or give its entry point in {GROUP} another name."
        )
    return found[0] if found else None


def member(source: str, module: str, name: str, default: object = None) -> Any:  # noqa: ANN401 - its caller checks the type
    """Return a member of a module of a source's package, imported on first use.

    Args:
        source: The source.
        module: Name of the module in the package.
        name: Name of the member.
        default: Result if the package has no such module.

    Returns:
        The member; ``None`` for a source that has no package.

    Raises:
        ConfigError: If two packages have the name, or the module cannot be imported or does not
            have that name.
    """
    package = package_of(source)
    if package is None:
        return None
    path = f"{package}.{module}"
    try:
        if default is not None and find_spec(path) is None:
            return default
        return getattr(import_module(path), name, None) or _Nameless()
    except Exception as exc:
        message = f"the module {path} of the source {source!r} cannot be imported"
        reason = f"{type(exc).__name__}: {exc}"
        raise _config_error(f"{message} ({reason}); install it again.") from exc


def wrong_member(source: str, module: str, kind: str, name: str) -> ConfigError:
    """Return the error for a source's module without its required member."""
    path = f"{package_of(source)}.{module}"
    message = f"the module {path} of the source {source!r} must name a {kind} as {name}"
    return _config_error(f"{message}; see docs/how_to/catalogue.md, Another source.")


class _Nameless:
    """Default for a member that a module does not have."""


def is_own(name: str) -> bool:
    """Return whether a source's package is one of those beside this module."""
    return package_of(name) == f"{sources.__name__}.{name}"


def facts_file(name: str) -> Path | None:
    """Return the file with a source's facts, ``None`` for a source that has no package.

    Raises:
        ConfigError: If two packages have the name, or its package is not installed.
    """
    package = package_of(name)
    if package is None:
        return None
    try:
        spec = find_spec(package)
    except ImportError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise _config_error(
            f"The source {name!r} is the package {package} (entry point in {GROUP}), which is not "
            "installed as a package: install it again, or remove the source from the catalogue."
        )
    return Path(next(iter(spec.submodule_search_locations))) / FACTS


def _config_error(message: str) -> ConfigError:
    from gapfill.errors import ConfigError  # noqa: PLC0415 - parsing a DAG stays quick

    return ConfigError(message)


def _packages() -> Mapping[str, tuple[str, ...]]:
    return _packages_in(tuple(sources.__path__), tuple(sys.path))


@lru_cache(maxsize=4)
def _packages_in(folders: tuple[str, ...], _path: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Return the packages of each name; ``package_of`` refuses more than one."""
    found: dict[str, tuple[str, ...]] = {}
    for folder in folders:
        for name in _listed(folder):
            files = (Path(folder, name, file) for file in (FACTS, "__init__.py"))
            if _NAME.fullmatch(name) and all(file.is_file() for file in files):
                found[name] = (f"{sources.__name__}.{name}",)
    for entry in sorted(_entry_points()):
        if _NAME.fullmatch(entry.name):
            known = found.get(entry.name, ())
            found[entry.name] = tuple(dict.fromkeys((*known, entry.module)))
    return found


def _entry_points() -> Iterator[EntryPoint]:
    """Yield the entry points of the group, of installed distributions that mention it.

    ``importlib.metadata.entry_points`` parses those of all groups of all distributions, which
    takes three times as long at each parse of a DAG file. If a distribution is installed
    twice, the first on the path counts.
    """
    group, seen = GROUP.encode(), set[str]()
    for folder in dict.fromkeys(entry or "." for entry in sys.path):
        for name in _listed(folder):
            if not name.endswith(_METADATA):
                continue
            if group not in _read(f"{folder}/{name}/entry_points.txt"):
                continue
            found = Distribution.at(Path(folder) / name)
            if found.name.casefold() not in seen:
                seen.add(found.name.casefold())
                yield from found.entry_points.select(group=GROUP)


def _listed(folder: str) -> list[str]:
    """Return the names in a folder of the path; none of an archive or a missing folder."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - makes no object of each of hundreds of files
    except OSError:
        return []


def _read(path: str) -> bytes:
    """Return a file without the buffers of ``open``: most have some lines, many do not exist."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(file, os.fstat(file).st_size)
    except OSError:
        return b""
    finally:
        os.close(file)
