"""Checks an installation, part by part: one fault does not hide the next.

No source is asked, and nothing is written but what ``verify`` of a store writes and removes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gapfill import catalog, settings
from gapfill.clock import read_clock
from gapfill.domain.formatting import listed, short
from gapfill.errors import ConfigError, GapfillError
from gapfill.orchestration.check import Check, Health
from gapfill.orchestration.container import make_store
from gapfill.orchestration.source_factory import AirflowSources

if TYPE_CHECKING:
    from gapfill.catalog import Catalog
    from gapfill.domain.product import Source
    from gapfill.services.ports import Store
    from gapfill.sources.http.connection import LookUp


def examine(look_up: LookUp, *, with_airflow: bool) -> list[Check]:
    """Check the catalogue, the clock, the store, the folders, each source, and Airflow.

    Args:
        look_up: Looks connections up.
        with_airflow: Whether to read Airflow's database and plugins.
    """
    known, of_catalog = _catalog()
    checks = [of_catalog, _clock(), *_store(look_up)]
    checks += [
        _folder("state folder", "GAPFILL_STATE", settings.state_folder()),
        _folder("lock folder", "GAPFILL_LOCKS", settings.lock_folder()),
    ]
    if known is None:
        said = "The sources were not checked, because the catalogue cannot be read."
        checks.append(Check("sources", Health.SKIPPED, said))
    else:
        checks += _sources(known, look_up)
    if not with_airflow:
        said = (
            "Airflow was not checked (DAGs, pools, plugin): run this with --airflow where "
            "Airflow's own commands work."
        )
        return [*checks, Check("Airflow", Health.SKIPPED, said)]
    from gapfill.orchestration.airflow_checks import examine_airflow

    return [*checks, *examine_airflow(known)]


def _catalog() -> tuple[Catalog | None, Check]:
    path = settings.catalog_path()
    try:
        known = catalog.load(path)
    except ConfigError as exc:
        return None, Check("catalogue", Health.ERROR, str(exc))
    return known, Check("catalogue", Health.OK, f"{path} has {len(known.series):,} series.")


def _clock() -> Check:
    try:
        now = read_clock()
    except ConfigError as exc:
        return Check("clock", Health.ERROR, str(exc))
    if settings.clock():
        said = f"GAPFILL_NOW sets the clock to {short(now)}: remove it, except for tests."
        return Check("clock", Health.WARNING, said)
    return Check("clock", Health.OK, f"It is {short(now)} by the clock of this machine.")


def _store(look_up: LookUp) -> Iterator[Check]:
    try:
        store = make_store(None, look_up)
    except ConfigError as exc:
        yield Check("store", Health.ERROR, str(exc))
        return
    try:
        yield _verified(store)
    finally:
        store.close()


def _verified(store: Store) -> Check:
    where = store.place.where
    try:
        if store.stamp() is None:
            said = f"{where} does not exist yet: the first heal or import makes it."
            return Check("store", Health.WARNING, said)
        store.verify()
    except GapfillError as exc:
        return Check("store", Health.ERROR, str(exc))
    return Check("store", Health.OK, f"{where} can be read and written.")


def _folder(subject: str, setting: str, path: Path) -> Check:
    """Check that files can be made in a folder, or that it can be made."""
    existing = next(one for one in (path, *path.parents) if one.exists())
    if not existing.is_dir():
        said = f"{existing} is not a folder: set {setting} to a folder that lasts."
        return Check(subject, Health.ERROR, said)
    if not os.access(existing, os.W_OK | os.X_OK):
        said = f"No file can be made in {existing}: correct its rights, or set {setting}."
        return Check(subject, Health.ERROR, said)
    return Check(subject, Health.OK, f"{path} can be used.")


def _sources(known: Catalog, look_up: LookUp) -> Iterator[Check]:
    """Check the set-up of each source that a series uses."""
    sources = AirflowSources(known, look_up)
    used = {s.name for one in known.series.values() for s, _, _ in known.products_of(one)}
    for source in known.sources.values():
        if source.name in used:
            yield _source(source, sources)


def _source(source: Source, sources: AirflowSources) -> Check:
    found = {product.name: sources.obstacle(product) for product in source.products}
    obstacles = [one for one in found.values() if one]
    if not obstacles:
        return Check(source.name, Health.OK, f"{source.title} is set up.")
    worst = next((one for one in obstacles if one.is_broken or one.is_incomplete), obstacles[0])
    said = f"{source.title} {worst.sentence.rstrip('.')}."
    if worst.is_broken or worst.is_incomplete:
        return Check(source.name, Health.ERROR, said)
    usable = [name for name, one in found.items() if not one]
    if usable:
        said = f"{source.title} is set up for {listed(usable)} only; the rest {worst.sentence}."
    return Check(source.name, Health.WARNING, said)
