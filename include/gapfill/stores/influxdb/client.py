"""The server of the InfluxDB store: questions, writes and deletions, each done or an error.

Reads are InfluxQL through ``/query``, which 1.x, 2.x and 3 answer. Writes are line protocol to
``/api/v2/write``. Temporary failures are retried here (``influxdb.retries``); other failures are
retried by the tasks.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import urllib3.exceptions
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException

from gapfill.stores.influxdb import errors
from gapfill.stores.influxdb.bucket import Bucket, read_bucket
from gapfill.stores.influxdb.config import InfluxConfig
from gapfill.stores.influxdb.first_contact import explain_unread, meet
from gapfill.stores.influxdb.influxql import QUESTION, packed
from gapfill.stores.influxdb.predicates import predicate, rfc3339
from gapfill.stores.influxdb.response import ResponseTable, error_of, tables_of
from gapfill.stores.influxdb.retries import Retries
from gapfill.stores.influxdb.transport_errors import unreached, without_certificate

LINES = 5000
"""Lines of a body: what InfluxData recommends, and about 500 kB before compression."""

GZIP_LEVEL = 6
"""Takes half the time of level 9, the official client's, for bodies that are 4 % larger."""

NO_CONTENT = 204


class InfluxClient:
    """A bucket, accessed through the official client, which is made when it is first needed.

    Attributes:
        access: The server and the bucket.
    """

    def __init__(self, access: InfluxConfig) -> None:
        self.access = access
        self._client: InfluxDBClient | None = None
        self._process = os.getpid()
        self._retries = Retries(access.longest_wait_s)
        self._is_reached = self._has_met = False
        self._version = ""

    def ask(self, statements: Sequence[str], epoch: str = "s") -> list[list[ResponseTable]]:
        """Return the tables of each statement, in as few requests as the statements' length allows.

        Args:
            statements: InfluxQL; its only variable parts are names of the catalogue, quoted.
            epoch: Unit of the times in the answer: ``s`` or ``ns``.

        Raises:
            StoreError: If a statement fails, also if an answer of status 200 says so.
            TooMuch: If the server refuses the size.
        """
        return self._ask(packed(statements), epoch)

    def ask_at_once(self, statements: Sequence[str], epoch: str = "s") -> list[list[ResponseTable]]:
        """Return the tables of each statement, in one request of any length.

        Raises:
            StoreError: As ``ask``.
        """
        return self._ask([statements], epoch)

    def _ask(self, parts: Iterable[Sequence[str]], epoch: str) -> list[list[ResponseTable]]:
        tables: list[list[ResponseTable]] = []
        for part in parts:
            try:
                tables += tables_of(self.access, self._query(part, epoch), part)
            except errors.NoDatabase as exc:
                raise explain_unread(self, exc) from exc
        if not self._has_met:
            self._has_met = True
            meet(self)
        return tables

    def ask_for_error(self, statement: str) -> str | None:
        """Return the error in the answer to a statement, ``None`` without one.

        Raises:
            StoreError: If there is no answer.
        """
        try:
            return error_of(self.access, self._query([statement], "s"))
        except errors.Invalid as exc:
            return str(exc)

    def get(self, path: str, query: Mapping[str, str]) -> object:
        """Return the JSON at a path of 2.x; ``None`` if the server does not have the path.

        A refusal gives an empty object: what a token may not read is unknown.

        Raises:
            StoreError: If there is no answer.
        """
        try:
            said, _, _ = self._call(path, "GET", list(query.items()))
        except errors.NoPath:
            return None
        except errors.Denied:
            return {}
        return said

    @property
    def database(self) -> tuple[str, str]:
        """Database and retention policy of the bucket in InfluxQL: 2.x splits ``db/rp``."""
        database, _, policy = self.access.bucket.partition("/")
        return database, policy

    @property
    def is_2(self) -> bool:
        """Whether the server has reported a version that is neither 1.x nor 3."""
        return bool(self._version) and not self._version.startswith(("1.", "3"))

    @cached_property
    def bucket(self) -> Bucket:
        """What the server says about the bucket, read once."""
        return read_bucket(self)

    def _query(self, statements: Sequence[str], epoch: str) -> object:
        database, policy = self.database
        query = [
            ("db", database),
            *([("rp", policy)] if policy else []),
            ("epoch", epoch),
            ("chunked", "true"),
        ]
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        text = "; ".join(statements)
        if len(text) <= QUESTION or len(statements) == 1:
            said, _, _ = self._call("/query", "GET", [*query, ("q", text)], header_params=headers)
            return said
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        form = [("q", text)]
        said, _, _ = self._call("/query", "POST", query, header_params=headers, post_params=form)
        return said

    def write(self, lines: Sequence[str], precision: str = "s") -> None:
        """Write lines, 5,000 at once; a body that is refused for its size is sent in halves.

        Raises:
            PartialWrite: If the server refused some of the lines; all others are written.
            StoreError: If a body failed; the bodies before it are written.
        """
        refused: errors.PartialWrite | None = None
        for start in range(0, len(lines), LINES):
            try:
                self._write(lines[start : start + LINES], precision)
            except errors.PartialWrite as exc:
                refused = refused or exc
        if refused:
            raise refused

    def write_nothing(self) -> None:
        """Send a comment, which the server refuses if the token may not write.

        Raises:
            StoreError: If the server refuses it.
        """
        self._write(["#"], "s")

    def delete(self, measurement: str, tags: Mapping[str, str], first: int, last: int) -> None:
        """Delete the points that have these tags, and perhaps others, at ``[first, last]`` ns.

        For some versions the end is the first instant outside, for others the last one inside. One
        nanosecond more is right for both.

        Raises:
            StoreError: If it failed.
        """
        query = [("org", self.access.org), ("bucket", self.access.bucket)]
        body = {
            "start": rfc3339(first),
            "stop": rfc3339(last + 1),
            "predicate": predicate(measurement, tags),
        }
        self._expect_nothing(self._call("/api/v2/delete", "POST", query, body=body))

    def close(self) -> None:
        """Close connections."""
        if self._client is not None and self._process == os.getpid():
            self._client.close()  # type: ignore[no-untyped-call]
        self._client = None

    def _write(self, lines: Sequence[str], precision: str) -> None:
        query = [
            ("org", self.access.org),
            ("bucket", self.access.bucket),
            ("precision", precision),
        ]
        headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Encoding": "gzip"}
        body = gzip.compress("\n".join(lines).encode(), GZIP_LEVEL)
        try:
            answer = self._call("/api/v2/write", "POST", query, body=body, header_params=headers)
        except errors.TooMuch:
            if len(lines) == 1:
                raise
        else:
            self._expect_nothing(answer)
            return
        half, refused = len(lines) // 2, None
        for part in (lines[:half], lines[half:]):
            try:
                self._write(part, precision)
            except errors.PartialWrite as exc:
                refused = refused or exc
        if refused:
            raise refused

    def _call(
        self,
        path: str,
        method: str,
        query: list[tuple[str, str]],
        **more: object,
    ) -> tuple[object, int, Mapping[str, str]]:
        """Return the server's answer, its status and headers; a failure raises a sentence.

        Temporary refusals are retried.
        """
        return self._retries.persist(lambda: self._call_once(path, method, query, **more))

    def _call_once(
        self,
        path: str,
        method: str,
        query: list[tuple[str, str]],
        **more: object,
    ) -> tuple[object, int, Mapping[str, str]]:
        access, failure = self.access, None
        try:
            answer = self._api().call_api(
                path, method, query_params=query, auth_settings=[], response_type="object", **more
            )
        except ApiException as exc:
            if exc.status:
                body = (
                    exc.body.decode(errors="replace") if isinstance(exc.body, bytes) else exc.body
                )
                failure = errors.of_status(access, path, exc.status, body, exc.headers or {})
            else:
                failure = without_certificate(access, str(exc.reason))
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
            failure = unreached(access, exc, was_reached=self._is_reached)
        else:
            self._is_reached = True
            self._version = str(answer[2].get("X-Influxdb-Version") or "").removeprefix("v")
            said: tuple[object, int, Mapping[str, str]] = answer
            return said
        raise failure  # outside of except: the client's error contains the request's headers

    def _api(self) -> Any:  # noqa: ANN401 - the client has no types of its own
        if self._client is None or self._process != os.getpid():  # forks share no connection
            access = self.access
            self._process = os.getpid()
            self._client = InfluxDBClient(
                access.url,
                access.token,
                org=access.org,
                timeout=int(access.timeout_s * 1000),
                ssl_ca_cert=access.ca_bundle,
            )
        return self._client.api_client

    def _expect_nothing(self, answer: tuple[object, int, Mapping[str, str]]) -> None:
        said, status, _ = answer
        if status != NO_CONTENT:
            words = " ".join(str(said or "").split())[: errors.EXCERPT]
            what = f"the server answered {status} ({words}), but InfluxDB answers {NO_CONTENT}"
            raise errors.problem(self.access, what, f"check host and port of {self.access.conn_id}")
