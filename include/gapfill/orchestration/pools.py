"""The pools: one caller of each source at a time, and one gate at a time.

A task waits for ever if its pool does not exist, and neither a task nor a DAG file can make a
pool. The plugin makes the missing pools when the scheduler starts.
"""

from __future__ import annotations

from airflow.models.pool import Pool
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from gapfill import catalog, settings

PREFIX = "gapfill_"
SLOTS = 1
"""One caller per source, and one gate, across all workers (design, 6 and 9)."""

GATES = f"{PREFIX}gates"
"""Pool of the gates of all DAGs. Two gates at once would overwrite each other's incident state
and send a message twice."""

_OF_SOURCE = "Gapfill: one caller of this source at a time"
_OF_GATES = "Gapfill: one gate at a time updates and reports the incidents"


def pool_of(source: str) -> str:
    """Return the name of a source's pool."""
    return f"{PREFIX}{source}"


def make_pools() -> list[str]:
    """Make the missing pools: that of the gates and one for each source of the catalogue.

    An existing pool keeps its slots, because an operator may have changed them. The pool of the
    gates comes first: gates must be able to report a wrong catalogue.

    Returns:
        The names of the pools that were made.

    Raises:
        ConfigError: If the catalogue is wrong.
    """
    made = [GATES] if _make(GATES, _OF_GATES) else []
    known = catalog.load(settings.catalog_path())
    return made + [name for name in map(pool_of, known.sources) if _make(name, _OF_SOURCE)]


def _make(name: str, what_for: str) -> bool:
    """Make one pool unless it exists; another process may make it at the same time."""
    try:
        with create_session() as session:
            if session.scalar(select(Pool).where(Pool.pool == name)) is not None:
                return False
            session.add(
                Pool(
                    pool=name,
                    slots=SLOTS,
                    description=what_for,
                    include_deferred=False,
                )
            )
    except IntegrityError:
        return False
    return True
