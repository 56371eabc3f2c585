"""Whether an API can be asked as its connection is set up."""

from __future__ import annotations

from gapfill import extras
from gapfill.domain.candidate import Obstacle
from gapfill.domain.product import Product
from gapfill.sources.availability import SourceAvailability, SourceSetup
from gapfill.sources.http.connection import ConnectionConfig, config_of, read_extra, variable
from gapfill.sources.registry import member, wrong_member


class ApiAvailability(SourceAvailability):
    """An API's products need what they say: login, key, or a member of the connection's extra."""

    def check(self, access: ConnectionConfig) -> None:
        """Check what only this API's connection says, so that a call does not find it wrong.

        Raises:
            ConfigError: If it is wrong.
        """

    def has_other_key(self, _access: ConnectionConfig) -> bool:
        """Return whether a connection has what replaces login and password for this API."""
        return False

    def obstacle(self, product: Product, setup: SourceSetup) -> Obstacle | None:
        """Return what a product needs and its connection does not have.

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
        access = config_of(source.connection, connection, source.host)
        self.check(access)
        return None if self.has_other_key(access) else _missing(product, access)


def availability_of(source: str) -> SourceAvailability | None:
    """Return what is known of a source without a call, ``None`` without a package.

    Raises:
        ConfigError: If its module cannot be imported, or does not name it.
    """
    found = member(source, "availability", "AVAILABILITY", ApiAvailability())
    if found is not None and not isinstance(found, SourceAvailability):
        raise wrong_member(source, "availability", "SourceAvailability", "AVAILABILITY")
    return found


def _missing(product: Product, access: ConnectionConfig) -> Obstacle | None:
    """Return which credential or extra of a connection a product needs and does not find."""
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
