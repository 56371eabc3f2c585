"""The composite keys in stores and between tasks: each is built and parsed here, and only here.

A name of the catalogue has letters, digits and ``_`` only, so the separators cannot be in it.
The station's id and a run's name are of others, and may have anything in them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

TIDY = "tidy"
"""The command whose batches hold what ``tidy`` has removed."""


class ProductKey(NamedTuple):
    """A product: ``source.name``, unique in the catalogue."""

    source: str
    name: str

    def __str__(self) -> str:
        """Return it as the ledger has it."""
        return f"{self.source}.{self.name}"

    @classmethod
    def parse(cls, text: str) -> ProductKey:
        """Return the product of a text; its name is empty where there is none."""
        source, _, name = text.partition(".")
        return cls(source, name)

    @staticmethod
    def prefix(source: str) -> str:
        """Return how the keys of all products of a source begin."""
        return f"{source}."


class UnitId(NamedTuple):
    """What tells a unit from every other one of its plan, stable over retries.

    Attributes:
        series: Catalogue name.
        product: The product asked.
        station: Station asked, ``None`` where the product has none.
        span: The first slot and the end of the last one.
        added: Fields, where it is not asked for all of them.
    """

    series: str
    product: ProductKey
    station: str | None
    span: str
    added: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return ``series:source.product@station:span+field``."""
        station = f"@{self.station}" if self.station else ""
        added = "".join(f"+{field}" for field in self.added)
        return f"{self.series}:{self.product}{station}:{self.span}{added}"


class BatchId(NamedTuple):
    """The batch of a unit in a run."""

    run: str
    unit: UnitId

    def __str__(self) -> str:
        """Return it as it is written beside each value, ``run/unit``."""
        return f"{self.prefix(self.run)}{self.unit}"

    @classmethod
    def parse(cls, text: str) -> BatchId | None:
        """Return the key of a text, ``None`` for a batch of no unit, such as of an import."""
        found = _BATCH.fullmatch(text)
        if found is None:
            return None
        added = tuple(found["added"].split("+")[1:])
        product = ProductKey(found["source"], found["product"])
        unit = UnitId(found["series"], product, found["station"], found["span"], added)
        return cls(found["run"], unit)

    @staticmethod
    def prefix(run: str) -> str:
        """Return how the ids of all batches of a run begin."""
        return f"{run}/"


_BATCH = re.compile(
    r"(?P<run>.+)/(?P<series>\w+):(?P<source>\w+)\.(?P<product>\w+)(?:@(?P<station>.+))?"
    r":(?P<span>[^:+]*)(?P<added>(?:\+\w+)*)",
    re.DOTALL,
)


class AccountKey(NamedTuple):
    """One key at one source, under which its pace is kept: ``source#account``."""

    source: str
    account: str

    def __str__(self) -> str:
        """Return it as the store has it."""
        return f"{self.source}#{self.account}"

    @classmethod
    def parse(cls, text: str) -> AccountKey | None:
        """Return the key of a text, ``None`` for another subject, such as a source."""
        source, mark, account = text.partition("#")
        return cls(source, account) if mark else None


def run_of(batch: str) -> str:
    """Return the run of a batch; one of no unit is its own."""
    key = BatchId.parse(batch)
    return key.run if key else batch


def command_of(batch: str) -> str:
    """Return which command made a batch of no unit, such as ``import``."""
    return batch.partition("__")[0]
