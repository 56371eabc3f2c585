"""What is said when some series can be read and another cannot."""

from __future__ import annotations

from typing import Any

import pytest

from gapfill.domain.coverage import Coverage, unknown
from gapfill.domain.gap import Gap
from gapfill.domain.plan import Plan, Unit
from gapfill.domain.request import Request
from gapfill.domain.series import State
from gapfill.domain.severity import Severity
from gapfill.errors import StoreError
from gapfill.services.coverage_warnings import UnusableSource
from gapfill.services.detection import Report
from tests.catalogs import frozen
from tests.domain.samples import at, span

pytestmark = pytest.mark.airflow

NOW = at("2026-03-03")
READ = Report("pvpc", Coverage(span("2026-03-01", "2026-03-02"), dict.fromkeys(State, 0), 24, ()))
FAILED = Report(
    "weather_hourly",
    unknown(frozen().series["weather_hourly"], span("2026-03-01", "2026-03-02")),
    error="the disk is gone",
)


def view_of(*reports: Report) -> object:
    """Return a look that found these."""
    from gapfill.webui.snapshot_cache import StoreSnapshot

    return StoreSnapshot(NOW, frozen(), reports)


@pytest.mark.usefixtures("database")
def test_a_series_that_cannot_be_read_is_unknown_on_the_calendar() -> None:
    """The others are drawn, and the whole is not well."""
    from gapfill.webui import responses
    from gapfill.webui.request_models import SeriesQuery

    told = responses.coverage(view_of(READ, FAILED), SeriesQuery())  # type: ignore[arg-type] # see view_of
    assert told.state == "unknown"
    assert told.series[0].days == [(1, "23c"), (1, "1c")]
    assert told.series[1].days == [(1, "23x"), (1, "1x")]
    assert told.series[1].error == "the disk is gone"


@pytest.mark.usefixtures("database")
def test_the_summary_is_no_all_clear_while_a_series_cannot_be_read() -> None:
    """What is known is told; what is not has no numbers, and nothing is recommended."""
    from gapfill.webui import responses
    from gapfill.webui.request_models import SeriesQuery

    told = responses.summary(view_of(READ, FAILED), Plan(NOW, ()), SeriesQuery())  # type: ignore[arg-type] # see view_of
    assert told.state == "unknown"
    assert (told.ree_data.status, told.ree_data.gap_hours, told.ree_data.gaps) == ("ok", 0, 0)
    weather = told.weather_data
    assert (weather.status, weather.gap_hours, weather.gaps) == ("unknown", None, None)
    assert [series.state for series in told.series] == ["ok", "unknown"]
    assert (told.series[1].error, told.series[1].missing_hours) == ("the disk is gone", None)
    assert told.strategy.name == "wait"
    assert told.recommendation == (
        "weather_hourly could not be read: the disk is gone. "
        "Correct that first: until then no run over all series can be started."
    )


@pytest.mark.usefixtures("database")
def test_what_cannot_be_read_is_among_the_gaps() -> None:
    """So a list without gaps is always an all-clear."""
    from gapfill.webui import responses

    told = responses.detected(view_of(READ, FAILED), Plan(NOW, ()), 10)  # type: ignore[arg-type] # see view_of
    assert (told.ree_gaps, [gap.state for gap in told.weather_gaps]) == ([], ["unknown"])
    assert told.errors == ["weather_hourly could not be read: the disk is gone"]
    assert told.strategy.name == "wait"


@pytest.mark.usefixtures("database")
def test_where_nothing_can_be_read_there_is_nothing_to_tell() -> None:
    """It is the reason that is told."""
    from gapfill.webui import responses
    from gapfill.webui.request_models import SeriesQuery

    view = view_of(FAILED)
    with pytest.raises(StoreError, match="weather_hourly could not be read: the disk is gone"):
        responses.summary(view, Plan(NOW, ()), SeriesQuery())  # type: ignore[arg-type] # see view_of
    with pytest.raises(StoreError):
        responses.detected(view, Plan(NOW, ()), None)  # type: ignore[arg-type] # see view_of
    with pytest.raises(StoreError):
        responses.coverage(view, SeriesQuery())  # type: ignore[arg-type] # see view_of


DAY = span("2026-03-01", "2026-03-02")
NEEDS = ("aemet_default", "siar_default")


