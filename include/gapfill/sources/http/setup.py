"""Why a product of an API cannot be asked as its connection is set up."""

from __future__ import annotations

from collections.abc import Callable

from gapfill import extras
from gapfill.domain.candidate import Obstacle
from gapfill.domain.product import Product
from gapfill.sources.hooks import SourceSetup
from gapfill.sources.http.connection import ConnectionConfig, config_of, read_extra, variable


def obstacle(
    product: Product,
    setup: SourceSetup,
    check: Callable[[ConnectionConfig], None],
    has_other_key: Callable[[ConnectionConfig], bool],
) -> Obstacle | None:
    """Return why a product cannot be asked, ``None`` where it can.

    Args:
        product: The product.
        setup: How its source is set up.
        check: Looks at what only this API's connection says.
        has_other_key: Tells whether a connection has what takes the place of its credentials.

    Raises:
        ConfigError: If the connection does not make sense.
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
    check(access)
    return None if has_other_key(access) else _missing(product, access)


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
