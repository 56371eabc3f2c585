"""Check whether an API's connection has everything that a product requires."""

from __future__ import annotations

from collections.abc import Sequence

from gapfill import extras
from gapfill.domain.candidate import Obstacle
from gapfill.domain.product import Product
from gapfill.sources.availability import SourceAvailability, SourceSetup
from gapfill.sources.http.connection import ConnectionConfig, config_of, read_extra, variable
from gapfill.sources.registry import member, wrong_member


class ApiAvailability(SourceAvailability):
    """An API's products may require a login, a key, or a member of the connection's extra.

    Attributes:
        extra_names: Names in the extra that this API reads beside those of every API.
    """

    extra_names: Sequence[str] = ()

    def check(self, access: ConnectionConfig) -> None:
        """Check the options that only this API's connection has, before any call.

        Raises:
            ConfigError: If one is wrong.
        """

    def has_other_key(self, _access: ConnectionConfig) -> bool:
        """Return whether a connection has a substitute for login and password."""
        return False

    def obstacle(self, product: Product, setup: SourceSetup) -> Obstacle | None:
        """Return the requirement of a product that its connection does not meet.

        Raises:
            ConfigError: If the connection is wrong.
        """
        source = setup.source
        connection = setup.connection()
        if connection is None:
            if not product.needs_key:
                return None
            name = f"{source.connection} ({variable(source.connection)})"
            sentence = f"is not configured: there is no connection {name}"
            return Obstacle(sentence, needs=source.connection)
        extra = read_extra(source.connection, connection.extra)
        if extra.get("paused"):
            return Obstacle(
                f'is paused ("paused": true in the extra of connection {source.connection})'
            )
        access = config_of(source.connection, connection, source.host, self.extra_names)
        self.check(access)
        return None if self.has_other_key(access) else _missing(product, access)


def availability_of(source: str) -> SourceAvailability | None:
    """Return the availability of a source, ``None`` without a package.

    Raises:
        ConfigError: If its module cannot be imported, or has no ``AVAILABILITY``.
    """
    found = member(source, "availability", "AVAILABILITY", ApiAvailability())
    if found is not None and not isinstance(found, SourceAvailability):
        raise wrong_member(source, "availability", "SourceAvailability", "AVAILABILITY")
    return found


def _missing(product: Product, access: ConnectionConfig) -> Obstacle | None:
    """Return the credential or extra that a product requires and the connection does not have."""
    name = f"connection {access.conn_id}"
    needed = product.params.get("requires_extra")
    if product.needs_login and not access.login:
        missing = f"{name} has no login, its user id"
    elif product.needs_key and not access.key:
        missing = f"{name} has no password, its key"
    elif needed and not extras.flag(access.extra, needed):
        missing = f'it needs "{needed}": true in the extra of {name}'
    else:
        return None
    # A key without the login that it needs, or a login (perhaps the key, misplaced) without a key.
    has_key, has_login = bool(access.key), bool(access.login)
    is_incomplete = has_key != has_login and (product.needs_login or not has_key)
    sentence = f"is not configured: {missing}"
    return Obstacle(sentence, needs=access.conn_id, is_incomplete=is_incomplete)
