"""The order of an undo, over a store's own way to undo one series."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import StoreError
from gapfill.services.ports import Undone
from gapfill.stores.undo import undo_batch
from tests.domain.samples import PVPC

if TYPE_CHECKING:
    from gapfill.domain.series import Series

SLOT = datetime(2026, 1, 1, tzinfo=UTC)
OTHER = replace(PVPC, name="other")


def test_what_each_series_came_to_is_added_up() -> None:
    """Restored, removed and left, in the order of the notes; an idle series is asked as well."""
    parts = {PVPC.name: Undone(1, 2, 3), OTHER.name: Undone(10, 20, 30)}
    asked: list[str] = []

    def undo(series: Series) -> Undone:
        asked.append(series.name)
        return parts[series.name]

    wrote: dict[str, list[datetime]] = {OTHER.name: [SLOT], PVPC.name: []}
    assert undo_batch("run/a", wrote, [PVPC, OTHER], undo) == Undone(11, 22, 33)
    assert asked == ["other", PVPC.name]
    assert undo_batch("run/a", {}, [PVPC], undo) == Undone(0, 0, 0)


def test_nothing_is_undone_where_one_series_is_unknown() -> None:
    """It is known before the first series is touched; one without slots does not matter."""

    def undo(series: Series) -> Undone:
        pytest.fail(f"{series.name} was undone")

    with pytest.raises(StoreError) as caught:
        undo_batch("run/a", {PVPC.name: [SLOT], "gone": [SLOT]}, [PVPC], undo)
    assert str(caught.value) == (
        "The batch run/a wrote gone, which is not in the catalogue; nothing was undone. "
        "Put the series back into the catalogue for that."
    )
    assert undo_batch("run/a", {"gone": []}, [PVPC], undo) == Undone(0, 0, 0)
