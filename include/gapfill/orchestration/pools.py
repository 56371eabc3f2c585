"""The pools that hold each source to one caller, and all gates to one speaker, at a time.

A task whose pool does not exist waits for ever, and neither a task nor a DAG file can make
one; the plugin makes those that are absent when the scheduler starts.
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
"""Of the gates of all DAGs: two that told incidents at once would overwrite each other's
state, and send one thing twice."""

_CALLER = "Gapfill: one caller of this source at a time"
_SPEAKER = "Gapfill: one gate at a time keeps and tells the incidents"


def pool_of(source: str) -> str:
    """Return the name of a source's pool."""
    return f"{PREFIX}{source}"


def make_pools() -> list[str]:
    """Make the pools of the gates and the catalogue's sources that are absent.

    A pool that is there keeps its slots: an operator may have changed them. The gates'
    comes first: a wrong catalogue must not keep them from saying so.

    Returns:
        The names of those that were made.

    Raises:
        ConfigError: If the catalogue is wrong.
    """
    made = [GATES] if _make(GATES, _SPEAKER) else []
    known = catalog.load(settings.catalog_path())
    return made + [name for name in map(pool_of, known.sources) if _make(name, _CALLER)]


def _make(name: str, what_for: str) -> bool:
    """Make one pool unless it is there; another process may be doing the same."""
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
