"""The pools that hold each source to one caller at a time, made where they are absent.

A mapped task whose pool does not exist waits for ever, and neither a task nor a DAG file
can make one; the plugin does, when the scheduler starts.
"""

from __future__ import annotations

from airflow.models.pool import Pool
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from gapfill import catalog, settings

PREFIX = "gapfill_"
SLOTS = 1
"""One caller per source, across all workers (design, 6)."""


def pool_of(source: str) -> str:
    """Return the name of a source's pool."""
    return f"{PREFIX}{source}"


def make_pools() -> list[str]:
    """Make the pools of the catalogue's sources that are absent, and return their names.

    A pool that is there keeps its slots: an operator may have changed them.

    Raises:
        ConfigError: If the catalogue is wrong.
    """
    known = catalog.load(settings.catalog_path())
    return [name for name in map(pool_of, known.sources) if _make(name)]


def _make(name: str) -> bool:
    """Make one pool unless it is there; another process may be doing the same."""
    try:
        with create_session() as session:
            if session.scalar(select(Pool).where(Pool.pool == name)) is not None:
                return False
            session.add(
                Pool(
                    pool=name,
                    slots=SLOTS,
                    description="Gapfill: one caller of this source at a time",
                    include_deferred=False,
                )
            )
    except IntegrityError:
        return False
    return True
