"""What is said when some series can be read and another cannot."""

from __future__ import annotations

import pytest

from gapfill import catalog
from gapfill.domain.coverage import Coverage, unknown
from gapfill.domain.plan import Plan
from gapfill.domain.series import State
from gapfill.errors import StoreError
from gapfill.services.detect import Report
from tests.domain.samples import at, span

pytestmark = pytest.mark.airflow

NOW = at("2026-03-03")
READ = Report("pvpc", Coverage(span("2026-03-01", "2026-03-02"), dict.fromkeys(State, 0), 24, ()))
FAILED = Report(
    "weather_hourly",
    unknown(catalog.load().series["weather_hourly"], span("2026-03-01", "2026-03-02")),
    error="the disk is gone",
)


def view_of(*reports: Report) -> object:
    """Return a look that found these."""
    from gapfill.webui.lookout import View

    return View(NOW, catalog.load(), reports)


@pytest.mark.usefixtures("database")
def test_a_series_that_cannot_be_read_is_unknown_on_the_calendar() -> None:
    """The others are drawn, and the whole is not well."""
    from gapfill.webui import documents

    told = documents.coverage(view_of(READ, FAILED))  # type: ignore[arg-type] # see view_of
    assert told.state == "unknown"
    assert told.series[0].days == [(1, "23c"), (1, "1c")]
    assert told.series[1].days == [(1, "23x"), (1, "1x")]
    assert told.series[1].error == "the disk is gone"


@pytest.mark.usefixtures("database")
def test_the_summary_is_no_all_clear_while_a_series_cannot_be_read() -> None:
    """What is known is told; what is not has no numbers, and nothing is recommended."""
    from gapfill.webui import documents

    told = documents.summary(view_of(READ, FAILED), Plan(NOW, ()))  # type: ignore[arg-type] # see view_of
    assert told.state == "unknown"
    assert (told.ree_data.status, told.ree_data.gap_hours, told.ree_data.gaps) == ("ok", 0, 0)
    weather = told.weather_data
    assert (weather.status, weather.gap_hours, weather.gaps) == ("unknown", None, None)
    assert [series.state for series in told.series] == ["ok", "unknown"]
    assert (told.series[1].error, told.series[1].missing_hours) == ("the disk is gone", None)
    assert told.strategy.name == "wait"
    assert told.recommendation == (
        "weather_hourly could not be read: the disk is gone. "
        "Mend that first: until then no run over all series can be started."
    )


@pytest.mark.usefixtures("database")
def test_what_cannot_be_read_is_among_the_gaps() -> None:
    """So a list without gaps is always an all-clear."""
    from gapfill.webui import documents

    told = documents.detected(view_of(READ, FAILED), Plan(NOW, ()), 10)  # type: ignore[arg-type] # see view_of
    assert (told.ree_gaps, [gap.state for gap in told.weather_gaps]) == ([], ["unknown"])
    assert told.errors == ["weather_hourly could not be read: the disk is gone"]
    assert told.strategy.name == "wait"


@pytest.mark.usefixtures("database")
def test_where_nothing_can_be_read_there_is_nothing_to_tell() -> None:
    """It is the reason that is told."""
    from gapfill.webui import documents

    view = view_of(FAILED)
    with pytest.raises(StoreError, match="weather_hourly could not be read: the disk is gone"):
        documents.summary(view, Plan(NOW, ()))  # type: ignore[arg-type] # see view_of
    with pytest.raises(StoreError):
        documents.detected(view, Plan(NOW, ()), None)  # type: ignore[arg-type] # see view_of
    with pytest.raises(StoreError):
        documents.coverage(view)  # type: ignore[arg-type] # see view_of


def test_one_of_a_kind_is_told_in_the_singular() -> None:
    """One call; none and many are calls."""
    from gapfill.domain.wording import count as counted

    told = [counted(n, "call") for n in (0, 1, 2000)]
    assert told == ["0 calls", "1 call", "2,000 calls"]
