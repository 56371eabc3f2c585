"""JSON models of the sources, for the CLI and the API."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from gapfill.reporting.models import Document

SourceStateWord = Literal["up", "down", "refused", "setup", "paused", "broken", "not_asked"]


class ProductObstacleOut(Document):
    """A product that cannot be asked as it is set up."""

    product: str
    needs: str = Field(description="connection or setting that would set it up; may be empty")
    reason: str


class SourceOut(Document):
    """What is known of a source."""

    source: str
    title: str
    connection: str
    state: SourceStateWord = Field(
        description="`not_asked`: it can be asked, and was not in the last 24 hours"
    )
    sentence: str
    series: list[str] = Field(description="series whose route names it")
    not_set_up: list[ProductObstacleOut]
    last_answer: datetime | None = Field(description="within 24 hours")
    down_since: datetime | None = Field(description="first failure in a row, within 24 hours")
    error: str = Field(description="why the last request failed; empty if it did not")
    refused_until: datetime | None
    refusal: str
    calls: int = Field(description="of the last 24 hours")
    calls_left: int | None = Field(description="of its quota; null for none")
    records_left: int | None = Field(description="of the account's day; null if not known")
    per_minute: float | None = Field(
        description="calls a minute that Gapfill makes at most; null if it is not an API"
    )
    is_learned: bool = Field(description="refusals taught a lower rate than the catalogue has")


class SourcesOut(Document):
    """What is known of every source."""

    now: datetime
    sources: list[SourceOut]
