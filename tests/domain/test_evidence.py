"""What the evidence of a ledger line proves: its code, or the sentence of an earlier build."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gapfill.domain.evidence import EvidenceKind, read_kind
from gapfill.domain.ledger import Outcome, exclusions_from, key_refused
from tests.domain.samples import HOUR, at, entry, span

GAP = span("2025-10-01", "2025-10-02")


@pytest.mark.parametrize(
    "evidence, kind",
    [
        ("values that cannot be believed", "not_believed"),
        ("values that cannot be believed: price_eur_mwh '1e9' is outside", "not_believed"),
        ("the key was refused: ree pvpc for pvpc", "key_refused"),
        ("the key was refused 2 times in this run; correct connection ree_default", "key_refused"),
        ("a published day is without it", "partial_day"),
        ("HTTP 200: values that cannot be believed", "other"),
        ("The key was refused", "other"),
        ("", "other"),
    ],
)
@pytest.mark.parametrize("stored", [None, ""])
def test_the_sentence_of_an_earlier_build_gives_the_kind(
    stored: str | None, evidence: str, kind: str
) -> None:
    """As that build decided by how it begins."""
    assert read_kind(stored, evidence).value == kind


@pytest.mark.parametrize("kind", ["not_believed", "key_refused", "partial_day", "other"])
def test_a_stored_kind_counts_whatever_the_sentence_says(kind: str) -> None:
    """A sentence may be corrected at any time."""
    assert read_kind(kind, "values that cannot be believed").value == kind


def test_the_kind_of_a_later_build_decides_nothing() -> None:
    """Its outcome is read all the same."""
    assert read_kind("eclipsed", "the key was refused") is EvidenceKind.OTHER


def test_values_are_doubted_by_their_kind_alone() -> None:
    """The third such answer counts as "no data", in whatever words it was noted."""
    failed = [
        replace(entry(GAP, f"2025-10-0{day}", Outcome.FAILED), evidence="nonsense")
        for day in (2, 3, 4)
    ]
    doubted = [replace(e, evidence_kind=EvidenceKind.NOT_BELIEVED) for e in failed]
    (ruling,) = exclusions_from(doubted).items
    assert (ruling.count, ruling.until) == (1, at("2025-10-05"))
    assert (
        exclusions_from(
            [replace(e, evidence="values that cannot be believed") for e in failed]
        ).items
        == ()
    )


def test_a_refused_key_is_known_by_its_kind_alone() -> None:
    """What could not be reached for another reason is not one."""
    unreached = entry(GAP, "2025-10-02", Outcome.UNREACHED)
    refused = replace(unreached, evidence_kind=EvidenceKind.KEY_REFUSED)
    assert key_refused([refused], at("2025-10-02") + HOUR) == [GAP]
    words = replace(unreached, evidence="the key was refused")
    assert key_refused([words], at("2025-10-02") + HOUR) == []
