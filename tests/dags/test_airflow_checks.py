"""What ``doctor --airflow`` reads from a real database of Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gapfill.orchestration.check import Check


@pytest.mark.airflow
def test_dags_and_pools_are_read_from_airflows_database() -> None:
    """Pools: absent, right, too wide. DAGs: absent, broken."""
    from airflow.models.dag import DagModel
    from airflow.models.errors import ParseImportError
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session
    from sqlalchemy import delete, select, update

    from gapfill.orchestration.airflow_checks import examine_airflow
    from gapfill.orchestration.pools import make_pools
    from tests.catalogs import frozen

    def look() -> dict[str, Check]:
        return {check.subject: check for check in examine_airflow(frozen())}

    with create_session() as session:  # other tests share the database
        known = set(session.scalars(select(DagModel.dag_id).where(~DagModel.is_stale)))
        session.execute(update(DagModel).values(is_stale=True))
        session.execute(delete(Pool).where(Pool.pool.startswith("gapfill_")))
    assert look()["pools"].health == "error"
    assert "gapfill_gates" in look()["pools"].sentence
    make_pools()
    assert look()["pools"].health == "ok"
    with create_session() as session:
        session.scalars(select(Pool).where(Pool.pool == "gapfill_ree")).one().slots = 4
    assert "gapfill_ree" in look()["pools"].sentence
    assert look()["DAGs"].health == "error"
    with create_session() as session:
        session.add(ParseImportError(filename="gap_detection.py", stacktrace="ImportError"))
    assert "cannot import gap_detection.py" in look()["DAGs"].sentence
    with create_session() as session:
        session.execute(delete(ParseImportError))
        session.execute(delete(Pool).where(Pool.pool.startswith("gapfill_")))
        session.execute(update(DagModel).where(DagModel.dag_id.in_(known)).values(is_stale=False))
