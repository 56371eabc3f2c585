"""JSON models of reports on series, gaps and slots, for the CLI, the API and XCom.

Each model names its keys in order and reads them from the attributes of its object. Keys are
contracts: a release may add keys, but not remove any.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field

from gapfill.domain.grid import Grid
from gapfill.domain.reading import format_kept
from gapfill.domain.series import Series
from gapfill.domain.severity import SeverityWord
from gapfill.services.detection import Report

OverallWord = Literal["ok", "gaps", "unknown"]
GapStateWord = Literal["missing", "unfillable", "unknown"]
CauseWord = Literal["askable", "down", "setup", "waiting", "none", "unread"]


class Document(BaseModel):
    """Base of all models; pydantic builds each on first use, as a command needs few."""

    model_config = ConfigDict(from_attributes=True, defer_build=True, validate_by_name=True)


def attribute(*path: str) -> Any:  # noqa: ANN401 - what Field returns
    """Return the metadata of a field that comes from an attribute of an attribute."""
    return Field(validation_alias=AliasPath(path[0], *path[1:]))


def resolution(grid: Grid) -> str:
    """Return the newest spacing of a grid as ISO 8601."""
    seconds = int(grid.eras[-1].step.total_seconds())
    for size, before, letter in ((86400, "P", "D"), (3600, "PT", "H"), (60, "PT", "M")):
        if seconds % size == 0:
            return f"{before}{seconds // size}{letter}"
    return f"PT{seconds}S"


Start = Annotated[datetime, attribute("interval", "start")]
End = Annotated[datetime, attribute("interval", "end")]
SeverityOf = Annotated[SeverityWord, BeforeValidator(lambda s: getattr(s, "label", s))]


class SeriesReport(NamedTuple):
    """A series and its report."""

    series: Series
    report: Report


Name = Annotated[str, attribute("series", "name")]
Group = Annotated[str, attribute("series", "group")]
Resolution = Annotated[str, BeforeValidator(resolution), attribute("series", "grid")]
Earliest = Annotated[datetime, attribute("series", "earliest")]
Newest = Annotated[datetime | None, attribute("report", "newest")]
Slots = Annotated[dict[str, int], attribute("report", "coverage", "counts")]
Coverage = Annotated[float | None, attribute("report", "coverage", "coverage")]
Usable = Annotated[float | None, attribute("report", "coverage", "usable")]
Error = Annotated[str | None, attribute("report", "error")]
"""Facts of a ``SeriesReport``."""


class FlawOut(Document):
    """A stored value that does not count."""

    at: Annotated[datetime, attribute("instant")]
    field: str
    value: str = Field(description="what is stored there, as text")


class FlawsOut(Document):
    """The stored values of a series that do not count."""

    values: int = Field(description="not finite, not a number, or outside the field's bounds")
    not_numbers: int = Field(description="how many of them are not numbers")
    first: FlawOut | None


class AheadOut(Document):
    """The points of a series after the last expected slot."""

    points: int
    newest: datetime


Flaws = Annotated[FlawsOut | None, attribute("report", "flaws")]
Ahead = Annotated[AheadOut | None, attribute("report", "ahead")]
Warnings = Annotated[list[str], attribute("report", "warnings")]


class GapFacts(Document):
    """A run of slots that are missing, for one reason."""

    start: Start
    end: End
    slots: int
    hours: Annotated[float, attribute("interval", "hours")]
    severity: SeverityOf
    state: GapStateWord
    waiting: datetime | None = None
    next_ask: datetime | None = None
    reason: str = ""
    needs: list[str] = Field(
        default=[], description="connections and settings that are not set up; one of them would do"
    )
    fields: list[str] = Field(default=[], description="the required fields that are missing")


class SeriesFacts(Document):
    """A series in ``status --json``."""

    series: Name
    group: Group
    resolution: Resolution
    earliest: Earliest
    newest: Newest
    slots: Slots
    coverage: Coverage
    usable: Usable
    gaps: Annotated[list[GapFacts], attribute("report", "coverage", "gaps")]
    error: Error
    warnings: Warnings
    flaws: Flaws
    ahead: Ahead


class Store(Document):
    """The location of a store."""

    kind: str
    where: str


class StatusOut(Document):
    """The document of ``status --json``."""

    now: datetime
    store: Store | None
    state: OverallWord
    series: list[SeriesFacts]


class RowOut(Document):
    """One slot in the store."""

    values: dict[str, float]
    grade: Annotated[str, attribute("grade", "label")]
    source: str | None
    batch: str | None
    kept: Annotated[str | None, BeforeValidator(format_kept)] = Field(
        description="fields from another source than the row's: field:source:grade"
    )


class OpinionOut(Document):
    """The assessment of one candidate for a slot."""

    candidate: str
    standing: Annotated[str, attribute("eligibility")]
    until: datetime | None
    sentence: str


class ExplainOut(Document):
    """All facts about one slot."""

    series: str
    slot: datetime
    state: Annotated[str, BeforeValidator(lambda state: state or "not_expected")]
    sentence: str
    row: RowOut | None
    candidates: Annotated[list[OpinionOut], attribute("opinions")]
    next: str
