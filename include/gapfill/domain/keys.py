"""The composite keys in stores and between tasks: only this module builds and parses them.

A name of the catalogue has letters, digits and ``_`` only, so the separators cannot be in it.
Ids of stations and runs come from other systems and can contain any character.
"""

from __future__ import annotations

import re
from typing import NamedTuple

TIDY = "tidy"
"""The command whose batches hold the values that ``tidy`` removed."""


class ProductKey(NamedTuple):
    """A product: ``source.name``, unique in the catalogue."""

    source: str
    name: str

    def __str__(self) -> str:
        """Return the key as stored in the ledger."""
        return f"{self.source}.{self.name}"

    @classmethod
    def parse(cls, text: str) -> ProductKey:
        """Return the key of a text; the name is empty if the text has none."""
        source, _, name = text.partition(".")
        return cls(source, name)

    @staticmethod
    def prefix(source: str) -> str:
        """Return the prefix of the keys of all products of a source."""
        return f"{source}."


class UnitId(NamedTuple):
    """Identifies a unit within its plan; stable over retries.

    Attributes:
        series: Catalogue name.
        product: The product asked.
        station: Station asked, ``None`` if the product has none.
        span: From the first slot to the end of the last one.
        added: Its fields, if it does not ask for all of them.
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
        """Return the key as stored beside each value, ``run/unit``."""
        return f"{self.prefix(self.run)}{self.unit}"

    @classmethod
    def parse(cls, text: str) -> BatchId | None:
        """Return the key of a text, ``None`` for a batch without a unit, such as an import."""
        found = _BATCH.fullmatch(text)
        if found is None:
            return None
        added = tuple(found["added"].split("+")[1:])
        product = ProductKey(found["source"], found["product"])
        unit = UnitId(found["series"], product, found["station"], found["span"], added)
        return cls(found["run"], unit)

    @staticmethod
    def prefix(run: str) -> str:
        """Return the prefix of the ids of all batches of a run."""
        return f"{run}/"


_BATCH = re.compile(
    r"(?P<run>.+)/(?P<series>\w+):(?P<source>\w+)\.(?P<product>\w+)(?:@(?P<station>.+))?"
    r":(?P<span>[^:+]*)(?P<added>(?:\+\w+)*)",
    re.DOTALL,
)


class AccountKey(NamedTuple):
    """One key at one source, under which its rate is stored: ``source#account``."""

    source: str
    account: str

    def __str__(self) -> str:
        """Return the key as stored."""
        return f"{self.source}#{self.account}"

    @classmethod
    def parse(cls, text: str) -> AccountKey | None:
        """Return the key of a text, ``None`` for another subject, such as a source."""
        source, mark, account = text.partition("#")
        return cls(source, account) if mark else None


def run_of(batch: str) -> str:
    """Return the run of a batch; a batch without a unit is its own run."""
    key = BatchId.parse(batch)
    return key.run if key else batch


def command_of(batch: str) -> str:
    """Return the command that made a batch without a unit, such as ``import``."""
    return batch.partition("__")[0]
