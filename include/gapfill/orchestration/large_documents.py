"""What tasks pass on: small documents in XCom, large ones through the store with a reference.

A worker on another machine finds a stored document by its name, which is the hash of its text. So
an incomplete or changed document is an error, and a retry or another run can write the same one
again. A task that may not write, as in a dry run, puts the compressed document into the reference.
"""

from __future__ import annotations

import json
import logging
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from gapfill.errors import StoreError
from gapfill.services.ports import DocumentStore

LARGEST = 8192
"""Characters of JSON that XCom carries; people can read it in Airflow's UI."""

KEPT = timedelta(days=14)
"""The time for which a stored document can be read: so long a failed run can be cleared."""

_NAME = 32
"""Characters of a name: 128 bits of the hash."""

_STORED, _PACKED = "document", "packed"

log = logging.getLogger(__name__)


def pass_on(
    value: Any,  # noqa: ANN401 - any JSON
    about: Mapping[str, object],
    store: DocumentStore | None,
    now: datetime,
) -> Any:  # noqa: ANN401 - the same, or a reference
    """Return a document for XCom: itself if it is small, else a reference to it.

    Args:
        value: The document.
        about: What the reference says of it, such as counts.
        store: Keeps large documents; ``None`` if nothing may be written.
        now: The present moment.

    Raises:
        StoreError: If the store cannot save a large document.
    """
    text = json.dumps(value, separators=(",", ":"))
    if len(text) <= LARGEST:
        return value
    packed = b64encode(zlib.compress(text.encode())).decode()
    if store is None:
        return {_PACKED: packed, **about}
    name = _name(packed)
    store.save_document(name, packed, now)
    return {_STORED: name, **about}


def is_reference(value: object) -> bool:
    """Return whether a value of XCom refers to a document."""
    return isinstance(value, Mapping) and (_STORED in value or _PACKED in value)


def is_stored(value: object) -> bool:
    """Return whether a value of XCom refers to a document in the store."""
    return isinstance(value, Mapping) and _STORED in value


def link_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a reference without what it says of its document."""
    return {key: value[key] for key in (_STORED, _PACKED) if key in value}


def opened(value: Any, store: DocumentStore, now: datetime) -> Any:  # noqa: ANN401 - any JSON
    """Return the document that XCom carries or refers to.

    Raises:
        StoreError: If the store cannot be read, or does not have the whole document.
    """
    if not is_reference(value):
        return value
    packed = value.get(_PACKED)
    if packed is None:
        packed = _loaded(value[_STORED], store, now)
    return json.loads(zlib.decompress(b64decode(packed)))


def drop_old(store: DocumentStore, now: datetime) -> None:
    """Remove the documents of runs that are too old to be cleared; never fail the run."""
    try:
        store.drop_documents(now - KEPT)
    except StoreError as exc:
        log.warning("Old documents could not be removed; the next run tries again: %s", exc)


def _loaded(name: str, store: DocumentStore, now: datetime) -> str:
    packed = store.load_document(name, now - KEPT)
    if packed is None or _name(packed) != name:
        message = (
            f"The store no longer has the whole document {name} that an earlier task of this run "
            f"wrote; documents are kept for {KEPT.days} days. Clear detect_gaps of this run with "
            "its downstream tasks, or start a new run."
        )
        raise StoreError(message)
    return packed


def _name(packed: str) -> str:
    return sha256(packed.encode()).hexdigest()[:_NAME]
