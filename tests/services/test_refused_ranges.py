"""One error of a unit names every range that the store refused, whichever request it was of."""

from __future__ import annotations

from gapfill.errors import MalformedPayload, StoreRefused
from gapfill.services.refused_ranges import joined
from tests.builders import PVPC, hours

HOURLY = PVPC.grid.count


def test_the_ranges_of_all_requests_are_named() -> None:
    """After the sentence of the first, with the reason; touching ones are one."""
    first = StoreRefused("No.", refused=[hours(0, 9)], ranges=[hours(1, 3)])
    second = StoreRefused("No either.", refused=[hours(20, 29)], ranges=[hours(24, 26)])
    third = StoreRefused("Nor here.", ranges=[hours(26, 27), hours(48, 49)])
    found = joined([first, second, third], HOURLY)
    assert str(found) == (
        "No. Also refused: 2026-01-02T00:00:00Z to 2026-01-02T03:00:00Z, "
        "2026-01-03T00:00:00Z to 2026-01-03T01:00:00Z; `status` gives the reason."
    )
    assert isinstance(found, StoreRefused)
    assert found.refused == [hours(0, 9), hours(20, 29)]
    assert found.ranges == [hours(1, 3), hours(24, 27), hours(48, 49)]


def test_of_many_ranges_each_refused_stretch_is_named_with_its_slots() -> None:
    """A sentence stays one that can be read, and no range is outside of what it names."""
    first = StoreRefused("No.", refused=[hours(0, 1)], ranges=[hours(0, 1)])
    many = StoreRefused(
        "No.",
        shards=[hours(0, 24), hours(24, 48)],
        ranges=[hours(n, n + 1) for n in range(2, 30, 2)],
    )
    assert str(joined([first, many], HOURLY)) == (
        "No. Also refused: 11 slots in the shard 2026-01-01 to 2026-01-01, 11 ranges; 3 slots "
        "in the shard 2026-01-02 to 2026-01-02, 2026-01-02T00:00:00Z to 2026-01-02T01:00:00Z, "
        "2026-01-02T02:00:00Z to 2026-01-02T03:00:00Z, 2026-01-02T04:00:00Z to "
        "2026-01-02T05:00:00Z; `status` gives the reason."
    )


def test_of_many_ranges_without_a_known_shard_the_bounds_are_named() -> None:
    """With the number of slots, and that of ranges."""
    many = StoreRefused("No.", ranges=[hours(n, n + 2) for n in range(2, 50, 4)])
    assert str(joined([StoreRefused("No."), many], HOURLY)) == (
        "No. Also refused: 24 slots between 2026-01-01T02:00:00Z and 2026-01-03T00:00:00Z, "
        "12 ranges; `status` gives the reason."
    )


def test_ten_ranges_are_named_one_by_one() -> None:
    """The tenth as well."""
    many = StoreRefused("No.", ranges=[hours(n, n + 1) for n in range(2, 22, 2)])
    said = str(joined([StoreRefused("No."), many], HOURLY))
    assert said.count(" to ") == 10
    assert said.endswith("2026-01-01T20:00:00Z to 2026-01-01T21:00:00Z; `status` gives the reason.")


def test_slots_that_were_written_without_a_field_are_no_refused_ones() -> None:
    """They are named apart, of the first request in its own sentence."""
    first = StoreRefused("No.", ranges=[hours(0, 1)], partly=[hours(1, 2)])
    second = StoreRefused("No either.", partly=[hours(9, 10)])
    found = joined([first, second], HOURLY)
    assert str(found) == (
        "No. Written without an optional field as well: 2026-01-01T09:00:00Z to "
        "2026-01-01T10:00:00Z; `status` gives the reason."
    )
    assert isinstance(found, StoreRefused)
    assert (found.ranges, found.partly) == ([hours(0, 1)], [hours(1, 2), hours(9, 10)])


def test_an_answer_of_no_use_hides_no_refusal() -> None:
    """It stays the kind of error that it is, and no less is named."""
    odd = MalformedPayload("Odd.", source="ree", series="pvpc", interval=hours(0, 24))
    found = joined([odd, StoreRefused("No.", ranges=[hours(24, 26)])], HOURLY)
    assert isinstance(found, MalformedPayload)
    assert (found.source, found.series, found.interval) == ("ree", "pvpc", hours(0, 24))
    assert str(found) == (
        "Odd. Also refused: 2026-01-02T00:00:00Z to 2026-01-02T02:00:00Z; `status` gives "
        "the reason."
    )


def test_an_error_that_is_alone_says_what_it_said() -> None:
    """So does the first of several answers of no use."""
    odd = MalformedPayload("Odd.", source="ree")
    assert joined([odd, MalformedPayload("Odder.", source="ree")], HOURLY) is odd
    refused = StoreRefused("No.", ranges=[hours(0, 1)])
    assert joined([refused], HOURLY) is refused
