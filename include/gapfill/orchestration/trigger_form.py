"""The trigger form of ``gap_detection``: its fields, their order and their help texts.

Dates come first and in no section, because Airflow's UI folds sections. ``params`` says
what the fields mean and refuses what makes no sense.
"""

from __future__ import annotations

from airflow.sdk import Param
from airflow.sdk.definitions.param import ParamsDict

SOURCES_SHOWN = (
    "all",
    "ree",
    "weather",
    "series:pvpc",
    "series:weather_hourly",
    "series:weather_daily",
)
"""What the form proposes for ``data_source``. Another catalogue's names may be typed in: to
read it here would cost every parsing of the DAG file."""


def trigger_form() -> ParamsDict:
    """Return the fields in the order of the form."""
    fields = {
        "start_date": Param(
            None,
            title="First day (start_date)",
            description="Local day (Europe/Madrid). Leave both dates empty for the whole history.",
            type=["null", "string"],
            format="date",
        ),
        "end_date": Param(
            None,
            title="Last day (end_date)",
            description="Local day; that day is included.",
            type=["null", "string"],
            format="date",
        ),
        "data_source": Param(
            "all",
            type="string",
            title="What (data_source)",
            examples=list(SOURCES_SHOWN),
            description="all, a group (ree, weather) or one series as series:NAME.",
        ),
        "days_back": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=3650,
            title="Days back (days_back)",
            description="Instead of dates: from local midnight so many days ago on, with what is "
            "published ahead.",
        ),
        "max_gap_hours": Param(
            0,
            type="number",
            minimum=0,
            title="Only gaps longer than, hours (max_gap_hours)",
            description="0 takes all gaps, and also upgrades provisional values.",
        ),
        "dry_run": Param(
            default=False,
            title="Dry run (dry_run)",
            description="Stop at the plan: it is shown, nobody is asked, nothing is written.",
            type="boolean",
        ),
        "force": Param(
            default=False,
            title="Ask again what was not there (force)",
            description="Ask again now what sources have said they do not have.",
            type="boolean",
        ),
        "refresh": Param(
            default=False,
            title="Ask again what is complete (refresh)",
            description="Ask again what is complete, for values corrected since. Needs a range.",
            type="boolean",
        ),
    }
    return ParamsDict(fields)
