"""The file under the embedded store: how it is opened, and what its errors mean."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from gapfill.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NEXT_STEP = {
    "locked": "another process has held it too long; find it with `fuser`, or wait and run again",
    "not a database": "it is some other file; point the connection gapfill_store at another path",
    "readonly": "it or its folder is read-only; make both writable for this user",
    "unable to open": "its folder does not exist or is not this user's; make the folder",
    "disk is full": "free some space and run again; what was written before stands",
    "malformed": "the file is damaged; restore it, or `export` what can be read into a new one",
}


def engine(path: Path, wait_s: float) -> sa.Engine:
    """Return an engine whose transactions are begun by hand, safe with several processes."""
    made = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": wait_s}
    )

    @sa.event.listens_for(made, "connect")
    def _by_hand(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous=FULL")

    return made


@contextmanager
def said(path: Path) -> Iterator[None]:
    """Turn a database error into a sentence that names the file and the next step.

    Raises:
        StoreError: In place of any database error.
    """
    try:
        yield
    except sa.exc.DBAPIError as exc:
        text = str(exc.orig)
        step = next((s for words, s in _NEXT_STEP.items() if words in text), "see docs/runbook.md")
        message = f"The store {path} (connection gapfill_store) cannot be used: {text}; {step}."
        raise StoreError(message) from exc
