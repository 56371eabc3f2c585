"""The bytes of a CSV file, whichever program wrote them."""

from __future__ import annotations

import codecs

import pytest

from gapfill.services.csv_import.text import decode


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + "slot;é".encode(),
        "slot;é".encode("utf-16"),
        codecs.BOM_UTF16_BE + "slot;é".encode("utf-16-be"),
        "slot;é".encode("utf-16-le"),
        "slot;é".encode("utf-16-be"),
        "slot;é".encode(),
        "slot;é".encode("cp1252"),
    ],
    ids=["utf-8 mark", "utf-16", "utf-16 be", "le", "be", "utf-8", "cp1252"],
)
def test_a_text_is_decoded_by_its_mark_or_by_its_bytes(data: bytes) -> None:
    """The encodings that spreadsheets write."""
    assert decode(data, "file").lstrip("\ufeff") == "slot;é"
