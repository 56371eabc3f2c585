"""The port of documents that tasks pass on: reports and plans that are too large for Airflow."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class DocumentStore(Protocol):
    """Texts by name. A name is the hash of its text, so a second save changes nothing."""

    def save_document(self, name: str, text: str, at: datetime) -> None:
        """Save a document, at once or not at all, or so that the reader can detect a part.

        Args:
            name: The hash of the text: ASCII letters and digits.
            text: ASCII, of any length.
            at: The present moment, from which its age counts.
        """

    def load_document(self, name: str, since: datetime) -> str | None:
        """Return a document that was saved at ``since`` or later, ``None`` for none.

        After a kill it may be incomplete: the reader compares its hash with its name.
        """

    def drop_documents(self, before: datetime) -> None:
        """Remove the documents that were saved before an instant."""
