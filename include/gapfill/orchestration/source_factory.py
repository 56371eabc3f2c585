"""The sources as Airflow connections and the environment set them up (port ``Sources``)."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

from airflow.sdk.bases.hook import BaseHook
from filelock import FileLock

from gapfill import extras, settings
from gapfill.domain.candidate import Obstacle, Unusable
from gapfill.errors import ConfigError, GapfillError
from gapfill.sources.aemet.hook import AemetHook
from gapfill.sources.esios.hook import EsiosHook
from gapfill.sources.http.connection import config_of, find_connection, read_extra, variable
from gapfill.sources.open_meteo.hook import OpenMeteoHook
from gapfill.sources.openweathermap.hook import OpenWeatherMapHook
from gapfill.sources.ree.hook import ReeHook
from gapfill.sources.siar.hook import TOKEN as READY_TOKEN
from gapfill.sources.siar.hook import SiarHook
from gapfill.sources.siar_csv.hook import VARIABLE, SiarCsvFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from airflow.sdk import Connection

    from gapfill.catalog import Catalog
    from gapfill.domain.interval import Interval
    from gapfill.domain.product import Product, Source
    from gapfill.domain.series import Station
    from gapfill.services.ports import Caller
    from gapfill.sources.http.hook import ApiHook

HOOKS: Mapping[str, type[ApiHook]] = {
    "ree": ReeHook,
    "esios": EsiosHook,
    "openweathermap": OpenWeatherMapHook,
    "aemet": AemetHook,
    "siar": SiarHook,
    "open_meteo": OpenMeteoHook,
}
"""Hook of each source that is an API; a source without one cannot be asked."""

FOLDER = "siar_csv"
"""The source that is a folder of files."""

KEYLESS = "keyless"
"""Account of a source that is asked without a key."""

TOKEN = "token"  # noqa: S105 - the name of a member
"""Member of a connection's extra that may hold a token in place of a password."""


class AirflowSources:
    """The sources as they are set up here; connections are looked up once."""

    def __init__(self, known: Catalog) -> None:
        self._catalog = known
        self._connections: dict[str, Connection | None] = {}

    def obstacle(self, product: Product) -> Obstacle | None:
        """Return why a product cannot be asked as it is set up; ``None`` where it can."""
        source = self._catalog.sources[product.source]
        if source.name == FOLDER:
            return self._obstacle_of_folder()
        if source.name not in HOOKS:
            return Obstacle(f"is not configured: this release has no hook for {source.title}")
        try:
            connection = self._connection(source)
            if connection is not None:
                return _obstacle(product, source, connection)
        except GapfillError as exc:
            return Obstacle(f"cannot be used: {exc}".rstrip("."), is_broken=True)
        if not product.needs_key:
            return None
        return Obstacle(f"is not configured: {_lacking(source)}", needs=source.connection)

    def account(self, source: str) -> str:
        """Return a short name for the key that is set up for a source.

        It is 16 bits of a digest: enough to tell one key from the next, and too little to try
        guesses of a password on.
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
        """Return what a product of files has of a station, ``None`` where that is not known."""
        folder = settings.siar_csv_folder()
        if product.source != FOLDER or folder is None:
            return None
        return SiarCsvFolder(folder).held(station.id)

    def unusable(self, product: Product, station: Station) -> Sequence[Unusable]:
        """Return what a product of files has of a station and cannot be used."""
        folder = settings.siar_csv_folder()
        if product.source != FOLDER or folder is None:
            return ()
        return SiarCsvFolder(folder).unusable(station.id)

    def caller(self, source: str, before_call: Callable[[int], None]) -> Caller:
        """Return the source's hook, which runs ``before_call`` before each HTTP request."""
        known, folder = self._catalog.sources[source], settings.siar_csv_folder()
        if source == FOLDER and folder is not None:
            return SiarCsvFolder(folder)
        if source not in HOOKS:
            message = f"This release has no hook for {known.title}."
            raise ConfigError(message)
        return HOOKS[source](known.connection, host=known.host, before_call=before_call)

    def turn(self, source: str) -> AbstractContextManager[object]:
        """Wait for this machine's turn at a source: one caller at a time, by a lock file."""
        folder = settings.lock_folder()
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{re.sub(r'[^a-z0-9_]', '_', source)}.lock")

    def _obstacle_of_folder(self) -> Obstacle | None:
        """Return why the files cannot be read; one that is wrong stops them all, not the run."""
        folder = settings.siar_csv_folder()
        if folder is None:
            sentence = f"is not configured: {VARIABLE} names no folder of SIAR's CSV files"
            return Obstacle(sentence, needs=VARIABLE)
        stations = {
            station.id
            for series in self._catalog.series.values()
            for station in series.place.stations
            if station.source == FOLDER
        }
        try:
            SiarCsvFolder(folder).check(sorted(stations))
        except GapfillError as exc:
            return Obstacle(f"cannot be read: {exc}".rstrip("."), is_broken=True)
        return None

    def _connection(self, source: Source) -> Connection | None:
        if source.connection not in self._connections:
            self._connections[source.connection] = find_connection(
                source.connection, BaseHook.get_connection
            )
        return self._connections[source.connection]


def _lacking(source: Source) -> str:
    return f"there is no connection {source.connection} ({variable(source.connection)})"


def _obstacle(product: Product, source: Source, connection: Connection) -> Obstacle | None:
    """Return what is missing in a connection for a product.

    Raises:
        ConfigError: If it does not make sense.
    """
    conn_id = source.connection
    name = f"connection {conn_id}"
    extra = read_extra(conn_id, connection.extra)
    if extra.get("paused"):
        return Obstacle(f'is paused ("paused": true in the extra of {name})')
    access = config_of(conn_id, connection, source.host)
    HOOKS[source.name].check(access)
    missing = ""
    needed = product.params.get("requires_extra")
    if product.source == "siar" and extra.get(READY_TOKEN):
        return None
    if product.needs_login and not access.login:
        missing = f"{name} has no login, its user id"
    elif product.needs_key and not access.key:
        missing = f"{name} has no password, its key"
    elif needed and not extras.flag(extra, needed):
        missing = f'it needs "{needed}": true in the extra of {name}'
    if not missing:
        return None
    # A key without the login that it needs, or a login (perhaps the key, misplaced) without a key.
    has_key, has_login = bool(access.key), bool(access.login)
    is_incomplete = has_key != has_login and (product.needs_login or not has_key)
    return Obstacle(f"is not configured: {missing}", needs=conn_id, is_incomplete=is_incomplete)
