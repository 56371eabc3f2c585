"""One error of a unit names every range that the store refused, whichever request it was of."""

from __future__ import annotations

from gapfill.errors import MalformedPayload, StoreRefused
from gapfill.services.refused_ranges import joined
from tests.builders import hours


def test_the_ranges_of_all_requests_are_named() -> None:
    """After the sentence of the first, with the reason; touching ones are one."""
    first = StoreRefused("No.", refused=[hours(0, 9)], ranges=[hours(1, 3)])
    second = StoreRefused("No either.", refused=[hours(20, 29)], ranges=[hours(24, 26)])
    third = StoreRefused("Nor here.", ranges=[hours(26, 27), hours(48, 49)])
    found = joined([first, second, third])
    assert str(found) == (
        "No. Also refused: 2026-01-02T00:00:00Z to 2026-01-02T03:00:00Z, "
        "2026-01-03T00:00:00Z to 2026-01-03T01:00:00Z; `status` gives the reason."
    )
    assert isinstance(found, StoreRefused)
    assert found.refused == [hours(0, 9), hours(20, 29)]
    assert found.ranges == [hours(1, 3), hours(24, 27), hours(48, 49)]


def test_of_many_ranges_the_first_are_named_and_the_others_counted() -> None:
    """A sentence stays one that can be read."""
    first = StoreRefused("No.", ranges=[hours(0, 1)])
    many = StoreRefused("No.", ranges=[hours(n, n + 1) for n in range(2, 30, 2)])
    said = str(joined([first, many]))
    assert said.count(" to ") == 5
    assert said.endswith(
        "2026-01-01T10:00:00Z to 2026-01-01T11:00:00Z and 9 more; `status` gives the reason."
    )


def test_an_answer_of_no_use_hides_no_refusal() -> None:
    """It stays the kind of error that it is, and no less is named."""
    odd = MalformedPayload("Odd.", source="ree", series="pvpc", interval=hours(0, 24))
    found = joined([odd, StoreRefused("No.", ranges=[hours(24, 26)])])
    assert isinstance(found, MalformedPayload)
    assert (found.source, found.series, found.interval) == ("ree", "pvpc", hours(0, 24))
    assert str(found) == (
        "Odd. Also refused: 2026-01-02T00:00:00Z to 2026-01-02T02:00:00Z; `status` gives "
        "the reason."
    )


def test_an_error_that_is_alone_says_what_it_said() -> None:
    """So does the first of several answers of no use."""
    odd = MalformedPayload("Odd.", source="ree")
    assert joined([odd, MalformedPayload("Odder.", source="ree")]) is odd
    refused = StoreRefused("No.", ranges=[hours(0, 1)])
    assert joined([refused]) is refused
