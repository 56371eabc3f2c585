"""The parameters of a run: each one once, with its default, bounds and texts.

The trigger form, the routes and the command line take their fields from here, and the conf of
every run is checked here. With a catalogue, the parameters become a ``RunRequest``. DAG files
import this when they are parsed, so it imports little.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

MAX_DAYS_BACK = 3650
"""Ten years; use a range of dates for an earlier start."""

_DATE = "a date such as 2025-10-26"
_DAY = {"type": ["null", "string"], "format": "date"}


class Parameter(NamedTuple):
    """Facts of a parameter that the form, the routes and the command line share.

    Attributes:
        default: Its default.
        schema: Its JSON schema, with its heading in the trigger form.
        form: Its text in the trigger form.
        route: Its text in the description of the routes.
        option: Its text on the command line, if there is such an option.
        expected: The expected value, for the error about a refused one.
    """

    default: object
    schema: Mapping[str, Any]
    form: str
    route: str
    option: str = ""
    expected: str = "true or false"


def _of(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - as Parameter takes them; of any field
    return Parameter(*args, **more)


class RunParams(NamedTuple):
    """The parameters of a run, in the order of the trigger form; ``read_params`` makes them.

    A tuple, because to make a data class takes three times as long at each parse of a DAG file.
    """

    start_date: str | None = _of(
        None,
        {"title": "First day (start_date)", **_DAY},
        "Local day (Europe/Madrid). Leave both dates empty for the whole history.",
        "First local day, such as 2025-10-26.",
        expected=_DATE,
    )
    end_date: str | None = _of(
        None,
        {"title": "Last day (end_date)", **_DAY},
        "Local day; that day is included.",
        "Last local day; that day is included.",
        expected=_DATE,
    )
    data_source: str = _of(
        "all",
        {"type": "string", "title": "What (data_source)"},
        "all, a group (ree, weather) or one series as series:NAME.",
        "all, a group, or one series as series:NAME.",
        expected="all, a group, or one series as series:NAME",
    )
    days_back: int | None = _of(
        None,
        {
            "type": ["null", "integer"],
            "minimum": 1,
            "maximum": MAX_DAYS_BACK,
            "title": "Days back (days_back)",
        },
        "Instead of dates: from local midnight this number of days ago, with what is published "
        "ahead.",
        f"Instead of dates, from this number of days ago: 1 to {MAX_DAYS_BACK}.",
        expected=f"a whole number from 1 to {MAX_DAYS_BACK}",
    )
    max_gap_hours: float = _of(
        0,
        {"type": "number", "minimum": 0, "title": "Only gaps longer than, hours (max_gap_hours)"},
        "0 selects all gaps and also upgrades provisional values.",
        "Only gaps longer than this.",
        "Only gaps longer than this; above 0 no upgrades.",
        "a number of hours, 0 or more",
    )
    dry_run: bool = _of(
        default=False,
        schema={"title": "Dry run (dry_run)", "type": "boolean"},
        form="Stop at the plan: it is shown, no source is asked, nothing is written.",
        route="Stop after the plan: call no API.",
    )
    force: bool = _of(
        default=False,
        schema={"title": "Ask again for slots without data (force)", "type": "boolean"},
        form="Ask again now for slots that sources do not have.",
        route="Ask again for slots that sources do not have.",
        option="Ask again for slots that a source does not have.",
    )
    refresh: bool = _of(
        default=False,
        schema={"title": "Ask again for complete slots (refresh)", "type": "boolean"},
        form="Ask again for complete slots, whose values may have been corrected. Needs a range.",
        route="Ask again for complete slots.",
        option="Ask again for complete slots; needs a range.",
    )


PARAMETERS: Mapping[str, Parameter] = RunParams._field_defaults
DEFAULTS: Mapping[str, object] = {name: one.default for name, one in PARAMETERS.items()}
"""Parameters of a scheduled run."""


def read_params(params: Mapping[str, Any]) -> RunParams:
    """Return the parameters of a run; absent ones have their defaults.

    Raises:
        RequestError: With a sentence for the person who gave them.
    """
    from gapfill.errors import RequestError  # noqa: PLC0415 - parsing a DAG stays quick

    given = {name: params[name] for name in params}  # Airflow's own mapping has other items
    for name in given:
        if name not in PARAMETERS:
            raise RequestError(f"There is no parameter {name!r}; known: {', '.join(PARAMETERS)}.")
    for name, value in given.items():
        if not _fits(value, PARAMETERS[name].schema):
            said = repr(value[:40] if isinstance(value, str) else value)
            raise RequestError(f"{name} is {said}: expected {PARAMETERS[name].expected}.")
    return RunParams(**{**DEFAULTS, **given})


_TYPES: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:  # noqa: ANN401 - any value of a program
    null, kind = schema["type"] if isinstance(schema["type"], list) else ("", schema["type"])
    if value is None:
        return bool(null)
    if not isinstance(value, _TYPES[kind]) or isinstance(value, bool) != (kind == "boolean"):
        return False
    if kind in ("integer", "number"):
        most: float = schema.get("maximum", sys.float_info.max)
        return bool(schema["minimum"] <= value <= most)
    return "format" not in schema or _is_date(value)


def _is_date(text: str) -> bool:
    """Return whether a text is a date as the form writes it; Python's parser accepts others too."""
    try:
        return bool(re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) and date.fromisoformat(text))
    except ValueError:
        return False
