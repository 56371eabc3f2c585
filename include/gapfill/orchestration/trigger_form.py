"""The trigger form of ``gap_detection``, made from ``run_params``.

The dates come first and outside of any section, because Airflow's UI folds sections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Param
from airflow.sdk.definitions.param import ParamsDict

from gapfill.services.run_params import PARAMETERS

if TYPE_CHECKING:
    from gapfill.services.run_params import Parameter

SOURCES_SHOWN = (
    "all",
    "ree",
    "weather",
    "series:pvpc",
    "series:weather_hourly",
    "series:weather_daily",
)
"""Values that the form suggests for ``data_source``. Names of another catalogue can be typed in:
reading the catalogue here would slow down every parsing of the DAG file."""


def trigger_form() -> ParamsDict:
    """Return the fields in the order of the form."""
    return ParamsDict({name: _field(name, given) for name, given in PARAMETERS.items()})


def _field(name: str, given: Parameter) -> Param:
    shown = {"examples": list(SOURCES_SHOWN)} if name == "data_source" else {}
    schema: dict[str, Any] = {**given.schema, **shown}
    return Param(given.default, given.form, **schema)
