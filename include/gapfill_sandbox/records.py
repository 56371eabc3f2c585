"""Add a record that is not a row to a list of records, as a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EXTRA = {"type": "note", "attributes": {}}


def with_odd_record(records: Sequence[Mapping[str, object]], kind: str | None) -> list[object]:
    """Return the records of an answer, with one more if a fault adds one.

    Args:
        records: In the API's own form.
        kind: Kind of the fault. ``extra_record``: the first one is another type, without id
            and time. ``empty_record``: the last one has only nulls.
            ``null_record``: the last one is null.
    """
    if kind == "extra_record":
        return [_EXTRA, *records]
    if kind == "empty_record":
        return [*records, dict.fromkeys(records[-1] if records else ())]
    return [*records, None] if kind == "null_record" else list(records)
