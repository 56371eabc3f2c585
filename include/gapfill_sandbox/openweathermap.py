"""OpenWeatherMap: the free weather of now and forecast, and One Call in both generations.

Source: the samples in the documentation of ``api.openweathermap.org``, and errors quoted in
public issues.

Documented: paths, parameters, ``units``; the key in ``appid``; One Call needs its own
subscription, has 1,000 free calls a day and any moment from 1979-01-01 until four days ahead;
phenomena that do not happen are omitted.

Observed: ``dt`` of the current weather is that of the last calculation, some minutes ago;
the time machine returns the request's ``dt``; ``cod`` is a number or a text; parameter names
may be in any case (pyowm sends ``APPID``).

Here a key that starts with ``bad`` is refused everywhere, one that contains ``free`` has no
subscription to One Call, one that contains ``4.0`` has one to One Call 4.0, and every other
one to 3.0. A generation refuses the keys of the other with 401.

Not known: the text with which 4.0 refuses a key (here that of 3.0), the answers to a moment
that is missing or out of range, the body of a 500, how long a block lasts.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill_sandbox import openweathermap_ahead as ahead
from gapfill_sandbox import openweathermap_format as form
from gapfill_sandbox import openweathermap_timeline as four
from gapfill_sandbox.api import Api, Ask, Route, Row, SimulatedAnswer, Truth
from gapfill_sandbox.kinds import ROW_KINDS, WIRE_KINDS
from gapfill_sandbox.openweathermap_keys import (
    BLOCKED,
    INVALID_KEY,
    NO_CITY,
    Refused,
    admit,
    error,
    given,
    json_answer,
)
from gapfill_sandbox.refusals import GENERIC
from gapfill_sandbox.times import local_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

PER_DAY = 1000
"""One Call's calls a day."""

_HOUR = timedelta(hours=1)
_CALCULATED_EVERY = timedelta(minutes=10)
_FIRST_MOMENT = datetime(1979, 1, 1, tzinfo=UTC)
_REACH_AHEAD = timedelta(days=4)
_LATITUDES, _LONGITUDES = 90, 180
_ONE_ROW = WIRE_KINDS | (ROW_KINDS - {"empty", "duplicated", "partial_day"})
_ONE_ROW_LIST = WIRE_KINDS | (ROW_KINDS - {"partial_day"})


def _view(ask: Ask) -> form.View:
    """Return the requested place and units.

    Raises:
        Refused: If there is no such place.
    """
    if given(ask, "q") is not None:
        raise Refused(NO_CITY)
    units = given(ask, "units") or form.STANDARD
    found: list[float] = []
    for name, words, limit in (("lat", "latitude", _LATITUDES), ("lon", "longitude", _LONGITUDES)):
        text = given(ask, name)
        if text is None:
            raise Refused(error(400, "400", "Nothing to geocode"))
        try:
            found.append(float(text))
        except ValueError:
            raise Refused(error(400, "400", f"wrong {words}")) from None
        if not abs(found[-1]) <= limit:
            raise Refused(error(400, "400", f"wrong {words}"))
    is_known = units in form.UNITS
    return form.View(found[0], found[1], units if is_known else form.STANDARD)


def _hour_end(moment: datetime) -> datetime:
    """Return the end of the hour that a moment ends or lies in."""
    whole = moment.replace(minute=0, second=0, microsecond=0)
    return whole if whole == moment else whole + _HOUR


def _calculated_at(now: datetime) -> datetime:
    """Return the last instant before now at which the current weather was calculated."""
    before = now - timedelta(microseconds=1)
    minute = before.minute - before.minute % (_CALCULATED_EVERY // timedelta(minutes=1))
    return before.replace(minute=minute, second=0, microsecond=0)


def _row_of_now(ask: Ask) -> Row:
    at = _calculated_at(ask.now)
    (row,) = ask.spoil([Row(at, form.values_at(at.replace(minute=0) + _HOUR))])
    return row


def _current(ask: Ask, view: form.View) -> object:
    return form.current(_row_of_now(ask), view)


def _current_of_one_call(ask: Ask, view: form.View) -> object:
    return four.current(_row_of_now(ask), view)


def _forecast(ask: Ask, view: form.View) -> object:
    return ahead.forecast(ask.now, view)


def _one_call(ask: Ask, view: form.View) -> object:
    excluded = (given(ask, "exclude") or "").split(",")
    return ahead.one_call(_calculated_at(ask.now), ask.now, view, excluded)


def _moment(ask: Ask) -> datetime:
    """Return the requested moment of the time machine.

    Raises:
        ValueError: If it is missing, is not a number, or is outside the years of the calendar.
    """
    try:
        return datetime.fromtimestamp(int(given(ask, "dt") or ""), UTC)
    except (OverflowError, OSError):
        raise ValueError from None


def _timemachine(ask: Ask, view: form.View) -> object:
    try:
        moment = _moment(ask)
    except ValueError:
        raise Refused(error(400, "400", "wrong dt")) from None
    if not _FIRST_MOMENT <= moment <= ask.now + _REACH_AHEAD:
        raise Refused(error(400, "400", "requested time is out of allowed range"))
    rows = ask.spoil([Row(moment, form.values_at(_hour_end(moment)))])
    return form.timemachine(rows, view)


def _answers(
    make: Callable[[Ask, form.View], object], generation: str | None = None
) -> Callable[[Ask], SimulatedAnswer]:
    """Return the answer function of a path, which checks key and place first."""

    def answer(ask: Ask) -> SimulatedAnswer:
        try:
            admit(ask, generation=generation)
            return json_answer(200, make(ask, _view(ask)))
        except Refused as refused:
            return refused.answer

    return answer


def _days_of_now(ask: Ask) -> tuple[date, date] | None:
    day = local_day(ask.now)
    return day, day


def _days_of_moment(ask: Ask) -> tuple[date, date] | None:
    try:
        day = local_day(_moment(ask) - _HOUR)
    except (ValueError, OverflowError):
        return None
    return day, day


def _truth(
    _query: Mapping[str, str], start: datetime, end: datetime
) -> Iterable[tuple[datetime, Sequence[float | None]]]:
    """Yield the values of each slot, which all products share."""
    slot = _hour_end(start)
    while slot < end:
        values = form.values_at(slot + _HOUR)
        yield slot, [form.stated(values, name) for name in form.COLUMNS.values()]
        slot += _HOUR


_ONE_CALL_ROUTES = tuple(
    Route(path, _answers(make, generation), days, kinds, per_day=PER_DAY)
    for path, make, generation, days, kinds in (
        ("/data/3.0/onecall", _one_call, "3.0", _days_of_now, WIRE_KINDS),
        ("/data/3.0/onecall/timemachine", _timemachine, "3.0", _days_of_moment, _ONE_ROW_LIST),
        (four.CURRENT, _current_of_one_call, "4.0", _days_of_now, _ONE_ROW),
        (four.TIMELINE, four.timeline, "4.0", four.days, WIRE_KINDS | ROW_KINDS),
    )
)

API = Api(
    name="openweathermap",
    routes=(
        Route("/data/2.5/weather", _answers(_current), _days_of_now, _ONE_ROW),
        Route("/data/2.5/forecast", _answers(_forecast), _days_of_now, WIRE_KINDS),
        *_ONE_CALL_ROUTES,
    ),
    refusals={
        **GENERIC,
        "401": INVALID_KEY,
        "429": BLOCKED,
        "500": error(500, 500, "Internal server error"),
    },
    rate_per_minute=60,
    span_days=0,
    truths={"weather_hourly": Truth(tuple(form.COLUMNS), _truth)},
)
