"""The sources, set up by Airflow connections and the environment (port ``Sources``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from hashlib import sha256

from filelock import FileLock

from gapfill import settings
from gapfill.catalog import Catalog
from gapfill.domain.candidate import Obstacle, Unusable
from gapfill.domain.interval import Interval
from gapfill.domain.product import Product, Source
from gapfill.domain.series import Station
from gapfill.errors import ConfigError, GapfillError
from gapfill.extras import Connection
from gapfill.orchestration.connections import by_airflow
from gapfill.services.ports import Caller
from gapfill.sources.availability import SourceSetup
from gapfill.sources.hooks import hook_of
from gapfill.sources.http.availability import availability_of
from gapfill.sources.http.connection import LookUp, find_connection
from gapfill.sources.registry import is_own

KEYLESS = "keyless"
"""Account of a source that is used without a key."""

TOKEN = "token"  # noqa: S105 - the name of a member
"""Member of a connection's extra that may hold a token in place of a password."""


class AirflowSources:
    """The sources as they are set up here. Each connection is looked up once.

    Args:
        known: The catalogue.
        look_up: Looks connections up.
    """

    def __init__(self, known: Catalog, look_up: LookUp = by_airflow) -> None:
        self._catalog = known
        self._look_up = look_up
        self._connections: dict[str, Connection | None] = {}

    def obstacle(self, product: Product) -> Obstacle | None:
        """Return why a product cannot be used as it is set up; ``None`` if it can."""
        source = self._catalog.sources[product.source]
        try:
            known = availability_of(source.name)
            if known is None:
                return Obstacle(f"is not configured: this release has no hook for {source.title}")
            if not is_own(source.name):  # its package may be broken; ours are tested
                hook_of(source.name)
            return known.obstacle(product, self._setup(source))
        except GapfillError as exc:
            return Obstacle(f"cannot be used: {exc}".rstrip("."), is_broken=True)

    def account(self, source: str) -> str:
        """Return a short name for the key that is set up for a source.

        It is 16 bits of a digest: enough to distinguish keys, too few to test guesses of a
        password against.
        """
        connection = self._connection(self._catalog.sources[source])
        if connection is None:
            return KEYLESS
        given = {name.strip().lower(): said for name, said in connection.extra_dejson.items()}
        token = given.get(TOKEN)
        secrets = [connection.login or "", connection.password or "", str(token or "")]
        if not any(secrets[1:]):
            return KEYLESS
        text = "\0".join([self._catalog.sources[source].connection, *secrets])
        return sha256(text.encode()).hexdigest()[:4]

    def available_intervals(self, product: Product, station: Station) -> Sequence[Interval] | None:
        """Return what a product of files has of a station, ``None`` if that is not known."""
        known = availability_of(product.source)
        return None if known is None else known.held(station.id)

    def unusable(self, product: Product, station: Station) -> Sequence[Unusable]:
        """Return the parts of a product of files that cannot be used for a station."""
        known = availability_of(product.source)
        return () if known is None else known.unusable(station.id)

    def caller(self, source: str, before_call: Callable[[int], None]) -> Caller:
        """Return the source's hook, which runs ``before_call`` before each HTTP request."""
        known, hook = self._catalog.sources[source], hook_of(source)
        if hook is None:
            message = f"This release has no hook for {known.title}."
            raise ConfigError(message)
        return hook.caller(self._setup(known), before_call)

    def turn(self, source: str) -> AbstractContextManager[object]:
        """Return a lock file of a source: one caller at a time on this machine."""
        folder = settings.lock_folder()
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{re.sub(r'[^a-z0-9_]', '_', source)}.lock")

    def _setup(self, source: Source) -> SourceSetup:
        stations = {
            station.id
            for series in self._catalog.series.values()
            for station in series.place.stations
            if station.source == source.name
        }
        return SourceSetup(source, sorted(stations), partial(self._connection, source))

    def _connection(self, source: Source) -> Connection | None:
        if source.connection not in self._connections:
            self._connections[source.connection] = find_connection(source.connection, self._look_up)
        return self._connections[source.connection]
