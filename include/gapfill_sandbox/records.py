"""What a fault adds to a list of records: one more, which is not a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EXTRA = {"type": "note", "attributes": {}}


def with_odd_record(records: Sequence[Mapping[str, object]], kind: str | None) -> list[object]:
    """Return the records of an answer, with one more where a fault adds one.

    Args:
        records: In the API's own form.
        kind: Of the fault. ``extra_record``: the first one is about something else, and has
            no id and no time. ``empty_record``: the last one has nulls alone.
            ``null_record``: the last one is null.
    """
    if kind == "extra_record":
        return [_EXTRA, *records]
    if kind == "empty_record":
        return [*records, dict.fromkeys(records[-1] if records else ())]
    return [*records, None] if kind == "null_record" else list(records)
