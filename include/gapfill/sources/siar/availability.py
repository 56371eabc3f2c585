"""Check the set-up of SIAR: a ready token replaces id and password."""

from __future__ import annotations

from gapfill.errors import ConfigError
from gapfill.sources.http.availability import ApiAvailability
from gapfill.sources.http.connection import ConnectionConfig, variable

TOKEN = "token"  # noqa: S105 - no secret but a name
"""Extra of the connection that holds a ready token, for users without id and password."""


class SiarAvailability(ApiAvailability):
    """Also checks the ready token in the extra."""

    extra_names = (TOKEN,)

    def check(self, access: ConnectionConfig) -> None:
        """Check the ready token, see ``ApiAvailability.check``."""
        ready_token(access)

    def has_other_key(self, access: ConnectionConfig) -> bool:
        """Return whether the connection has a ready token."""
        return ready_token(access) is not None


AVAILABILITY = SiarAvailability()


def ready_token(access: ConnectionConfig) -> str | None:
    """Return the token of a connection's extra, ``None`` if there is none.

    Raises:
        ConfigError: If it is not a text of plain ASCII without blanks.
    """
    given = access.extra.get(TOKEN)
    if given is None or given == "":
        return None
    token = given.strip().strip('"') if isinstance(given, str) else ""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(
            f"siar: the {TOKEN} in the extra of connection {access.conn_id!r} "
            f"({variable(access.conn_id)}) is not one word of plain ASCII: put the token "
            "there as SIAR gave it, or remove it and put an id into the login and its "
            "password into the password."
        )
    return token
