"""A bucket that a mapping of a 1.x upgrade hides; only 2.x has those, so only it collects this."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gapfill.stores.influxdb import first_contact as contact
from gapfill.stores.influxdb.store import InfluxStore
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.test_first_contact import says

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.server


def test_a_bucket_that_a_mapping_hides_is_told_from_one_that_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token of the one bucket does not see the mapping; one that may only write sees neither."""
    monkeypatch.setattr(contact, "_met", set())
    backend = InfluxBackend(tmp_path)
    engine = backend.engine
    engine.make_bucket("up/autogen")
    engine.make_bucket("up")
    mapping = engine.map_as_upgraded("up", "up/autogen")
    for actions in (("read", "write"), ("read",)):
        token = engine.token_of_2("up", *actions)
        for reads in (True, False):
            said = says(InfluxStore(engine.access("up", token=token)), reads=reads)
            assert f"the token may read the bucket ({engine.bucket_id('up')})" in said
            assert "a mapping of that name probably leads to another bucket" in said
            assert "influx v1 dbrp list --db up" in said
            assert "may not" not in said
    token = engine.token_of_2("up", "write")
    assert "the token may not read" in says(InfluxStore(engine.access("up", token=token)))
    said = says(InfluxStore(engine.access("up")), reads=True)
    assert f"as the mapping {mapping} of up/autogen says" in said
    backend.close()