def gap(state: State = State.MISSING, slots: int = 24, **more: Any) -> Gap:  # noqa: ANN401 - of a gap
    """Return a gap of a day."""
    return Gap(DAY, slots, Severity.CRITICAL, state, **more)


def report(*gaps: Gap, **more: Any) -> Report:  # noqa: ANN401 - of a report
    """Return what is known of prices with these gaps."""
    counts = dict.fromkeys(State, 0)
    for one in gaps:
        counts[one.state] += one.slots
    return Report("pvpc", Coverage(DAY, counts, 24, gaps), at("2026-03-01"), **more)


def advised(*reports: Report, units: tuple[Unit, ...] = ()) -> tuple[str, str]:
    """Return the recommendation and the name of the strategy."""
    from gapfill.webui.recommendations import recommend

    sentence, strategy = recommend(view_of(*reports), Plan(NOW, units))  # type: ignore[arg-type] # see view_of
    return sentence, strategy.name


UNIT = Unit(
    "pvpc", "ree", "pvpc", None, Severity.CRITICAL, 24, (Request(DAY.start, DAY.end, (DAY,)),)
)


@pytest.mark.parametrize(
    "gaps,units,advice",
    [
        ((), (), ("Nothing is missing.", "none")),
        (
            (gap(State.UNFILLABLE),),
            (),
            ("No gap that a source could fill; no source has 24 slots.", "none"),
        ),
        ((gap(needs=NEEDS),), (), ("1 gap needs aemet_default or siar_default.", "setup")),
        (
            (gap(needs=NEEDS), gap(State.UNFILLABLE)),
            (),
            ("1 gap needs aemet_default or siar_default.", "setup"),
        ),
        (
            (gap(), gap(needs=NEEDS), gap(needs=NEEDS)),
            (UNIT,),
            (
                (
                    "1 gap is open: heal the last 2 days (0 calls, about a second). "
                    "2 gaps need aemet_default or siar_default."
                ),
                "backfill",
            ),
        ),
        (
            (gap(waiting=at("2026-03-09")), gap(needs=NEEDS)),
            (),
            (
                (
                    "1 gap is open, but no source can be asked before 2026-03-09T00:00:00Z: wait. "
                    "1 gap needs aemet_default or siar_default."
                ),
                "wait",
            ),
        ),
        (
            (gap(is_down=True),),
            (),
            ("1 gap is open, and none of its sources can be used.", "setup"),
        ),
    ],
)
def test_what_to_do_depends_on_the_cause(
    gaps: tuple[Gap, ...], units: tuple[Unit, ...], advice: tuple[str, str]
) -> None:
    """A key is no matter of waiting; and no source with the slot is no all-clear."""
    assert advised(report(*gaps), units=units) == advice


def test_a_source_that_cannot_be_used_comes_first() -> None:
    """Once, whichever series it serves."""
    broken = (UnusableSource("aemet", "aemet cannot be used: its connection is not JSON."),)
    reports = report(gap(needs=NEEDS), broken=broken), report(broken=broken)
    assert advised(*reports)[0] == (
        "aemet cannot be used: its connection is not JSON. "
        "1 gap needs aemet_default or siar_default."
    )


@pytest.mark.usefixtures("database")
def test_the_calendar_says_why_slots_are_missing() -> None:
    """By series, and for each gap."""
    from gapfill.webui import responses
    from gapfill.webui.request_models import SeriesQuery

    gaps = gap(needs=NEEDS, fields=("price_eur_mwh",)), gap(State.UNFILLABLE, 3)
    told = responses.coverage(view_of(report(*gaps)), SeriesQuery())  # type: ignore[arg-type] # see view_of
    (row,) = told.series
    assert (row.causes, row.needs) == ({"setup": 24, "none": 3}, list(NEEDS))
    assert row.required == ["price_eur_mwh"]
    assert (told.gaps_by_cause, told.gaps_open) == ({"setup": 1, "none": 1}, 1)
    found = [(g.cause, g.needs, g.fields) for g in told.gaps]
    assert found == [("setup", list(NEEDS), ["price_eur_mwh"]), ("none", [], [])]


def test_one_of_a_kind_is_told_in_the_singular() -> None:
    """One call; none and many are calls."""
    from gapfill.domain.formatting import count as counted

    told = [counted(n, "call") for n in (0, 1, 2000)]
    assert told == ["0 calls", "1 call", "2,000 calls"]
