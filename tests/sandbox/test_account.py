"""What an account may do, and how long its tokens hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill_sandbox.account import Account, scrambled

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2025, 11, 5, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def _clock(*moments: float) -> Callable[[], float]:
    """Return a clock that tells these seconds, the last one for ever."""
    left = list(moments)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_calls_of_a_minute_slide() -> None:
    """Sixty real seconds after it came a call counts no more; a refused one never does."""
    seconds = [0.0]
    account = Account({"calls_minute": 2}, lambda: seconds[0])
    got = []
    for moment in (0.0, 30.0, 59.0, 60.0, 61.0, 90.0):
        seconds[0] = moment
        got.append(account.admit(NOW))
    assert got == [None, None, "calls_minute", None, "calls_minute", None]


def test_records_of_a_minute_are_refused_before_they_are_too_many() -> None:
    """An answer that is larger than the quota never comes, an empty one always does."""
    account = Account({"records_minute": 100}, _clock(0.0))
    assert account.admit(NOW, 336) == "records_minute"
    assert account.admit(NOW, 96) is None
    assert account.admit(NOW, 48) == "records_minute"
    assert account.admit(NOW, 4) is None
    assert account.admit(NOW, 0) is None
    assert account.counted(NOW)["records_minute"] == 100


def test_a_days_quotas_are_of_a_virtual_day_of_madrid() -> None:
    """At 23:00Z in winter it is the next day."""
    account = Account({"calls_day": 2, "records_day": 100}, _clock(0.0))
    assert [account.admit(NOW, 60), account.admit(NOW, 60)] == [None, "records_day"]
    assert [account.admit(NOW), account.admit(NOW)] == [None, "calls_day"]
    assert account.admit(datetime(2025, 11, 5, 22, 59, tzinfo=UTC)) == "calls_day"
    assert account.admit(datetime(2025, 11, 5, 23, 0, tzinfo=UTC), 100) is None


def test_what_was_counted_is_told() -> None:
    """Calls and records, of the minute and of the day."""
    account = Account({}, _clock(0.0))
    account.admit(NOW, 48)
    account.admit(NOW, 0)
    assert account.counted(NOW) == {
        "calls_minute": 2,
        "records_minute": 48,
        "calls_day": 2,
        "records_day": 48,
    }
    assert account.counted(NOW + DAY)["records_day"] == 0


def test_a_token_holds_for_its_minutes() -> None:
    """Of the virtual clock; an unknown text never does."""
    account = Account({"token_minutes": 60})
    token = account.give_token(NOW)
    assert account.is_token(token, NOW + 59 * MINUTE)
    assert not account.is_token(token, NOW + 60 * MINUTE)
    assert not account.is_token("another", NOW)
    assert not account.is_token(None, NOW)


def test_a_token_holds_for_its_uses() -> None:
    """And for ever without a limit; each is another text."""
    account = Account({"token_uses": 2})
    token = account.give_token(NOW)
    assert [account.is_token(token, NOW) for _ in range(3)] == [True, True, False]
    assert account.give_token(NOW) != token
    endless = Account({})
    token = endless.give_token(NOW)
    assert all(endless.is_token(token, NOW + n * DAY) for n in range(100))


def test_an_encrypted_text_has_signs_that_a_url_must_quote() -> None:
    """Always the same for the same text, and of one length."""
    assert scrambled("NIF") == scrambled("NIF") != scrambled("PASSWORD")
    assert set("+/") & set(scrambled("NIF"))
    assert len(scrambled("a")) == len(scrambled("a" * 100)) == 44
