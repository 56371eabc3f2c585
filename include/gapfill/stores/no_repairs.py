"""The port of repairs for a store that needs none: it has transactions and typed columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gapfill.domain.series import Series
from gapfill.domain.unfinished_removal import Unfinished
from gapfill.errors import RequestError
from gapfill.services.ports import Restored, WrongType


class NoRepairs:
    """See ``services.ports.RepairStore``."""

    def wrong_types(self, series: Series, names: Sequence[str]) -> list[WrongType]:  # noqa: ARG002 - of the port
        """Return nothing: a column takes numbers of every type."""
        return []

    def retype(
        self,
        series: Series,  # noqa: ARG002 - of the port
        wrong: Sequence[WrongType],  # noqa: ARG002 - of the port
        save: Callable[[str], None],  # noqa: ARG002 - of the port
        file: str = "",  # noqa: ARG002 - of the port
    ) -> int:
        """Do nothing: there is nothing to change."""
        return 0

    def restore(self, said: str, *, overwrite: bool = False) -> Restored:  # noqa: ARG002 - of the port
        """Refuse a file that was saved from another kind of store.

        Raises:
            RequestError: Always.
        """
        message = (
            "The file was saved from an InfluxDB, and the connection gapfill_store names an "
            "embedded store; name the InfluxDB there."
        )
        raise RequestError(message)

    def unfinished(self) -> list[Unfinished]:
        """Return nothing: a transaction is complete or has no effect."""
        return []
